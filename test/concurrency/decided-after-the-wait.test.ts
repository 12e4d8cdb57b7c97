// A call that waits, for a lock or for a leaf that somebody else is making, goes on with what holds after the wait.

import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { addUsers, OUR_URL, student, tutor } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';
import { openSessions, type Session, untilWaiting } from './sessions.js';

const database = await testDatabase();
await addUsers(database.sql, 'asha', 'ravi');
const [first, second] = (await openSessions(database, 2)) as [Session, Session];

/** The second session makes the call, waits, and goes on when the first commits. */
async function afterWaiting<Value>(
  before: (tx: postgres.TransactionSql) => Promise<unknown>,
  call: () => Promise<Value>,
): Promise<Value> {
  let called: Promise<Value> | undefined;
  await first.sql.begin(async (tx) => {
    await before(tx);
    called = call();
    called.catch(() => {});
    await untilWaiting(database.sql, [second.pid]);
  });
  return (await called) as Value;
}

const DEFINITION = '[{"from": "begun", "to": "done", "by": "either"}]';

async function story(network: string) {
  const source = await second.as('asha').items.upsert(student({ item_network: network }));
  const target = await second.as('ravi').items.upsert(tutor({ item_network: network }));
  return { source, target };
}

test('an action begins as its type is declared when its leaf is there', async () => {
  const { source, target } = await story('first_dot');
  const action = await afterWaiting(
    async (tx) => {
      await tx`select dpg.ensure_action_partition('first_dot', 'connect'), dpg.ensure_action_event_partition('first_dot', 'connect')`;
      await tx`select dpg.define_action('first_dot', 'connect', ${DEFINITION}::text::jsonb, 'begun')`;
    },
    () => second.as('asha').actions.perform({ action_type: 'connect', source, target }),
  );
  expect(action.action_status).toBe('begun');
});

test('an action begins as its type is declared when its items can be locked', async () => {
  const { source, target } = await story('second_dot');
  await first.sql`select dpg.ensure_action_partition('second_dot', 'connect'), dpg.ensure_action_event_partition('second_dot', 'connect')`;
  const action = await afterWaiting(
    async (tx) => {
      await tx`select from dpg.items where item_network = 'second_dot' and item_id = ${source.item_id} for update`;
      await tx`select dpg.define_action('second_dot', 'connect', ${DEFINITION}::text::jsonb, 'begun')`;
    },
    () => second.as('asha').actions.perform({ action_type: 'connect', source, target }),
  );
  expect(action.action_status).toBe('begun');
});

test('an action that another instance sends, too', async () => {
  const { target } = await story('third_dot');
  await first.sql`select dpg.ensure_action_partition('third_dot', 'connect'), dpg.ensure_action_event_partition('third_dot', 'connect')`;
  const action = await afterWaiting(
    async (tx) => {
      await tx`select from dpg.items where item_network = 'third_dot' and item_id = ${target.item_id} for update`;
      await tx`select dpg.define_action('third_dot', 'connect', ${DEFINITION}::text::jsonb, 'begun')`;
    },
    () =>
      second.actions.receive({
        action_type: 'connect',
        source: { ...target, item_id: '11111111-1111-4111-8111-111111111111' },
        source_item_instance_url: 'https://far.example.com',
        source_item_owner: 'mina',
        target,
      }),
  );
  expect(action.action_status).toBe('begun');
});

test('the URL of an item is known, though it was forgotten while its leaf was made', async () => {
  await story('fourth_dot');
  const item = await afterWaiting(
    async (tx) => {
      await tx`select dpg.ensure_item_partition('fourth_dot', 'school')`;
      await tx`select dpg.forget_instance_url(${OUR_URL})`;
    },
    () => second.as('asha').items.upsert(student({ item_network: 'fourth_dot', item_domain: 'school' })),
  );
  expect(item.item_instance_url).toBe(OUR_URL);
  expect(await database.sql`select instance_url from dpg.instance_urls`).toContainEqual({
    instance_url: OUR_URL,
  });
});
