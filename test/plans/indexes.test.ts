// Every index is paid on every write: each says for which calls it is there, and one of those calls is seen to use it.

import { beforeAll, describe, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const OURS = 'https://one.example.com';
const ASHA = '11111111-1111-4111-8111-111111111111';
const RAVI = '22222222-2222-4222-8222-222222222222';
const ACTION = '33333333-3333-4333-8333-333333333333';
const EVENT = '44444444-4444-4444-8444-444444444444';
const OTHERS = '88888888-8888-4888-8888-888888888888';
const UNUSED = '55555555-5555-4555-8555-555555555555';
const STUDENT = `row('alpha', 'student', 't', '${ASHA}')::dpg.item_ref`;
const TUTOR = `row('alpha', 'tutor', 't', '${RAVI}')::dpg.item_ref`;

/** The index of a root, the leaf on which it is looked at, and a call that needs it. */
const needs: [index: string, leaf: string, call: string][] = [
  ['items_pkey', 'i_p_alpha_student', `dpg.get_item('alpha', 'student', 't', '${ASHA}')`],
  ['items_created_at_idx', 'i_p_alpha_student', `dpg.find_items('alpha', 'student')`],
  ['items_created_by_idx', 'i_p_alpha_student', `dpg.find_items('alpha', 'student', created_by => 'ravi')`],
  ['items_state_idx', 'i_p_alpha_student', `dpg.find_items('alpha', 'student', item_state => '{"n": 77}')`],
  [
    'items_band_idx',
    'i_p_alpha_student',
    `dpg.count_items('alpha', 'student', latitude => 12, longitude => 20, radius_meters => 5000)`,
  ],
  ['items_place_idx', 'i_p_alpha_student', `dpg.nearest_items('alpha', 'student', 12, 77)`],
  ['item_actions_pkey', 'a_p_alpha_connect', `dpg.get_action('asha', 'alpha', 'connect', '${ACTION}')`],
  [
    'item_actions_source_owner_idx',
    'a_p_alpha_connect',
    `dpg.find_actions('asha', 'initiated', 'alpha', 'connect')`,
  ],
  [
    'item_actions_target_owner_idx',
    'a_p_alpha_connect',
    `dpg.find_actions('ravi', 'received', 'alpha', 'connect')`,
  ],
  [
    'item_actions_source_status_idx',
    'a_p_alpha_connect',
    `dpg.find_actions('asha', 'initiated', 'alpha', 'connect', 'accepted')`,
  ],
  [
    'item_actions_target_status_idx',
    'a_p_alpha_connect',
    `dpg.count_actions('ravi', 'received', 'alpha', 'connect')`,
  ],
  [
    'item_actions_source_idx',
    'a_p_alpha_connect',
    `dpg.delete_item('asha', 'alpha', 'student', 't', '${UNUSED}')`,
  ],
  [
    'item_actions_other_source_idx',
    'a_p_alpha_connect',
    `dpg.set_item_status('asha', 'alpha', 'student', 't', '${ASHA}', 'retired', close_actions_as => '{over}')`,
  ],
  [
    'item_actions_target_idx',
    'a_p_alpha_connect',
    `dpg.find_actions('ravi', 'received', 'alpha', 'connect', item_id => '${RAVI}')`,
  ],
  [
    'action_events_pkey',
    'e_p_alpha_connect',
    `dpg.transition_action('ravi', 'alpha', 'connect', '${ACTION}', 'accepted', 0, event_id => '${EVENT}')`,
  ],
  [
    'action_events_update_key',
    'e_p_alpha_connect',
    `dpg.perform_action('asha', 'connect', ${STUDENT}, ${TUTOR}, action_id => '${ACTION}')`,
  ],
  [
    'action_events_source_owner_idx',
    'e_p_alpha_connect',
    `dpg.find_events('asha', 'initiated', 'alpha', 'connect')`,
  ],
  [
    'action_events_target_owner_idx',
    'e_p_alpha_connect',
    `dpg.find_events('ravi', 'received', 'alpha', 'connect')`,
  ],
  [
    'action_events_action_idx',
    'e_p_alpha_connect',
    `dpg.find_events('others', 'all', 'alpha', 'connect', '${OTHERS}')`,
  ],
  ['item_actions_performed_by_idx', 'a_p_alpha_connect', `dpg.erase_user('dpo', 'a person', 'request')`],
  [
    'action_events_performed_by_idx',
    'e_p_alpha_connect',
    `dpg.erase_user('dpo', 'another person', 'request')`,
  ],
];

beforeAll(async () => {
  const { sql } = database;
  await sql`
    insert into public."user" (id, name, email)
    select id, id, id || '@example.com' from unnest(array['asha', 'ravi', 'others']) id`;
  await sql`select dpg.ensure_item_partition('alpha', domain) from unnest(array['student', 'tutor']) domain`;
  const key = `item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url`;
  await sql.unsafe(`
    insert into dpg.items (${key}, item_state, item_latitude, item_longitude, created_by)
    select 'alpha', 'student', 't', gen_random_uuid(), '${OURS}', 's', jsonb_build_object('n', n), n / 100.0, n / 60.0,
      case when n % 100 = 0 then 'ravi' else 'others' end
    from generate_series(1, 5000) n
    union all
    select 'alpha', domain, 't', id::uuid, '${OURS}', 's', '{}', 12, 77, owner
    from (values
      ('student', '${ASHA}', 'asha'), ('student', '${UNUSED}', 'asha'), ('tutor', '${RAVI}', 'ravi'),
      ('student', '66666666-6666-4666-8666-666666666666', 'others'), ('tutor', '77777777-7777-4777-8777-777777777777', 'others')
    ) v(domain, id, owner)`);
  // the other actions are between others, so that those of asha and ravi are few
  await sql.unsafe(`
    select count(dpg.perform_action('others', 'connect',
      row('alpha', 'student', 't', '66666666-6666-4666-8666-666666666666'),
      row('alpha', 'tutor', 't', '77777777-7777-4777-8777-777777777777'),
      action_id => case n when 1 then uuid '${OTHERS}' else gen_random_uuid() end,
      performed_by => case n when 1 then 'a person' when 2 then 'another person' end))
    from generate_series(1, 3000) n`);
  await sql.unsafe(
    `select dpg.perform_action('asha', 'connect', ${STUDENT}, ${TUTOR}, action_id => '${ACTION}')`,
  );
  await sql`
    select dpg.transition_action('ravi', 'alpha', 'connect', ${ACTION}, 'accepted', 0, event_id => ${EVENT})`;
  await sql`vacuum analyze`;
});

describe('a call that needs it uses', () => {
  test.each(needs)('%s of %s', async (index, leaf, call) => {
    const scans = await database.sql.begin(async (sql) => {
      await sql.unsafe(`select * from ${call}`);
      const [row] = await sql<{ scans: number }[]>`
        select pg_stat_get_xact_numscans(i.inhrelid)::integer as scans
        from pg_inherits n
        join pg_inherits i on i.inhparent = n.inhrelid
        join pg_index x on x.indexrelid = i.inhrelid
        where n.inhparent = ${`dpg.${index}`}::regclass
          and x.indrelid = ${`dpg.${leaf}`}::regclass`;
      return row?.scans;
    });
    expect(scans).toBeGreaterThan(0);
  });
});

test('each index of a root is one of these, and its comment names the call', async () => {
  const rows = await database.sql<{ name: string; comment: string | null }[]>`
    select c.relname as name, obj_description(c.oid) as comment
    from pg_class c
    where c.relnamespace = 'dpg'::regnamespace
      and c.relkind = 'I'
      and not c.relispartition
    order by 1`;
  expect(rows.map(({ name }) => name)).toEqual(needs.map(([index]) => index).sort());
  for (const [index, , call] of needs) {
    const name = /^dpg\.(\w+)/.exec(call)?.[1];
    expect([index, rows.find((row) => row.name === index)?.comment]).toEqual([
      index,
      expect.stringContaining(name ?? ''),
    ]);
  }
});

test('the indexes of the helpers say what they are for', async () => {
  const rows = await database.sql`
    select c.relname
    from pg_class c
    where c.relnamespace = 'dpg_private'::regnamespace
      and c.relkind = 'i'
      and c.relname not like '%pkey'
      and c.relname not like '%key'
      and obj_description(c.oid) is null`;
  expect(rows.map(({ relname }) => relname)).toEqual([]);
});
