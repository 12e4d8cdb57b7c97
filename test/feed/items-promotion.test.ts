// A replica that is promoted while items change: a follower goes on there, and its copy is what the table holds. No position
// that the lost server may have given out is given again. Two servers from npm.

import postgres from 'postgres';
import { expect, inject, onTestFinished, test } from 'vitest';
import { startEmbedded } from '../support/embedded.js';
import { migrateToCurrent } from '../support/migrations.js';
import { hasOwnServers, startReplica } from '../support/replica.js';
import { connectTo } from '../support/server.js';
import { goesOn, ids, prepareItems, traffic } from './item-traffic.js';
import { wait } from './traffic.js';

const version = String(Number.parseInt(inject('serverVersion'), 10));
if (!hasOwnServers) console.log('SKIPPED: promotion of a replica (no servers of our own on this machine)');

test.skipIf(!hasOwnServers)(
  'a promoted replica goes on with the feed of items where the lost server was',
  async () => {
    const settings = { fsync: 'off', wal_level: 'replica', max_wal_senders: '5', wal_keep_size: '256MB' };
    const primary = await startEmbedded(version, { settings });
    onTestFinished(() => primary.stop());
    const url = await connectTo(primary.adminUrl).createDatabase('feed');
    await migrateToCurrent(url);
    const sql = postgres(url, { max: 4, onnotice: () => undefined });
    await prepareItems(sql);
    await sql`select dpg.create_item_subscription('copy')`;
    const own = ids(4, 50);
    const running = traffic(url, own, 2);
    const standby = await startReplica(primary.adminUrl, primary.embedded.directory);
    const replica = connectTo(standby.adminUrl).url('feed');
    while (running.tally.changes < 3000) await wait(20);
    const there = postgres(replica, { max: 1, onnotice: () => undefined });
    for (const call of [
      "read_item_changes('copy')",
      'read_item_changes(null)',
      "create_item_subscription('x')",
    ])
      await expect(there.unsafe(`select * from dpg.${call}`), call).rejects.toMatchObject({ code: '25006' });
    await there.end();

    await primary.embedded.crash();
    await running.stop();
    await sql.end({ timeout: 1 });
    const promoted = postgres(replica, { max: 4, onnotice: () => undefined });
    await promoted`select pg_promote()`;
    await goesOn(promoted, replica, own);
    await promoted.end();
  },
  120_000,
);
