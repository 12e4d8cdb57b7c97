// Eight writers with pauses, savepoints and rollbacks, three readers of one subscription, and somebody who kills the
// sessions of both: every event is applied, once, those of an action in their order.

import { expect, test } from 'vitest';
import { soak } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import {
  eventCount,
  FAULTLESS,
  findings,
  newActions,
  prepare,
  read,
  Session,
  wait,
  write,
} from './traffic.js';

const WRITERS = 8;
const READERS = 3;
const EVENTS = soak(5_000, 400_000);
const database = await testDatabase();

test(
  `nothing is skipped, doubled or out of order among ${EVENTS} events under kills`,
  async () => {
    const { sql } = database;
    await prepare(sql);
    await sql`select dpg.create_subscription('all')`;
    const [shared = '', ...own] = await newActions(sql, 1 + WRITERS * 3);
    const writers = Array.from({ length: WRITERS }, (_, i) => new Session(database.url, `feed writer ${i}`));
    const readers = Array.from({ length: READERS }, (_, i) => new Session(database.url, `feed reader ${i}`));

    let isWriting = true;
    let isReading = true;
    const writing = writers.map((writer, i) =>
      write(writer, own.slice(i * 3, i * 3 + 3), shared, () => isWriting),
    );
    const reading = readers.map((reader) => read(reader, 'all', () => isReading));
    // a mistake in one of them ends the test
    const mistakes = Promise.all([...writing, ...reading]);

    let kills = 0;
    const killing = (async () => {
      while ((await eventCount(sql)) < EVENTS) {
        const killed = await sql`
        select pg_terminate_backend(a.pid)
        from (
          select pid from pg_stat_activity
          where datname = current_database() and application_name like 'feed %' and state <> 'idle'
          order by random() limit 1
        ) a`;
        kills += killed.length;
        await wait(150);
      }
      isWriting = false;
      await Promise.all(writing);
      while (Number((await sql`select lag_events from dpg.subscription_status`)[0]?.lag_events) > 0)
        await wait(50);
      isReading = false;
    })();
    await Promise.all([killing, mistakes]);

    const found = await findings(sql);
    expect(found).toMatchObject(FAULTLESS);
    expect(found.applied).toBe(found.events);
    expect(found.events).toBeGreaterThanOrEqual(EVENTS);
    expect(kills).toBeGreaterThan(0);
    for (const ended of [...writers, ...readers]) await ended.end();

    // one of a filter gets its part of it, at the same positions
    await sql`select dpg.create_subscription('visits', action_type => 'visit')`;
    const visits: string[] = [];
    for (;;) {
      const batch = await sql`select e."position"::text, e.event_id from dpg.read_events('visits', 777) e`;
      if (batch.length === 0) break;
      visits.push(...batch.map(({ position, event_id }) => `${position} ${event_id}`));
      await sql`select dpg.acknowledge('visits', ${batch.at(-1)?.position}::bigint)`;
    }
    const expected = await sql`
    select a."position"::text || ' ' || a.event_id as visit
    from public.applied a join dpg.action_events e on e.event_id = a.event_id and e.action_type = 'visit'
    order by a."position"`;
    expect(visits).toEqual(expected.map(({ visit }) => visit));
  },
  soak(180_000, 1_800_000),
);
