// In which transactions the feed is read: only where a statement sees what is committed when it begins. Elsewhere what
// was committed since the transaction's snapshot would count as swept, and nobody would ever see it.

import type postgres from 'postgres';
import { beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';
import { newActions, prepare } from './traffic.js';

const database = await testDatabase();
const { sql } = database;

beforeAll(async () => {
  await prepare(sql);
  await sql`select dpg.create_subscription('all')`;
  await newActions(sql, 3);
  await sql.unsafe(`
    create function public.read_by_another() returns bigint language plpgsql as $body$
    begin
      return (select count(*) from dpg.read_events('all'));
    end
    $body$`);
});

const READS = [
  `select * from dpg.read_events('all')`,
  `select * from dpg.read_retries('all')`,
  `select dpg_private.place_events()`,
  `select public.read_by_another()`,
  `select * from dpg.confirm_lost_events('dba', 'yellow_dot', 'connect', 'a test')`,
  // before the arguments are looked at
  `select * from dpg.read_events(null, -1)`,
  `select * from dpg.read_retries('unknown')`,
];

/** The refusal of a statement after the one that begins a transaction. */
async function refusal(session: postgres.ReservedSql, begin: string, read: string) {
  await session.unsafe(begin);
  const { code, hint, detail } = await session.unsafe(read).then(
    () => ({ code: 'none', hint: undefined, detail: undefined }),
    (error) => error as postgres.PostgresError,
  );
  await session`rollback`;
  return { code, hint, detail: JSON.parse(detail ?? 'null') };
}

const sent = (read: string) => /dpg\w*\.\w+/.exec(read)?.[0] ?? 'dpg.read_events';

test.each(READS)('%s is refused in repeatable read, serializable and read only', async (read) => {
  const session = await database.connect({ max: 1 }).reserve();
  for (const isolation of ['repeatable read', 'serializable'])
    expect(await refusal(session, `begin isolation level ${isolation}`, read)).toEqual({
      code: '25000',
      hint: expect.stringContaining('begin isolation level read committed'),
      detail: { function: sent(read), isolation },
    });
  expect(await refusal(session, 'begin read only', read)).toEqual({
    code: '25006',
    hint: expect.stringContaining('primary'),
    detail: { function: sent(read), is_standby: false },
  });
  session.release();
});

test('a level that the session has by default is refused as well, and one that is stated is not', async () => {
  const session = await database
    .connect({ max: 1, connection: { default_transaction_isolation: 'serializable' } })
    .reserve();
  expect(await refusal(session, 'begin', READS[0] as string)).toMatchObject({ code: '25000' });
  await session`begin isolation level read committed`;
  expect(await session`select from dpg.read_events('all')`).toHaveLength(3);
  await session`rollback`;
  session.release();
});

test('what was committed since the snapshot of such a transaction comes', async () => {
  const session = await database.connect({ max: 1 }).reserve();
  for (let round = 0; round < 2; round++) {
    await session`begin isolation level repeatable read`;
    await session`select count(*) from dpg.subscriptions`;
    // as many as make the sweep begin
    await newActions(sql, 600);
    await session`select * from dpg.read_events('all')`.catch(() => undefined);
    await session`commit`.catch(() => undefined);
  }
  session.release();
  let count = 0;
  for (;;) {
    const [batch] = await sql`
      select count(*)::integer as events, max(e."position")::text as last from dpg.read_events('all') e`;
    if (!batch?.events) break;
    count += batch.events;
    await sql`select dpg.acknowledge('all', ${batch.last}::bigint)`;
  }
  expect(count).toBe(3 + 2 * 600);
  const [waiting] = await sql`select count(*)::integer as events from dpg_private.event_queue`;
  expect(waiting?.events).toBe(0);
});
