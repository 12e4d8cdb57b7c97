// Eight writers with pauses, savepoints, rollbacks, deletions and an erasure, three followers of one subscription, and
// somebody who kills the sessions of both: at the end the follower's copy is what the table holds.

import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { soak } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { backlog, change, differences, followItems, prepareItems, type Tally } from './item-traffic.js';
import { Session, wait } from './traffic.js';

const WRITERS = 8;
const FOLLOWERS = 3;
const CHANGES = soak(20_000, 400_000);
const database = await testDatabase();

test(
  `a copy equals the items after ${CHANGES} changes under kills`,
  async () => {
    const { sql } = database;
    await prepareItems(sql);
    await sql`select dpg.create_item_subscription('copy')`;
    const writers = Array.from({ length: WRITERS }, (_, i) => new Session(database.url, `feed writer ${i}`));
    const readers = Array.from(
      { length: FOLLOWERS },
      (_, i) => new Session(database.url, `feed reader ${i}`),
    );

    let isWriting = true;
    let isReading = true;
    const tally: Tally = { changes: 0 };
    const writing = writers.map((writer) =>
      change(
        writer,
        Array.from({ length: 100 }, () => randomUUID()),
        tally,
        () => isWriting,
      ),
    );
    const reading = readers.map((reader) => followItems(reader, 'copy', () => isReading));
    // a mistake in one of them ends the test
    const mistakes = Promise.all([...writing, ...reading]);

    let kills = 0;
    const killing = (async () => {
      let isErased = false;
      while (tally.changes < CHANGES) {
        const killed = await sql`
          select pg_terminate_backend(a.pid)
          from (
            select pid from pg_stat_activity
            where datname = current_database() and application_name like 'feed %' and state <> 'idle'
            order by random() limit 1
          ) a`;
        kills += killed.length;
        if (!isErased && tally.changes > CHANGES / 2) {
          await sql`select dpg.erase_user('dba', 'mira', 'demanded')`.catch(({ code }) =>
            expect(code).toBe('40P01'),
          );
          isErased = true;
        }
        await wait(150);
      }
      isWriting = false;
      await Promise.all(writing);
      while (Number((await sql`select lag_events from dpg.subscription_status`)[0]?.lag_events) > 0)
        await wait(50);
      isReading = false;
    })();
    await Promise.all([killing, mistakes]);

    expect(await differences(sql)).toBe(0);
    expect(await backlog(sql)).toEqual({ rows: 0, most: 0 });
    expect(kills).toBeGreaterThan(0);
    const [copied] = await sql`select count(*)::integer as items from public.copy`;
    expect(copied?.items).toBeGreaterThan(0);
    for (const ended of [...writers, ...readers]) await ended.end();
  },
  soak(240_000, 1_800_000),
);
