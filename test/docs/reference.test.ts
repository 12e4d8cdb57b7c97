// The example of each function, as its comment in the database and the reference have it, does what it says. Each is run on
// its own and taken back; what it needs to be there is made before.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { projectFolder } from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';
import { readBlocks } from './documents/blocks.js';

const database = await testDatabase();
await database.sql`
  insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com'), ('ravi', 'Ravi', 'ravi@example.com')`;

const STUDENT = `row('yellow_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')`;
const TUTOR = `row('yellow_dot', 'tutor', 'profile_1.0', '22222222-2222-4222-8222-222222222222')`;
const ACTION = '33333333-3333-4333-8333-333333333333';

const item = (owner: string, domain: string, id: string) => `
  select dpg.upsert_item('${owner}', 'yellow_dot', '${domain}', 'profile_1.0', 'https://tutor.yellowdot.example.com',
    'https://schemas.example.com/${domain}_profile_v1.json', '{"subject": "math"}', 12.98, 77.6, '${id}');`;
const student = item('asha', 'student', '11111111-1111-4111-8111-111111111111');
const tutor = item('ravi', 'tutor', '22222222-2222-4222-8222-222222222222');
const action = `${student}${tutor} select dpg.perform_action('asha', 'connect', ${STUDENT}, ${TUTOR}, action_id => '${ACTION}');`;
const received = `${tutor} select dpg.receive_action('connect', ${STUDENT}, 'https://student.yellowdot.example.com', 'asha', ${TUTOR},
  action_id => '${ACTION}');`;
const subscription = `select dpg.create_subscription('to student');`;
// positions begin somewhere, once somebody has read: the example's is given to the first event
const reading = `${subscription} select dpg.read_events('to student');
  select setval(pg_get_serial_sequence('dpg_private.event_feed', 'position'), 42, false);
  ${received} select dpg.read_events('to student');`;
const dead = `${reading} select dpg.fail_event('to student', 42, 'answer 500', max_attempts => 1); select dpg.acknowledge('to student', 42);`;

/** What the examples assume. Those that are not here need nothing, or find nothing. */
const BEFORE: Record<string, string> = {
  update_item: student,
  delete_item: student,
  get_item: student,
  find_items: tutor,
  count_items: tutor,
  nearest_items: tutor,
  forget_instance_url: tutor,
  perform_action: student + tutor,
  receive_action: tutor,
  transition_action: action,
  receive_transition: received,
  get_action: action,
  find_actions: action,
  find_events: action,
  create_subscription: action,
  drop_subscription: subscription,
  read_events: received + subscription,
  acknowledge: reading,
  release_events: reading,
  fail_event: reading,
  retry_events: dead,
  read_retries: `${dead} select dpg.retry_events('to student');`,
  settle_event: dead,
  redact_event: `${action} select dpg.transition_action('ravi', 'yellow_dot', 'connect', '${ACTION}', 'accepted',
    event_id => '44444444-4444-4444-8444-444444444444');`,
  erase_user: action,
  move_items: `insert into public."user" (id, name, email) values ('anonymous-7', 'Guest', 'guest@example.com')`,
  accept_differing_event: `${student.replace('//tutor', '//student')} select dpg.store_event('{"partition_network": "yellow_dot",
    "action_type": "connect", "event_id": "44444444-4444-4444-8444-444444444444", "action_status": "created", "update_count": 0,
    "origin_instance_domain": "https://tutor.yellowdot.example.com", "action_id": "${ACTION}",
    "source_item_network": "yellow_dot", "source_item_domain": "student", "source_item_type": "profile_1.0",
    "source_item_id": "11111111-1111-4111-8111-111111111111", "source_item_owner": "asha",
    "source_item_instance_url": "https://student.yellowdot.example.com",
    "target_item_network": "yellow_dot", "target_item_domain": "tutor", "target_item_type": "profile_1.0",
    "target_item_id": "22222222-2222-4222-8222-222222222222", "target_item_owner": "ravi",
    "target_item_instance_url": "https://tutor.yellowdot.example.com", "created_at": "2026-01-01T00:00:00Z"}');`,
  confirm_lost_events: `${action} alter table dpg.e_p_yellowdot detach partition dpg.e_p_yellowdot_connect;
    drop table dpg.e_p_yellowdot_connect;`,
};

const reference = await readFile(join(projectFolder, 'docs/reference.md'), 'utf8');
const examples = readBlocks(reference)
  .filter(({ language }) => language === 'sql')
  .map(({ text, line }) => ({ text, line, name: /dpg\.(\w+)\(/.exec(text)?.[1] ?? '' }));

test.each(examples)('$name', async ({ text, line, name }) => {
  const taken = new Error('taken back');
  const [statement = '', result] = text.split('; -- ');
  const said = await database.sql
    .begin(async (sql) => {
      if (BEFORE[name]) await sql.unsafe(BEFORE[name]).simple();
      const rows = await sql.unsafe(statement).values();
      // the order of evaluation says that something came back
      expect(rows.length, `docs/reference.md:${line} returns nothing`).toBeGreaterThan(0);
      if (result) expect(String(rows[0]?.[0])).toBe(result);
      throw taken;
    })
    .catch((error) => error);
  if (said instanceof postgres.PostgresError) throw new Error(`docs/reference.md:${line}: ${said.message}`);
  if (said !== taken) throw said;
});

test('every function has one', async () => {
  const rows = await database.sql`
    select distinct proname as name from pg_proc where pronamespace = 'dpg'::regnamespace order by 1`;
  expect(examples.map(({ name }) => name).sort()).toEqual(rows.map(({ name }) => name));
});
