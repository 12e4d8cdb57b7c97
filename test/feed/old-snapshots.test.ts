// The functions of the feed that may run in every isolation level: what has changed since the transaction's snapshot ends
// them in 40001, so that the caller repeats the transaction. None goes round in a circle, and none says what is no longer so.

import type postgres from 'postgres';
import { beforeEach, describe, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';
import { newActions, prepare } from './traffic.js';

const database = await testDatabase();
const { sql } = database;
let isPrepared = false;

beforeEach(async () => {
  if (!isPrepared) {
    await prepare(sql);
    await newActions(sql, 5);
  }
  isPrepared = true;
  await sql`select dpg.drop_subscription(subscription) from dpg.subscriptions`;
  await sql`select dpg.create_subscription('all')`;
});

/** A call in a transaction whose snapshot was taken before the change; its code, or what it returned. */
async function late(level: string, change: string, call: string): Promise<unknown> {
  const session = await database.connect({ max: 1, connection: { statement_timeout: 10_000 } }).reserve();
  try {
    await session.unsafe(`begin isolation level ${level}`);
    await session`select count(*) from dpg.subscriptions`;
    await sql.unsafe(change);
    const [row] = await session.unsafe(`select (${call})::text as result`);
    await session`commit`;
    return row?.result;
  } catch (error) {
    await session`rollback`;
    return (error as postgres.PostgresError).code;
  } finally {
    session.release();
  }
}

const HANDED_OUT = `select dpg.read_events('all')`;
const DEAD = `select dpg.read_events('all'); select dpg.fail_event('all', 2, 'no', 1)`;

const cases: [call: string, change: string][] = [
  // the row is there and cannot be seen
  [`dpg.create_subscription('new')`, `select dpg.create_subscription('new')`],
  [`dpg.acknowledge('all', 5)`, HANDED_OUT],
  [`dpg.acknowledge('all', 0)`, `select dpg.drop_subscription('all')`],
  [`dpg.release_events('all')`, HANDED_OUT],
  [`dpg.fail_event('all', 2, 'no', 1)`, HANDED_OUT],
  // 0.1.0 said that there was nothing to settle or to retry
  [`dpg.settle_event('all', 2)`, DEAD],
  [`select count(*) from dpg.retry_events('all')`, DEAD],
  [`dpg.drop_subscription('all')`, DEAD],
];

describe.each(['repeatable read', 'serializable'])('%s', (level) => {
  test.each(cases)('%s after %s', async (call, change) => {
    expect(await late(level, change, call)).toBe('40001');
  });

  test('what nobody has changed goes on', async () => {
    await sql.unsafe(DEAD);
    expect(await late(level, 'select 1', `dpg.acknowledge('all', 1)`)).toBe('1');
    expect(await late(level, 'select 1', `dpg.settle_event('all', 2)`)).toBe('true');
    expect(await late(level, 'select 1', `dpg.create_subscription('other')`)).toMatch(/^\(other,/);
  });
});
