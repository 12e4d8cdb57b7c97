// Servers of a move: each its own one from npm with wal_level = logical, and migrated databases on it; and the command, run as
// a process.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import postgres from 'postgres';
import { afterAll, expect, inject } from 'vitest';
import { type Installed, installedCommand } from '../cli/command.js';
import { type Embedded, startEmbedded } from '../support/embedded.js';
import { migrateToCurrent } from '../support/migrations.js';
import { hasOwnServers } from '../support/replica.js';
import { connectTo } from '../support/server.js';

export { hasOwnServers };

export const version = String(Number.parseInt(inject('serverVersion'), 10));

export interface Home {
  url: string;
  /** As dpg.homes has it. */
  server: string;
  sql: postgres.Sql;
}

export interface HomeServer {
  /** A migrated database. */
  home(): Promise<Home>;
  /** An empty one. */
  empty(): Promise<string>;
  /** Ends it as a crash would, and starts it again. */
  crash(): Promise<void>;
}

const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  wal_level: 'logical',
  max_connections: '60',
  max_replication_slots: '20',
  max_wal_senders: '20',
  // a test has no time for the five seconds after which a receiver asks again
  wal_retrieve_retry_interval: '100ms',
};

/** A server until the test file has ended. */
export async function startServerOfHomes(
  major = version,
  settings: Record<string, string> = {},
): Promise<HomeServer> {
  const directory = await mkdtemp(join(tmpdir(), 'dpg-home-'));
  await chmod(directory, 0o755);
  copy(await migratedFiles(major), directory);
  const server = await startEmbedded(major, { directory, settings: { ...SETTINGS, ...settings } });
  const homes: Home[] = [];
  afterAll(async () => {
    await Promise.all(homes.map(({ sql }) => sql.end({ timeout: 1 })));
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  });
  const databases = connectTo(server.adminUrl);
  let number = 0;
  return {
    async home() {
      number += 1;
      const url = await databases.createDatabase(`home_${number}`, { template: 'migrated' });
      const sql = postgres(url, { max: 4, onnotice: () => undefined });
      const { hostname, port, pathname } = new URL(url);
      const home = { url, server: `postgres://${hostname}:${port}${pathname}`, sql };
      homes.push(home);
      return home;
    },
    async crash() {
      await server.embedded.crash();
      await server.embedded.restart();
    },
    async empty() {
      number += 1;
      return databases.createDatabase(`home_${number}`);
    },
  };
}

/** The files of a server with a migrated database: to migrate takes seconds, so it is done once for all tests of a run. */
async function migratedFiles(major: string): Promise<string> {
  const made = join(process.env.DPG_TEST_CACHE ?? tmpdir(), `homes-${major}`);
  if (existsSync(made)) return made;
  const making = await mkdtemp(`${made}-`);
  await chmod(making, 0o755);
  const server: Embedded = await startEmbedded(major, {
    directory: making,
    keep: true,
    settings: { fsync: 'off', full_page_writes: 'off' },
  });
  await migrateToCurrent(await connectTo(server.adminUrl).createDatabase('migrated'));
  await server.stop();
  // somebody else may have been faster
  await rename(making, made).catch((error: NodeJS.ErrnoException) => {
    if (!existsSync(made)) throw error;
  });
  return made;
}

function copy(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-a', join(from, 'data'), join(from, 'password'), to], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
}

export interface Ended {
  exitCode: number;
  // biome-ignore lint/suspicious/noExplicitAny: a document that tests look into
  document: any;
  stderr: string;
}

let installed: Promise<Installed> | undefined;

/** Runs `dpg-database move` with --json. */
export async function moveNetwork(
  network: string,
  from: Pick<Home, 'url'>,
  to: Pick<Home, 'url'> | undefined,
  ...args: string[]
): Promise<Ended> {
  installed ??= installedCommand();
  const { dpgDatabase } = await installed;
  const target = to ? ['--to', to.url] : [];
  const ended = await dpgDatabase(from.url, 'move', network, ...target, '--json', ...args);
  return { ...ended, document: ended.stdout === '' ? undefined : JSON.parse(ended.stdout) };
}

/** What it prints for people. */
export async function moveInWords(
  network: string,
  from: Pick<Home, 'url'>,
  to: Pick<Home, 'url'>,
  ...args: string[]
): Promise<string> {
  installed ??= installedCommand();
  const { dpgDatabase } = await installed;
  return (await dpgDatabase(from.url, 'move', network, '--to', to.url, ...args)).stdout;
}

/** Runs it, and it must have come to this. */
export async function moveAndExpect(
  outcome: string,
  ...[network, from, to, ...args]: Parameters<typeof moveNetwork>
): Promise<Ended['document']> {
  const { document, stderr } = await moveNetwork(network, from, to, ...args);
  expect(
    document?.outcome,
    `${stderr} ${JSON.stringify(document?.plan?.obstacles)} ${JSON.stringify(document?.switch)}`,
  ).toBe(outcome);
  return document;
}

export interface Started {
  child: ChildProcess;
  /** Its exit code, or null where it was killed. */
  ended: Promise<number | null>;
  said: string[];
}

/** Starts it, to be killed. */
export async function startMove(network: string, from: Home, to: Home, ...args: string[]): Promise<Started> {
  installed ??= installedCommand();
  const { folder, project } = await installed;
  const child = spawn(
    process.execPath,
    [`${folder}/dist/index.js`, 'move', network, '--database-url', from.url, '--to', to.url, ...args],
    { cwd: project, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  return { child, said, ended: new Promise((resolve) => child.once('close', (code) => resolve(code))) };
}

export async function removeCommand(): Promise<void> {
  await (await installed)?.remove();
  installed = undefined;
}

export function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Until it is so; a test fails when it never is. */
export async function eventually(what: string, isSo: () => Promise<boolean>, seconds = 20): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await isSo())) {
    expect(Date.now(), what).toBeLessThan(end);
    await wait(10);
  }
}
