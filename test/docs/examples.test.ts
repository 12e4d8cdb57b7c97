// The example in the comment of each function of schema dpg works. All of them are one story in one database, in this order:
// two users have an item each, and each example is run as the role that is meant to call the function.

import postgres from 'postgres';
import { expect, test } from 'vitest';
import { parseComment } from '../support/reference/example.js';
import { testDatabase } from '../support/test-database.js';

const STORY = [
  // partitions first, so that nobody waits for their locks
  'ensure_item_partition',
  'ensure_action_partition',
  'ensure_action_event_partition',
  // items
  'define_item',
  'define_search',
  'create_item_subscription',
  'upsert_item',
  'upsert_items',
  'update_item',
  'delete_item',
  'set_item_status',
  'get_item',
  'get_items',
  'read_item_changes',
  'find_own_items',
  'refresh_search',
  'find_items',
  'count_items',
  'nearest_items',
  'search_items',
  'map_items',
  'count_facets',
  // an action between two items, and its events
  'define_action',
  'perform_action',
  'get_action',
  'find_actions',
  'count_actions',
  'count_item_actions',
  'transition_action',
  'transition_actions',
  'find_events',
  // other instances: one sends an action, another one an event
  'receive_action',
  'receive_transition',
  'store_event',
  // the feed of events
  'create_subscription',
  'read_events',
  'fail_event',
  'acknowledge',
  'retry_events',
  'read_retries',
  'settle_event',
  'release_events',
  'drop_subscription',
  // administration
  'register_network',
  'unregister_network',
  'define_network',
  'redact_event',
  'accept_differing_event',
  'forget_instance_url',
  'move_items',
  'erase_user',
  'confirm_lost_events',
];

/** What happens in the story before an example, without a function of ours. */
const BEFORE: Record<string, string> = {
  confirm_lost_events: `
    alter table dpg.e_p_yellowdot detach partition dpg.e_p_yellowdot_connect;
    drop table dpg.e_p_yellowdot_connect;`,
};

const database = await testDatabase();
await database.sql
  .unsafe(
    `insert into public."user" (id, name, email)
     values ('asha', 'Asha', 'asha@example.com'), ('ravi', 'Ravi', 'ravi@example.com');
     select dpg.upsert_item('asha', 'yellow_dot', 'student', 'profile_1.0', 'https://yellowdot.example.com',
       'https://schemas.example.com/student_v1.json', '{"name": "Asha", "goal": "board_exam"}', 12.9716, 77.5946,
       '11111111-1111-4111-8111-111111111111');
     select dpg.upsert_item('ravi', 'yellow_dot', 'tutor', 'profile_1.0', 'https://yellowdot.example.com',
       'https://schemas.example.com/tutor_v1.json', '{"name": "Ravi", "subject": "math"}', 12.98, 77.6,
       '22222222-2222-4222-8222-222222222222');`,
  )
  .simple();

// the role is the one with the fewest rights of those that may call the function
const functions = await database.sql<{ name: string; comment: string; role: string }[]>`
  select p.proname as name, obj_description(p.oid, 'pg_proc') as comment, r.role
  from pg_proc p
  cross join lateral (
    select c.role
    from unnest(array['dpg_readonly', 'dpg_app', 'dpg_admin']) with ordinality c(role, place)
    where has_function_privilege(c.role, p.oid, 'execute')
    order by c.place
    limit 1
  ) r
  where p.pronamespace = 'dpg'::regnamespace`;

test('the story has each function once', () => {
  expect([...STORY].sort()).toEqual(functions.map(({ name }) => name).sort());
});

test.each(STORY)('%s', async (name) => {
  const { comment, role } = functions.find((candidate) => candidate.name === name) ?? {};
  if (!comment || !role) throw new Error(`schema dpg has no function ${name} that a role may call`);
  const { example, result } = parseComment(name, comment);
  if (BEFORE[name]) await database.sql.unsafe(BEFORE[name]).simple();
  const sql = database.connect({ role, max: 1 });
  const rows = await sql
    .unsafe(example)
    .values()
    .catch((error) => {
      if (!(error instanceof postgres.PostgresError)) throw error;
      throw new Error(`${error.code}: ${error.message}\n${error.detail}\n${error.hint}\n\n${example}`);
    })
    .finally(() => sql.end());
  expect(rows.length, `returns nothing:\n${example}`).toBeGreaterThan(0);
  if (result !== undefined) expect(String(rows[0]?.[0])).toBe(result);
});
