// Two transactions of two calls each, of one subscription, in crossing order: the first call of one is the second of the
// other. Each is told to go on only when the other has come as far as it can, so that nothing is left to luck. Every call
// locks the subscription before it locks a failure, so whoever comes second waits with empty hands; a deadlock is 40P01.

import type postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newActions, prepare } from '../feed/traffic.js';
import { testDatabase } from '../support/test-database.js';
import { until } from './sessions.js';

const database = await testDatabase();
const { sql } = database;

/** Positions 1 and 2 are dead, 3 and 4 are to be tried again, 5 fails, 6 to 8 are leased. */
const CALLS: Record<string, string> = {
  'acknowledge 5': `dpg.acknowledge('all', 5)`,
  release_events: `dpg.release_events('all')`,
  'fail_event 1': `dpg.fail_event('all', 1, 'no')`,
  'fail_event 5': `dpg.fail_event('all', 5, 'no')`,
  'settle_event 1': `dpg.settle_event('all', 1)`,
  'settle_event 2': `dpg.settle_event('all', 2)`,
  'settle_event 5': `dpg.settle_event('all', 5)`,
  retry_events: `dpg.retry_events('all')`,
  'retry_events 2': `dpg.retry_events('all', 2)`,
  read_retries: `dpg.read_retries('all')`,
  'read_retries of one': `dpg.read_retries('all', 1)`,
  read_events: `dpg.read_events('all', 1)`,
};
const names = Object.keys(CALLS);
const pairs = names.flatMap((one, i) => names.slice(i + 1).map((other): [string, string] => [one, other]));

class Side {
  failure: string | undefined;
  #isBusy = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    readonly session: postgres.ReservedSql,
    readonly pid: number,
  ) {}

  /** After what it was told before. */
  tell(statement: string): void {
    this.#isBusy = true;
    const mine = this.#last
      .then(() => this.session.unsafe(statement))
      .catch((error: postgres.PostgresError) => {
        this.failure ??= `${error.code} ${error.message}`;
      })
      .then(() => {
        if (this.#last === mine) this.#isBusy = false;
      });
    this.#last = mine;
  }

  /** Until it has done what it was told, or waits for a lock. */
  async rests(): Promise<void> {
    await until('the session is done or waits', async () => {
      if (!this.#isBusy) return true;
      const [row] = await sql`
        select exists (select from pg_locks l where l.pid = ${this.pid} and not l.granted) as is_waiting`;
      return row?.is_waiting === true;
    });
  }

  done(): Promise<unknown> {
    return this.#last;
  }
}

async function side(): Promise<Side> {
  const session = await database.connect({ max: 1 }).reserve();
  await session`set deadlock_timeout = '20ms'`;
  const [row] = await session`select pg_backend_pid() as pid`;
  return new Side(session, Number(row?.pid));
}

let left: Side;
let right: Side;

beforeAll(async () => {
  await prepare(sql);
  await newActions(sql, 10);
  left = await side();
  right = await side();
});
afterAll(() => {
  left.session.release();
  right.session.release();
});
beforeEach(async () => {
  await sql.unsafe(`
    do $body$
    begin
      if exists (select from dpg.subscriptions) then
        perform dpg.drop_subscription('all');
      end if;
      perform dpg.create_subscription('all');
      perform dpg.read_events('all', 8);
      -- stored in an order that is not that of the positions
      perform dpg.fail_event('all', p, 'no', 1) from unnest(array[4, 3]) p;
      perform dpg.retry_events('all');
      perform dpg.fail_event('all', p, 'no', 1) from unnest(array[2, 1]) p;
      perform dpg.fail_event('all', 5, 'no');
    end
    $body$`);
  left.failure = undefined;
  right.failure = undefined;
});

async function cross(one: string, other: string): Promise<string[]> {
  for (const each of [left, right]) each.tell('begin');
  await Promise.all([left.done(), right.done()]);
  left.tell(`select ${one}`);
  await left.rests();
  right.tell(`select ${other}`);
  await right.rests();
  left.tell(`select ${other}`);
  await left.rests();
  right.tell(`select ${one}`);
  await right.rests();
  left.tell('rollback');
  right.tell('rollback');
  await Promise.all([left.done(), right.done()]);
  return [left.failure, right.failure].filter((failure) => failure !== undefined);
}

describe('two calls in crossing order end without a deadlock', () => {
  test.each(pairs)('%s and %s', async (one, other) => {
    expect(await cross(CALLS[one] as string, CALLS[other] as string)).toEqual([]);
  });
});

test('a subscription that is dropped while another session settles its failures', async () => {
  // left comes first and is rolled back; right drops it then, and settles nothing of what is gone
  expect(await cross(`dpg.settle_event('all', 2)`, `dpg.drop_subscription('all')`)).toEqual([
    'DP001 subscription is no subscription: "all"',
  ]);
});
