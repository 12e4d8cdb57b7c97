// On what a result was found.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { withAdmin } from '../support/server.js';
import { timed } from './measure.js';

const require = createRequire(import.meta.url);

export interface Machine {
  processor: string;
  cores: number;
  memory_gib: number;
  system: string;
  load_average: number[];
  node: string;
  packages: Record<string, string>;
}

export function machine(): Machine {
  const names = ['postgres', 'drizzle-orm', 'pg', '@eventide/message-db', 'graphile-worker'];
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    load_average: loadavg().map((load) => Math.round(load * 100) / 100),
    node: process.version,
    packages: Object.fromEntries(names.map((name) => [name, versionOf(name)])),
  };
}

/** Some packages do not export their package.json. */
function versionOf(name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    const file = join(folder, name, 'package.json');
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')).version;
  }
  return 'unknown';
}

export interface ServerFacts {
  version: string;
  settings: Record<string, string>;
  /** How long the commit of a row takes that has to reach the disk, less one that has not. */
  flush_ms: number;
}

const SHOWN = [
  'fsync',
  'synchronous_commit',
  'shared_buffers',
  'max_wal_size',
  'jit',
  'max_locks_per_transaction',
];

export async function serverFacts(url: string): Promise<ServerFacts> {
  return withAdmin(url, async (sql) => {
    const settings: Record<string, string> = {};
    for (const name of SHOWN) {
      const [row] = await sql`select current_setting(${name}) as value`;
      settings[name] = row?.value;
    }
    const [row] = await sql`select split_part(current_setting('server_version'), ' ', 1) as version`;
    await sql`create temp table nothing (number integer)`;
    await sql`create table if not exists flushed (number integer)`;
    const commits = async (mode: string) => {
      await sql`select set_config('synchronous_commit', ${mode}, false)`;
      const times: number[] = [];
      for (let i = 0; i < 60; i += 1) times.push(await timed(() => sql`insert into flushed values (1)`));
      return times.sort((a, b) => a - b)[30] ?? 0;
    };
    const flush = (await commits(settings.synchronous_commit ?? 'on')) - (await commits('off'));
    await sql`drop table flushed`;
    return { version: row?.version, settings, flush_ms: Math.round(flush * 100) / 100 };
  });
}
