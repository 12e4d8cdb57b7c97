// What a call locks is what it reads or changes, or at least plans for: no function may touch another leaf than the one
// that its keys name. Each call has a session of its own and is made eight times, each in a transaction of its own:
// PostgreSQL makes the generic plan of a statement, which would be one over all leaves, at its sixth use.

import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const NETWORKS = ['alpha', 'beta'];
const DOMAINS = ['student', 'tutor', 'school', 'club'];
const TYPES = ['connect', 'apply', 'invite'];
const OURS = 'https://one.example.com';
const THEIRS = 'https://two.example.com';
const ASHA = '11111111-1111-4111-8111-111111111111';
const RAVI = '22222222-2222-4222-8222-222222222222';
const ACTION = '33333333-3333-4333-8333-333333333333';
const RECEIVED = '44444444-4444-4444-8444-444444444444';
const STUDENT = `row('alpha', 'student', 't', '${ASHA}')::dpg.item_ref`;
const TUTOR = `row('alpha', 'tutor', 't', '${RAVI}')::dpg.item_ref`;
const REMOTE = `row('beta', 'club', 't', '55555555-5555-4555-8555-555555555555')::dpg.item_ref`;

beforeAll(async () => {
  const { sql } = database;
  await sql`insert into public."user" (id, name, email) values ('asha', 'Asha', 'a@x'), ('ravi', 'Ravi', 'r@x')`;
  for (const network of NETWORKS) {
    for (const domain of DOMAINS) {
      await sql`select dpg.upsert_item('asha', ${network}, ${domain}, 't', ${OURS}, 's', '{}', 12, 77, ${ASHA})`;
      await sql`select dpg.upsert_item('ravi', ${network}, ${domain}, 't', ${OURS}, 's', '{}', 12, 77, ${RAVI})`;
    }
    for (const type of TYPES) {
      const source = `row('${network}', 'student', 't', '${ASHA}')::dpg.item_ref`;
      const target = `row('${network}', 'tutor', 't', '${RAVI}')::dpg.item_ref`;
      await sql.unsafe(
        `select dpg.perform_action('asha', '${type}', ${source}, ${target}, action_id => '${ACTION}')`,
      );
      await sql.unsafe(
        `select dpg.receive_action('${type}', ${REMOTE}, '${THEIRS}', 'olga', ${target}, action_id => '${RECEIVED}')`,
      );
    }
  }
});

/** The leaves on which the transaction holds any lock. */
async function lockedLeaves(sql: postgres.ISql): Promise<string[]> {
  const rows = await sql<{ leaf: string }[]>`
    select distinct c.relname as leaf
    from pg_locks l
    join pg_class c on c.oid = l.relation
    where l.pid = pg_backend_pid()
      and l.locktype = 'relation'
      and l.database = (select oid from pg_database where datname = current_database())
      and c.relkind = 'r'
      and c.relname ~ '^[iae]_p_'
    order by 1`;
  return rows.map((row) => row.leaf);
}

const event = (number: string) => `jsonb_build_object(
  'partition_network', 'alpha', 'action_type', 'connect', 'event_id', gen_random_uuid(),
  'origin_instance_domain', '${THEIRS}', 'action_id', gen_random_uuid(), 'action_status', 'created',
  'update_count', ${number}, 'source_item_network', 'alpha', 'source_item_domain', 'student',
  'source_item_type', 't', 'source_item_id', '${ASHA}', 'source_item_instance_url', '${OURS}',
  'source_item_owner', 'asha', 'target_item_network', 'alpha', 'target_item_domain', 'tutor',
  'target_item_type', 't', 'target_item_id', '${RAVI}', 'target_item_instance_url', '${THEIRS}',
  'target_item_owner', 'ravi', 'event_payload', '{}'::jsonb, 'created_at', '2026-01-01T00:00:00Z')`;

const NEW_ITEM = `'asha', 'alpha', 'student', 't', '${OURS}', 's'`;
const ITEM = `'asha', 'alpha', 'student', 't', '${ASHA}'`;

