// Definitions and records have no leaf, so no trigger refuses them: one that has waited for the switch of a move must not be
// lost.

import { expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const HERE = 'https://here.example.com';
const ITEM = '10000000-0000-4000-8000-000000000001';
const document = {
  name: 'yellow_dot',
  domains: [{ name: 'student', item_schemas: { p: { type: 'object' } } }],
  instances: [],
  actions: {},
};
const definitions = [
  `dpg.define_network('yellow_dot', '{"max_items_per_owner": 3}')`,
  `dpg.define_item('yellow_dot', 'student', '[{"status": "gone"}]')`,
  `dpg.define_search('yellow_dot', 'student', 'p', '{name}')`,
  `dpg.define_action('yellow_dot', 'connect', '[]')`,
  `dpg.register_network('${JSON.stringify(document)}')`,
  `dpg.unregister_network('yellow_dot')`,
];

/** Of another instance, and the same update once more, as it was done anew there. */
const event = (changes: object = {}) => ({
  partition_network: 'yellow_dot',
  action_type: 'connect',
  event_id: '40000000-0000-4000-8000-000000000001',
  origin_instance_domain: 'https://far.example.com',
  action_id: '30000000-0000-4000-8000-000000000001',
  action_status: 'created',
  update_count: 0,
  source_item_network: 'yellow_dot',
  source_item_domain: 'student',
  source_item_type: 'p',
  source_item_id: ITEM,
  source_item_instance_url: HERE,
  source_item_owner: 'asha',
  target_item_network: 'yellow_dot',
  target_item_domain: 'tutor',
  target_item_type: 'p',
  target_item_id: '10000000-0000-4000-8000-000000000009',
  target_item_instance_url: 'https://far.example.com',
  target_item_owner: 'zoe',
  event_payload: {},
  created_at: '2026-01-02T03:04:05Z',
  ...changes,
});
const anew = (last: number) =>
  event({ event_id: `50000000-0000-4000-8000-00000000000${last}`, action_status: `anew ${last}` });
const records = [
  `dpg.accept_differing_event('ops', '${JSON.stringify(anew(2))}', 'restored')`,
  `dpg.redact_event('ops', 'yellow_dot', 'connect', '50000000-0000-4000-8000-000000000001', 'asked for it')`,
];
const calls = [...definitions, ...records];

test('a definition or a record that waits for the switch is refused, in an older snapshot as well', async () => {
  const { sql } = database;
  await sql`insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com')`;
  await sql`select dpg.upsert_item('asha', 'yellow_dot', 'student', 'p', ${HERE}, 's', item_id => ${ITEM})`;
  await sql`select dpg.store_event(${sql.json(event())})`;
  await sql`select dpg.accept_differing_event('ops', ${sql.json(anew(1))}, 'restored')`;
  await sql`select dpg_private.begin_move('yellow_dot', 'postgres://new:5432/app')`;
  const codeOf = (call: Promise<unknown>) =>
    call.then(
      () => 'done',
      ({ code }: { code: string }) => code,
    );
  const older = database.connect({ max: 1 });
  await older.unsafe('begin isolation level repeatable read; select from dpg.homes');

  let waiting: Promise<string[]> | undefined;
  await sql.begin(async (tx) => {
    await tx`select dpg_private.lock_network('yellow_dot', 1000)`;
    waiting = Promise.all(
      calls.map((call) => codeOf(database.connect({ max: 1 }).unsafe(`select ${call}`).execute())),
    );
    const isWaiting = async () => {
      const [row] = await sql`
        select count(*)::integer as waiting from pg_stat_activity s
        where s.datname = current_database() and s.state = 'active' and s.wait_event_type in ('Lock', 'Timeout')`;
      return Number(row?.waiting) === calls.length;
    };
    while (!(await isWaiting())) await new Promise((resolve) => setTimeout(resolve, 10));
    await tx`select dpg_private.close_network('yellow_dot', 'postgres://new:5432/app')`;
  });
  expect(await waiting).toEqual(calls.map(() => 'DP017'));
  expect(await codeOf(older.unsafe(`select ${definitions[0]}`))).toBe('40001');
  await older`rollback`;
  for (const table of [
    'networks',
    'network_rules',
    'action_definitions',
    'item_definitions',
    'item_searches',
  ])
    expect(await sql.unsafe(`select from dpg.${table}`), table).toHaveLength(0);
  expect(await sql`select kind from dpg.redactions`).toEqual([{ kind: 'difference' }]);
  const [kept] = await sql`select event ->> 'action_status' as status from dpg.differing_events`;
  expect(kept?.status).toBe('anew 1');
}, 30_000);
