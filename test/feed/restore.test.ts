// A dump of a database with traffic, restored into a new cluster that is younger than the dumped one: the feed goes on.
// pg_dump comes with PostgreSQL, not with npm; it dumps servers that are no newer than itself.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { expect, inject, onTestFinished, test } from 'vitest';
import { startEmbedded } from '../support/embedded.js';
import { installedWith, run } from '../support/installed.js';
import { migrateToCurrent } from '../support/migrations.js';
import { connectTo, withAdmin } from '../support/server.js';
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

const [tools] = installedWith('pg_dump', 'pg_restore');
if (!tools) console.log('SKIPPED: the feed after a dump and restore (no pg_dump on this machine)');
const version = Number.parseInt(inject('serverVersion'), 10);
const settings = { fsync: 'off', synchronous_commit: 'off' };

test.skipIf(!tools)(
  'a dump of a busy database, restored into a younger cluster that then crashes, goes on with its feed',
  async () => {
    // the server of this run, or a 15 where pg_dump is older than that
    let home = connectTo(inject('adminUrl'));
    const name = `${inject('prefix')}_feed_dumped`;
    if (version > Number(tools?.version)) {
      const server = await startEmbedded('15', { settings });
      onTestFinished(() => server.stop());
      home = connectTo(server.adminUrl);
    }
    const url = await home.createDatabase(name);
    onTestFinished(() => home.dropDatabase(name));
    await migrateToCurrent(url);
    const sql = postgres(url, { max: 2, onnotice: () => undefined });
    await prepare(sql);
    await sql`select dpg.create_subscription('all')`;
    const [shared = '', ...own] = await newActions(sql, 13);
    // transaction ids here are far ahead of those in a new cluster
    for (let i = 0; i < 2000; i++) await sql`select pg_current_xact_id()`;

    let isRunning = true;
    const sessions = Array.from({ length: 5 }, (_, i) => new Session(url, `feed ${i}`));
    const traffic = Promise.all(
      sessions.map((session, i) =>
        i < 4
          ? write(session, own.slice(i * 3, i * 3 + 3), shared, () => isRunning)
          : read(session, 'all', () => isRunning),
      ),
    );
    while ((await eventCount(sql)) < 2000) await wait(20);
    const folder = await mkdtemp(join(tmpdir(), 'dpg-feed-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const dump = join(folder, 'dump');
    await run(join(tools?.bin ?? '', 'pg_dump'), ['--format=custom', `--file=${dump}`, url]);
    isRunning = false;
    await traffic;
    for (const session of sessions) await session.end();
    const [lastGiven] = await sql`select max("position")::text as "position" from dpg_private.feed_positions`;
    await sql.end();

    const younger = await startEmbedded(String(version), { settings });
    onTestFinished(() => younger.stop());
    const there = await connectTo(younger.adminUrl).createDatabase('feed');
    await withAdmin(there, (admin) =>
      admin.unsafe(
        'create role dpg_app nologin; create role dpg_readonly nologin; create role dpg_admin nologin',
      ),
    );
    await run(join(tools?.bin ?? '', 'pg_restore'), ['--exit-on-error', `--dbname=${there}`, dump]);
    const restored = postgres(there, { max: 2, onnotice: () => undefined });
    const [dumped] =
      await restored`select count(*)::integer as placed, max("position")::text as last from dpg_private.feed_positions`;
    expect(dumped?.placed).toBeGreaterThan(100);
    const writer = new Session(there, 'feed writer');
    const reader = new Session(there, 'feed reader');
    const target = (await eventCount(restored)) + 1000;
    let isWriting = true;
    let isReading = true;
    const writing = write(writer, own.slice(0, 3), shared, () => isWriting);
    const reading = read(reader, 'all', () => isReading);
    while ((await eventCount(restored)) < target - 500) await wait(20);
    // and a crash on top
    await younger.embedded.crash();
    await younger.embedded.restart();
    while ((await eventCount(restored).catch(() => 0)) < target) await wait(20);
    isWriting = false;
    await writing;
    while (Number((await restored`select lag_events from dpg.subscription_status`)[0]?.lag_events) > 0)
      await wait(20);
    isReading = false;
    await reading;
    await writer.end();
    await reader.end();

    const found = await findings(restored);
    expect(found).toMatchObject(FAULTLESS);
    expect(found.applied).toBe(found.events);
    // none that the dumped database gave out after the dump is given to another event
    const [next] = await restored`
    select min("position")::text as "position" from dpg_private.feed_positions where "position" > ${dumped?.last}::bigint`;
    expect(BigInt(next?.position)).toBeGreaterThan(BigInt(lastGiven?.position));
    await restored.end();
  },
  120_000,
);