// $n is the number of the round, so that each call is another one.
const calls: [name: string, call: string, leaves: string[]][] = [
  ['ensure_item_partition', `dpg.ensure_item_partition('alpha', 'student')`, []],
  ['ensure_action_partition', `dpg.ensure_action_partition('alpha', 'connect')`, []],
  ['ensure_action_event_partition', `dpg.ensure_action_event_partition('alpha', 'connect')`, []],
  ['upsert_item of a new item', `dpg.upsert_item(${NEW_ITEM})`, ['i_p_alpha_student']],
  [
    'upsert_item of one that is there',
    `dpg.upsert_item(${NEW_ITEM}, item_state => jsonb_build_object('n', $n), item_id => '${ASHA}')`,
    ['i_p_alpha_student'],
  ],
  [
    'upsert_items',
    `dpg.upsert_items('asha', jsonb_build_array(
      jsonb_build_object('item_network', 'alpha', 'item_domain', 'student', 'item_type', 't',
        'item_instance_url', '${OURS}', 'item_schema_url', 's', 'item_id', '${ASHA}',
        'item_state', jsonb_build_object('m', $n)),
      jsonb_build_object('item_network', 'beta', 'item_domain', 'tutor', 'item_type', 't',
        'item_instance_url', '${OURS}', 'item_schema_url', 's')))`,
    ['i_p_alpha_student', 'i_p_beta_tutor'],
  ],
  [
    'update_item',
    `dpg.update_item(${ITEM}, jsonb_build_object('item_state', jsonb_build_object('k', $n)))`,
    ['i_p_alpha_student'],
  ],
  ['get_item', `dpg.get_item('alpha', 'student', 't', '${ASHA}')`, ['i_p_alpha_student']],
  [
    'find_items',
    `dpg.find_items('alpha', 'student', 't', 'asha', '${OURS}', 's', '{}', 12, 77, 1000)`,
    ['i_p_alpha_student'],
  ],
  ['count_items', `dpg.count_items('alpha', 'student')`, ['i_p_alpha_student']],
  ['nearest_items', `dpg.nearest_items('alpha', 'student', 12, 77)`, ['i_p_alpha_student']],
  ['define_action', `dpg.define_action('alpha', 'other', '[]')`, []],
  [
    'perform_action',
    `dpg.perform_action('asha', 'connect', ${STUDENT}, ${TUTOR})`,
    ['a_p_alpha_connect', 'e_p_alpha_connect', 'i_p_alpha_student', 'i_p_alpha_tutor'],
  ],
  [
    'perform_action across networks',
    `dpg.perform_action('asha', 'connect', row('beta', 'club', 't', '${ASHA}'), ${TUTOR})`,
    ['a_p_alpha_connect', 'e_p_alpha_connect', 'i_p_alpha_tutor', 'i_p_beta_club'],
  ],
  [
    'receive_action',
    `dpg.receive_action('connect', ${REMOTE}, '${THEIRS}', 'olga', ${TUTOR})`,
    ['a_p_alpha_connect', 'e_p_alpha_connect', 'i_p_alpha_tutor'],
  ],
  [
    'transition_action',
    `dpg.transition_action('ravi', 'alpha', 'connect', '${ACTION}', 'status ' || $n)`,
    ['a_p_alpha_connect', 'e_p_alpha_connect'],
  ],
  [
    'transition_actions',
    `dpg.transition_actions('ravi', jsonb_build_array(jsonb_build_object('partition_network', 'alpha', 'action_type', 'connect',
      'action_id', '${ACTION}', 'action_status', 'status ' || $n)))`,
    ['a_p_alpha_connect', 'e_p_alpha_connect'],
  ],
  [
    'receive_transition',
    `dpg.receive_transition('${THEIRS}', 'olga', 'alpha', 'connect', '${RECEIVED}', 'status ' || $n)`,
    ['a_p_alpha_connect', 'e_p_alpha_connect'],
  ],
  ['get_action', `dpg.get_action('asha', 'alpha', 'connect', '${ACTION}')`, ['a_p_alpha_connect']],
  ['find_actions', `dpg.find_actions('asha', 'all', 'alpha', 'connect')`, ['a_p_alpha_connect']],
  ['find_events', `dpg.find_events('asha', 'all', 'alpha', 'connect', '${ACTION}')`, ['e_p_alpha_connect']],
  // and the source's, if it is of this instance: its owner must not change meanwhile
  ['store_event', `dpg.store_event(${event('$n')})`, ['e_p_alpha_connect', 'i_p_alpha_student']],
];

describe('a call locks the leaves that its keys name and no other', () => {
  test.each(calls)('%s', async (_name, call, leaves) => {
    const session = database.connect({ max: 1, role: 'dpg_app' });
    for (let round = 0; round < 8; round += 1) {
      const locked = await session.begin(async (sql) => {
        await sql.unsafe(`select ${call.replaceAll('$n', String(round))}`);
        return await lockedLeaves(sql);
      });
      expect(locked, `round ${round + 1}`).toEqual(leaves);
    }
    await session.end();
  });

  test('delete_item, which has to ask the actions of its network', async () => {
    const session = database.connect({ max: 1, role: 'dpg_app' });
    for (let round = 0; round < 8; round += 1) {
      await session`select dpg.upsert_item('asha', 'alpha', 'school', 't', ${OURS}, 's', '{}', 1, 2, ${RECEIVED})`;
      const locked = await session.begin(async (sql) => {
        await sql`select dpg.delete_item('asha', 'alpha', 'school', 't', ${RECEIVED})`;
        return await lockedLeaves(sql);
      });
      expect(locked).toEqual([
        'a_p_alpha_apply',
        'a_p_alpha_connect',
        'a_p_alpha_invite',
        'i_p_alpha_school',
      ]);
    }
    await session.end();
  });

  test('find_actions and find_events without keys: only where the actor has rows', async () => {
    await database.sql`insert into public."user" (id, name, email) values ('eve', 'Eve', 'e@x')`;
    await database.sql`select dpg.upsert_item('eve', 'beta', 'club', 't', ${OURS}, 's', '{}', 1, 2, ${RECEIVED})`;
    await database.sql.unsafe(
      `select dpg.perform_action('eve', 'invite', row('beta', 'club', 't', '${RECEIVED}'), ${TUTOR})`,
    );
    const session = database.connect({ max: 1, role: 'dpg_app' });
    const locks = async (call: string) =>
      session.begin(async (sql) => {
        await sql.unsafe(`select ${call}`);
        return await lockedLeaves(sql);
      });
    expect(await locks(`dpg.find_actions('eve')`)).toEqual(['a_p_alpha_invite']);
    expect(await locks(`dpg.find_events('eve')`)).toEqual(['e_p_alpha_invite']);
    expect(await locks(`dpg.find_events('nobody')`)).toEqual([]);
    await session.end();
  });
});
