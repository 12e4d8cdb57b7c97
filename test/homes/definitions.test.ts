// Definitions have no leaf, so no trigger refuses them: one that has waited for the switch of a move must not be lost.

import { expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const HERE = 'https://here.example.com';
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

test('a definition that waits for the switch is refused, in an older snapshot as well', async () => {
  const { sql } = database;
  await sql`insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com')`;
  await sql`select dpg.upsert_item('asha', 'yellow_dot', 'student', 'p', ${HERE}, 's')`;
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
      definitions.map((call) => codeOf(database.connect({ max: 1 }).unsafe(`select ${call}`).execute())),
    );
    const isWaiting = async () => {
      const [row] = await sql`
        select count(*)::integer as waiting from pg_stat_activity s
        where s.datname = current_database() and s.state = 'active' and s.wait_event_type in ('Lock', 'Timeout')`;
      return Number(row?.waiting) === definitions.length;
    };
    while (!(await isWaiting())) await new Promise((resolve) => setTimeout(resolve, 10));
    await tx`select dpg_private.close_network('yellow_dot', 'postgres://new:5432/app')`;
  });
  expect(await waiting).toEqual(definitions.map(() => 'DP017'));
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
}, 30_000);
