// A dump of a database whose items change, restored into a new cluster: a follower goes on there, and its copy is what the
// table holds. pg_dump comes with PostgreSQL, not with npm; it dumps servers that are no newer than itself.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { expect, inject, onTestFinished, test } from 'vitest';
import { startEmbedded } from '../support/embedded.js';
import { installedWith, run } from '../support/installed.js';
import { migrateToCurrent } from '../support/migrations.js';
import { connectTo, withAdmin } from '../support/server.js';
import { goesOn, ids, prepareItems, traffic } from './item-traffic.js';
import { wait } from './traffic.js';

const [tools] = installedWith('pg_dump', 'pg_restore');
if (!tools) console.log('SKIPPED: the feed of items after a dump and restore (no pg_dump on this machine)');
const version = Number.parseInt(inject('serverVersion'), 10);
const settings = { fsync: 'off', synchronous_commit: 'off' };

test.skipIf(!tools)(
  'a dump of a busy database, restored into another cluster, goes on with its feed of items',
  async () => {
    // the server of this run, or a 15 where pg_dump is older than that
    let home = connectTo(inject('adminUrl'));
    const name = `${inject('prefix')}_items_dumped`;
    if (version > Number(tools?.version)) {
      const server = await startEmbedded('15', { settings });
      onTestFinished(() => server.stop());
      home = connectTo(server.adminUrl);
    }
    const url = await home.createDatabase(name);
    onTestFinished(() => home.dropDatabase(name));
    await migrateToCurrent(url);
    const sql = postgres(url, { max: 2, onnotice: () => undefined });
    await prepareItems(sql);
    await sql`select dpg.create_item_subscription('copy')`;
    const own = ids(4, 50);
    const running = traffic(url, own, 2);
    while (running.tally.changes < 3000) await wait(20);
    const folder = await mkdtemp(join(tmpdir(), 'dpg-items-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const dump = join(folder, 'dump');
    await run(join(tools?.bin ?? '', 'pg_dump'), ['--format=custom', `--file=${dump}`, url]);
    await running.stop();
    await sql.end();

    const other = await startEmbedded(String(version), { settings });
    onTestFinished(() => other.stop());
    const there = await connectTo(other.adminUrl).createDatabase('feed');
    await withAdmin(there, (admin) =>
      admin.unsafe(
        'create role dpg_app nologin; create role dpg_readonly nologin; create role dpg_admin nologin',
      ),
    );
    await run(join(tools?.bin ?? '', 'pg_restore'), ['--exit-on-error', `--dbname=${there}`, dump]);
    const restored = postgres(there, { max: 2, onnotice: () => undefined });
    expect(await restored`select from dpg_private.find_leaves_to_follow(null, null)`).toHaveLength(0);
    await goesOn(restored, there, own);
    await restored.end();
  },
  180_000,
);
