// What 0.1.0 may have left: events that a read under repeatable read counted as swept. The real fault, by the functions as
// they were then; the migration brings the events back.

import { expect, onTestFinished, test } from 'vitest';
import { folderOfRelease, migrate, migrateToCurrent } from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';
import { newActions, prepare } from './traffic.js';

const database = await testDatabase({ from: 'empty' });
const { sql } = database;

async function drain(): Promise<number> {
  let count = 0;
  for (;;) {
    const [batch] = await sql`
      select count(*)::integer as events, max(e."position")::text as last from dpg.read_events('all') e`;
    if (!batch?.events) return count;
    count += batch.events;
    await sql`select dpg.acknowledge('all', ${batch.last}::bigint)`;
  }
}

const swept = async () => {
  const [row] = await sql`
    select s.swept_seq::integer as seq,
      (select count(*)::integer from dpg_private.event_queue q where q.seq <= s.swept_seq) as events
    from dpg_private.feed_state s`;
  return row as unknown as { seq: number; events: number };
};

test('the migration brings back what a read under an old snapshot has lost', async () => {
  const release = await folderOfRelease(2); // 0.1.0
  onTestFinished(release.remove);
  await migrate(database.url, release.folder);
  await prepare(sql);
  await sql`select dpg.create_subscription('all')`;
  await newActions(sql, 3);
  const session = await database.connect({ max: 1 }).reserve();
  await session`begin isolation level repeatable read`;
  await session`select count(*) from dpg_private.event_queue`;
  await newActions(sql, 600);
  await session`select count(*) from dpg.read_events('all')`;
  await session`commit`;
  session.release();
  expect(await swept()).toEqual({ seq: 603, events: 600 });
  await sql`select dpg.release_events('all')`;
  expect(await drain()).toBe(3);
  const before = await sql`select * from dpg.subscriptions`;
  const failed = await sql`select * from dpg.fail_event('all', 2, 'no', 1)`;

  await migrateToCurrent(database.url);
  expect(await swept()).toEqual({ seq: 3, events: 0 });
  // rows are as they were, with a column more
  expect((await sql`select * from dpg.subscriptions`)[0]).toMatchObject({
    subscription: 'all',
    acknowledged_position: before[0]?.acknowledged_position,
    lease_id: null,
  });
  expect(await sql`select * from dpg.failed_events`).toEqual([{ ...failed[0], lease_id: null }]);
  expect(await drain()).toBe(600);
  const [left] = await sql`
    select (select count(*)::integer from dpg_private.event_queue) as queued,
      (select count(distinct f.event_id)::integer from dpg_private.feed_positions f) as placed`;
  expect(left).toEqual({ queued: 0, placed: 603 });
  // nobody goes on searching from the beginning
  expect((await swept()).seq).toBe(603);
});
