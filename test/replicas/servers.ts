// A primary and its standbys, for the tests of a file: servers from npm, since standbys are copies of a server's files.

import postgres from 'postgres';
import { afterAll, inject } from 'vitest';
import { addUsers } from '../sdk/story.js';
import { startEmbedded } from '../support/embedded.js';
import { migrate, migrateToCurrent } from '../support/migrations.js';
import { startReplica } from '../support/replica.js';
import { connectTo, type EmbeddedControl } from '../support/server.js';

const version = String(Number.parseInt(inject('serverVersion'), 10));

export interface ServerOfTest {
  /** The URL of an application's login, a member of dpg_app, in the migrated database. */
  url: string;
  /** The same of the superuser. */
  adminUrl: string;
  embedded: EmbeddedControl;
  /** The superuser's connections. */
  sql: postgres.Sql;
}

/** A primary with a migrated database and the users asha and ravi, then its standbys. */
export async function startServers(
  standbys: number,
  release: 'current' | 'published' = 'current',
): Promise<[ServerOfTest, ...ServerOfTest[]]> {
  const settings = { fsync: 'off', wal_level: 'replica', max_wal_senders: '8', wal_keep_size: '256MB' };
  const started = await startEmbedded(version, { settings });
  afterAll(() => started.stop());
  const url = await connectTo(started.adminUrl).createDatabase('dots');
  await (release === 'current' ? migrateToCurrent(url) : migrate(url));
  const primary = server(url, started.embedded);
  await addUsers(primary.sql, 'asha', 'ravi');
  await primary.sql.unsafe(`create role app login password 'app' in role dpg_app`);
  const others: ServerOfTest[] = [];
  for (let i = 0; i < standbys; i++) others.push(await addStandby(primary));
  return [primary, ...others];
}

/** One more standby of a server. */
export async function addStandby({
  adminUrl,
  embedded,
}: Pick<ServerOfTest, 'adminUrl' | 'embedded'>): Promise<ServerOfTest> {
  const standby = await startReplica(adminUrl, embedded.directory, afterAll);
  return server(connectTo(standby.adminUrl).url('dots'), standby.embedded);
}

function server(adminUrl: string, embedded: EmbeddedControl): ServerOfTest {
  const sql = postgres(adminUrl, { max: 3, fetch_types: false, onnotice: () => undefined });
  afterAll(() => sql.end({ timeout: 1 }));
  return { url: connectTo(adminUrl).url('dots', 'app', 'app'), adminUrl, embedded, sql };
}

/** Waits until this is so. */
export async function until(isSo: () => Promise<unknown>, milliseconds = 20_000): Promise<void> {
  for (const end = Date.now() + milliseconds; !(await isSo()); await wait(20))
    if (Date.now() > end) throw new Error(`not so after ${milliseconds} ms: ${isSo}`);
}

export const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until the standbys have what the primary has now. */
export async function caughtUp(primary: ServerOfTest, ...standbys: ServerOfTest[]): Promise<void> {
  const [row] = await primary.sql`select pg_current_wal_flush_lsn()::text as lsn`;
  for (const { sql } of standbys)
    await until(async () => {
      const [has] = await sql`select pg_last_wal_replay_lsn() >= ${row?.lsn}::text::pg_lsn as it`;
      return has?.it;
    });
}
