// A replica of a running server: the copy is made by hand, as the documentation of PostgreSQL describes it, since the
// binaries from npm lack pg_basebackup. The server needs wal_level = replica and some max_wal_senders.

import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { expect, inject, onTestFinished } from 'vitest';
import { startEmbedded } from './embedded.js';

type Embedded = Awaited<ReturnType<typeof startEmbedded>>;

const version = String(Number.parseInt(inject('serverVersion'), 10));

/** Whether servers of our own can be had for a test: those from npm. */
export const hasOwnServers = ['15', '18'].includes(version) && !process.env.TEST_DATABASE_URL;

/**
 * Copies a running server's files and starts the copy as its replica, which streams; stopped when the test has finished, or
 * whatever `finished` waits for.
 */
export async function startReplica(
  adminUrl: string,
  source: string,
  finished: (end: () => Promise<unknown>) => void = onTestFinished as never,
): Promise<Embedded> {
  const directory = await mkdtemp(join(tmpdir(), 'dpg-replica-'));
  finished(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o755);
  const admin = postgres(adminUrl, { max: 1, onnotice: () => undefined });
  await admin`select pg_backup_start('replica', true)`;
  // files that vanish meanwhile do not matter; the write-ahead log has what the copy lacks
  const copied = spawnSync('cp', ['-a', join(source, 'data'), join(source, 'password'), directory], {
    encoding: 'utf8',
  });
  expect(copied.stderr.replace(/^.*No such file.*\n/gm, '')).toBe('');
  const [backup] = await admin`select labelfile from pg_backup_stop(false)`;
  await admin.end();
  const data = join(directory, 'data');
  const { uid, gid } = await stat(data);
  for (const [file, text] of [
    ['backup_label', backup?.labelfile],
    ['standby.signal', ''],
  ]) {
    await writeFile(join(data, file), text);
    await chown(join(data, file), uid, gid);
  }
  await rm(join(data, 'postmaster.pid'), { force: true });
  const { hostname, port, password } = new URL(adminUrl);
  const settings = {
    fsync: 'off',
    hot_standby: 'on',
    primary_conninfo: `host=${hostname} port=${port} user=postgres password=${password}`,
  };
  const replica = await startEmbedded(version, { settings, directory });
  finished(() => replica.stop());
  const sql = postgres(replica.adminUrl, { max: 1, onnotice: () => undefined });
  for (let waited = 0; ; waited += 50) {
    const [receiver] = await sql`select status from pg_stat_wal_receiver`;
    if (receiver?.status === 'streaming') break;
    expect(waited, 'the replica streams').toBeLessThan(20_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await sql.end();
  return replica;
}
