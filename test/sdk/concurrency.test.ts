import { beforeAll, expect, test } from 'vitest';
import { createDpg, VersionConflictError } from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, student, tutor } from './story.js';

const SESSIONS = 16;
const database = await testDatabase();
const dpg = createDpg(database.sql);
const sessions = Array.from({ length: SESSIONS }, () => createDpg(database.connect({ max: 1 })));

beforeAll(async () => {
  await addUsers(database.sql, 'asha', 'ravi');
  await Promise.all(sessions.map((session) => session.sql`select 1`));
});

const together = <Result>(call: (session: typeof dpg, i: number) => Promise<Result>) =>
  Promise.allSettled(sessions.map(call));

test('16 sessions that write the first item of the same new network and domain at once all succeed', async () => {
  for (const round of ['one', 'two', 'three']) {
    const at = { item_network: `race_${round}`, item_domain: 'student' };
    const results = await together((session) => session.as('asha').items.upsert(student(at)));
    expect(results.map((result) => result.status)).toEqual(Array(SESSIONS).fill('fulfilled'));
    expect(await dpg.items.count(at)).toBe(BigInt(SESSIONS));
    expect(await dpg.partitions.list({ root: 'items', network: at.item_network })).toHaveLength(1);
  }
});

test('so do 16 that perform the first action of a new type', async () => {
  const source = await dpg.as('asha').items.upsert(student());
  const target = await dpg.as('ravi').items.upsert(tutor());
  const results = await together((dpg) =>
    dpg.as('asha').actions.perform({ action_type: 'race', source, target }),
  );
  expect(results.map((result) => result.status)).toEqual(Array(SESSIONS).fill('fulfilled'));
  expect((await dpg.as('ravi').events.find({ action_type: 'race' })).rows).toHaveLength(SESSIONS);
});

test('of 16 that expect the same update count one wins, and the others are told', async () => {
  const source = await dpg.as('asha').items.upsert(student());
  const target = await dpg.as('ravi').items.upsert(tutor());
  const action = await dpg.as('asha').actions.perform({ action_type: 'connect', source, target });
  const results = await together((session, i) =>
    session.as(i % 2 ? 'asha' : 'ravi').actions.transition(action, {
      action_status: `status ${i}`,
      expected_update_count: 0,
    }),
  );
  const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  expect(won).toHaveLength(1);
  expect(lost).toHaveLength(SESSIONS - 1);
  for (const error of lost) expect(error).toBeInstanceOf(VersionConflictError);
  expect(await dpg.as('asha').actions.get(action)).toEqual(won[0]);
  expect((await dpg.as('asha').events.find({ action_id: action.action_id })).rows).toHaveLength(2);
});

test('without an expectation all 16 come through, one after the other', async () => {
  const source = await dpg.as('asha').items.upsert(student());
  const target = await dpg.as('ravi').items.upsert(tutor());
  const action = await dpg.as('asha').actions.perform({ action_type: 'connect', source, target });
  await together((session, i) =>
    session.as('ravi').actions.transition(action, { action_status: `status ${i}` }),
  );
  const { rows } = await dpg.as('asha').events.find({ action_id: action.action_id });
  expect(rows.map((row) => row.update_count)).toEqual(Array.from({ length: 17 }, (_, i) => 16 - i));
  expect(rows.map((row) => row.created_at)).toEqual(
    rows
      .map((row) => row.created_at)
      .sort()
      .reverse(),
  );
});

test('of 16 that change what they have seen of an item one wins', async () => {
  const item = await dpg.as('asha').items.upsert(student());
  const results = await together((session, i) =>
    session.as('asha').items.update(item, {
      changes: { item_state: { i } },
      expected_updated_at: item.updated_at,
    }),
  );
  const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  expect(lost).toHaveLength(SESSIONS - 1);
  for (const error of lost) expect(error).toBeInstanceOf(VersionConflictError);
});
