// A replica that is promoted while there is traffic: what it has of the events is all in its feed, at the positions they
// had, and no position that the lost server may have given out is given to another event. Two servers from npm.

import postgres from 'postgres';
import { expect, inject, onTestFinished, test } from 'vitest';
import { startEmbedded } from '../support/embedded.js';
import { migrateToCurrent } from '../support/migrations.js';
import { hasOwnServers, startReplica } from '../support/replica.js';
import { connectTo } from '../support/server.js';
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

const version = String(Number.parseInt(inject('serverVersion'), 10));
if (!hasOwnServers) console.log('SKIPPED: promotion of a replica (no servers of our own on this machine)');

test.skipIf(!hasOwnServers)(
  'a promoted replica goes on with the feed where the lost server was',
  async () => {
    const settings = { fsync: 'off', wal_level: 'replica', max_wal_senders: '5', wal_keep_size: '256MB' };
    const primary = await startEmbedded(version, { settings });
    onTestFinished(() => primary.stop());
    const url = await connectTo(primary.adminUrl).createDatabase('feed');
    await migrateToCurrent(url);
    const sql = postgres(url, { max: 4, onnotice: () => undefined });
    await prepare(sql);
    await sql`select dpg.create_subscription('all')`;
    const [shared = '', ...own] = await newActions(sql, 13);

    let isRunning = true;
    const sessions = Array.from({ length: 6 }, (_, i) => new Session(url, `feed ${i}`));
    const traffic = Promise.all(
      sessions.map((session, i) =>
        i < 4
          ? write(session, own.slice(i * 3, i * 3 + 3), shared, () => isRunning)
          : read(session, 'all', () => isRunning),
      ),
    );
    const standby = await startReplica(primary.adminUrl, primary.embedded.directory);
    const replica = { url: connectTo(standby.adminUrl).url('feed') };
    while ((await eventCount(sql)) < 3000) await wait(20);

    // a reader that was sent to the replica by mistake is told so, also where there would be nothing to read
    const there = postgres(replica.url, { max: 1, onnotice: () => undefined });
    for (const read of [
      "read_events('all')",
      'read_events(null)',
      "read_retries('all')",
      "read_retries('unknown')",
    ])
      await expect(there.unsafe(`select * from dpg.${read}`), read).rejects.toMatchObject({
        code: '25006',
        message: expect.stringMatching(/^dpg\.read_\w+ cannot run on a standby$/),
      });
    await there.end();

    await primary.embedded.crash();
    isRunning = false;
    await traffic;
    for (const session of sessions) await session.end();
    await sql.end({ timeout: 1 });
    const promoted = postgres(replica.url, { max: 4, onnotice: () => undefined });
    await promoted`select pg_promote()`;
    const before =
      await promoted`select f."position"::text, f.event_id from dpg_private.feed_positions f order by f."position"`;
    expect(before.length).toBeGreaterThan(500);

    const again = Array.from({ length: 4 }, (_, i) => new Session(replica.url, `feed ${i}`));
    const target = (await eventCount(promoted)) + 2000;
    let isWriting = true;
    let isReading = true;
    const writing = again
      .slice(0, 3)
      .map((one, i) => write(one, own.slice(i * 3, i * 3 + 3), shared, () => isWriting));
    const reading = again.slice(3).map((one) => read(one, 'all', () => isReading));
    while ((await eventCount(promoted)) < target) await wait(20);
    isWriting = false;
    await Promise.all(writing);
    while (Number((await promoted`select lag_events from dpg.subscription_status`)[0]?.lag_events) > 0)
      await wait(20);
    isReading = false;
    await Promise.all(reading);
    for (const session of again) await session.end();

    const found = await findings(promoted);
    expect(found).toMatchObject(FAULTLESS);
    expect(found.applied).toBe(found.events);
    const after =
      await promoted`select f."position"::text, f.event_id from dpg_private.feed_positions f order by f."position"`;
    expect(after.slice(0, before.length)).toEqual([...before]);
    const last = BigInt(before.at(-1)?.position);
    expect(BigInt(after[before.length]?.position)).toBeGreaterThan(last + 1_000_000_000n);
    await promoted.end();
  },
  120_000,
);
