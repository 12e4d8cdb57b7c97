import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { createDpg, DuplicateDiffersError, OutcomeUnknownError } from '../../sdk/index.js';
import { allOf, closeSessions, openSessions } from '../concurrency/sessions.js';
import { errorOf, student, tutor } from '../sdk/story.js';
import { soak } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { contents, repeatableCalls, type Written, written } from './calls.js';
import { cutDuring } from './cut.js';

const RACES = soak(5, 500);
const database = await testDatabase();
const dpg = createDpg(database.sql);
const calls = await repeatableCalls(database);
const sessions = await openSessions(database, 3);
afterAll(() => closeSessions(sessions));

/** Holds up every writing call until the connection is cut. */
const LOCKS = ['lock table dpg.items, dpg.item_actions, dpg.action_events in exclusive mode'];

const plus = (before: Written, writes: Partial<Written>): Written => ({
  items: before.items + (writes.items ?? 0),
  actions: before.actions + (writes.actions ?? 0),
  events: before.events + (writes.events ?? 0),
  moves: before.moves + (writes.moves ?? 0),
});

describe.each(Object.entries(calls))('%s', (name, { writes, make }) => {
  test('three times, one after the other: one effect, the same answer', async () => {
    const { call } = await make();
    const before = await written(database.sql);
    const first = await call(dpg);
    expect(await written(database.sql)).toEqual(plus(before, writes));
    const after = await contents(database.sql);
    expect(await call(dpg)).toEqual(first);
    expect(await call(dpg)).toEqual(first);
    expect(await contents(database.sql)).toEqual(after);
  });

  test('three times at once: one effect, the same answer', async () => {
    for (let race = 0; race < RACES; race++) {
      const { call } = await make();
      const before = await written(database.sql);
      const [first, second, third] = await allOf(sessions.map((session) => call(session)));
      expect(await written(database.sql)).toEqual(plus(before, writes));
      expect(second).toEqual(first);
      expect(third).toEqual(first);
      expect(await call(dpg)).toEqual(first);
    }
  });

  test.each(['terminated', 'unplugged'] as const)(
    'after an unknown outcome: the connection was %s',
    async (how) => {
      const { call } = await make();
      const before = await written(database.sql);
      expect(await cutDuring(database, how, LOCKS, call)).toBeInstanceOf(OutcomeUnknownError);
      // nothing or all
      expect(await written(database.sql)).toEqual(how === 'terminated' ? before : plus(before, writes));
      const answers = await allOf(sessions.map((session) => call(session)));
      expect(await written(database.sql)).toEqual(plus(before, writes));
      const after = await contents(database.sql);
      expect(answers).toEqual([answers[0], answers[0], answers[0]]);
      expect(await call(dpg)).toEqual(answers[0]);
      expect(await contents(database.sql)).toEqual(after);
    },
  );

  // an upsert with other content replaces the item
  if (name.startsWith('upsert_item')) return;
  test('with other content: refused with DP008, nothing written', async () => {
    const { call, altered } = await make();
    const first = await call(dpg);
    const after = await contents(database.sql);
    expect(Object.keys(altered).length).toBeGreaterThan(1);
    for (const [what, other] of Object.entries(altered)) {
      const error = await errorOf(other(dpg));
      expect(error, what).toBeInstanceOf(DuplicateDiffersError);
      expect(error, what).toMatchObject({ code: 'DP008' });
    }
    expect(await contents(database.sql)).toEqual(after);
    expect(await call(dpg)).toEqual(first);
  });
});

test('what was done since is in the answer, and is not undone', async () => {
  const source = await dpg.as('asha').items.upsert(student());
  const target = await dpg.as('ravi').items.upsert(tutor());
  const request = { action_type: 'connect', source, target, action_id: randomUUID() };
  const action = await dpg.as('asha').actions.perform(request);
  const first = { action_status: 'accepted', expected_update_count: 0, event_id: randomUUID() };
  await dpg.as('ravi').actions.transition(action, first);
  const now = await dpg.as('asha').actions.transition(action, { action_status: 'done', remarks: 'thanks' });
  const after = await contents(database.sql);
  for (let again = 0; again < 3; again++) {
    expect(await dpg.as('asha').actions.perform(request)).toEqual(now);
    expect(await dpg.as('ravi').actions.transition(action, first)).toEqual(now);
  }
  expect(now).toMatchObject({ action_status: 'done', update_count: 2 });
  expect(await contents(database.sql)).toEqual(after);
});

test('an upsert with other content replaces the item, and its first content again replaces that', async () => {
  const item_id = randomUUID();
  const one = student({ item_id, item_state: { n: 1 } });
  const two = student({ item_id, item_state: { n: 2 } });
  const first = await dpg.as('asha').items.upsert(one);
  const second = await dpg.as('asha').items.upsert(two);
  const third = await dpg.as('asha').items.upsert(one);
  expect([first, second, third].map((item) => item.item_state)).toEqual([{ n: 1 }, { n: 2 }, { n: 1 }]);
  expect(second.updated_at > first.updated_at && third.updated_at > second.updated_at).toBe(true);
  expect(third.created_at).toBe(first.created_at);
});

test('a repeated delete is DP002', async () => {
  const item = await dpg.as('asha').items.upsert(student());
  expect(await dpg.as('asha').items.delete(item)).toEqual(item);
  for (let again = 0; again < 3; again++) {
    expect(await errorOf(dpg.as('asha').items.delete(item))).toMatchObject({ code: 'DP002' });
  }
});
