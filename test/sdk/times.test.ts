// Times are text with microseconds. A Date keeps milliseconds, so a version that went through one matches nothing.

import { beforeAll, expect, test } from 'vitest';
import { createDpg, InvalidArgumentError, VersionConflictError } from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, errorOf, student } from './story.js';

const database = await testDatabase();
const dpg = createDpg(database.sql);
const asha = dpg.as('asha');

beforeAll(() => addUsers(database.sql, 'asha'));

/** An item whose updated_at has microseconds that are not 0. */
async function itemWithMicroseconds() {
  const { item_id } = await asha.items.upsert(student());
  await database.sql`
    update dpg.items set updated_at = date_trunc('milliseconds', updated_at) + interval '456 microseconds'
    where item_id = ${item_id}`;
  const { rows } = await asha.items.find({ item_network: 'yellow_dot', item_domain: 'student' });
  return rows.find((row) => row.item_id === item_id) as (typeof rows)[number];
}

test('a Date is refused before anything is sent, and the hint says why', async () => {
  const item = await itemWithMicroseconds();
  const expected_updated_at = new Date(item.updated_at);
  // @ts-expect-error a Date is no time
  const call = asha.items.update(item, { changes: { item_state: {} }, expected_updated_at });
  const error = (await errorOf(call)) as InvalidArgumentError;
  expect(error).toBeInstanceOf(InvalidArgumentError);
  expect(error.detail).toMatchObject({ argument: 'expected_updated_at' });
  expect(error.hint).toMatch(/^Pass the time as text, as it was read: a Date keeps milliseconds/);
  // @ts-expect-error the same for the time of an event
  const event = (await errorOf(dpg.events.store({ created_at: new Date() }))) as InvalidArgumentError;
  const issues = (event.cause as { issues: { path: unknown[]; message: string }[] }).issues;
  expect(issues.find(({ path }) => path.includes('created_at'))?.message).toMatch(/^Pass the time as text/);
});

test('text that went through a Date is told to be passed as it was read', async () => {
  const item = await itemWithMicroseconds();
  const update = (expected_updated_at: string) =>
    asha.items.update(item, { changes: { item_state: { n: 1 } }, expected_updated_at });
  const error = (await errorOf(update(new Date(item.updated_at).toISOString()))) as VersionConflictError;
  expect(error).toBeInstanceOf(VersionConflictError);
  expect(error.hint).toMatch(/^Pass updated_at as text, as it was read/);
  expect((await update(item.updated_at)).item_state).toEqual({ n: 1 });
  const late = (await errorOf(update(item.updated_at))) as VersionConflictError;
  expect(late.hint).toMatch(/^Read the item again/);
});
