// Servers of a move: each an own one from npm with wal_level = logical, migrated, and the command run on them as a process.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import postgres from 'postgres';
import { afterAll, inject } from 'vitest';
import { type Installed, installedCommand } from '../cli/command.js';
import { startEmbedded } from '../support/embedded.js';
import { migrateToCurrent, projectFolder } from '../support/migrations.js';
import { hasOwnServers } from '../support/replica.js';
import { connectTo } from '../support/server.js';

export { hasOwnServers };

export const version = String(Number.parseInt(inject('serverVersion'), 10));

export interface HomeServer {
  url: string;
  /** As dpg.homes has it. */
  server: string;
  sql: postgres.Sql;
  stop(): Promise<void>;
}

export interface HomeOptions {
  version?: string;
  settings?: Record<string, string>;
  prepare?: (sql: postgres.Sql) => Promise<unknown>;
}

/** A server with a migrated database, until the test file has ended. */
export async function startHome(options: HomeOptions = {}): Promise<HomeServer> {
  const server = await startEmbedded(options.version ?? version, {
    inMemory: true,
    settings: {
      fsync: 'off',
      full_page_writes: 'off',
      wal_level: 'logical',
      max_connections: '60',
      max_replication_slots: '12',
      max_wal_senders: '12',
      // a walsender that waits for nothing would not notice within a test that its receiver has gone
      wal_receiver_status_interval: '1s',
      wal_retrieve_retry_interval: '200ms',
      ...options.settings,
    },
  });
  const homes: HomeServer[] = [];
  const made = await another('network', server.adminUrl, options);
  homes.push(made);
  const stop = async () => {
    await Promise.all(homes.map(({ sql }) => sql.end({ timeout: 1 })));
    await server.stop();
  };
  afterAll(stop);
  return { ...made, stop };
}

async function another(name: string, adminUrl: string, { prepare }: HomeOptions): Promise<HomeServer> {
  const url = await connectTo(adminUrl).createDatabase(name);
  const sql = postgres(url, { max: 4, onnotice: () => undefined });
  await prepare?.(sql);
  await migrateToCurrent(url);
  const { hostname, port, pathname } = new URL(url);
  return { url, server: `postgres://${hostname}:${port}${pathname}`, sql, stop: () => sql.end() };
}

export interface Moved {
  exitCode: number;
  // biome-ignore lint/suspicious/noExplicitAny: a document that tests look into
  document: any;
  stderr: string;
}

let installed: Promise<Installed> | undefined;

/** Runs `dpg-database move yellow_dot` from one home to another. */
export async function moveCommand(
  from: HomeServer,
  to: HomeServer | undefined,
  ...args: string[]
): Promise<Moved> {
  installed ??= installedCommand();
  const { dpgDatabase } = await installed;
  const target = to ? ['--to', to.url] : [];
  const { exitCode, stdout, stderr } = await dpgDatabase(
    from.url,
    'move',
    'yellow_dot',
    ...target,
    '--json',
    ...args,
  );
  return { exitCode, document: stdout === '' ? undefined : JSON.parse(stdout), stderr };
}

/** The same, to be killed. `said` gets each line of progress. */
export async function startMove(
  from: HomeServer,
  to: HomeServer,
  said: (line: string, child: ChildProcess) => void,
): Promise<{ ended: Promise<number | null> }> {
  installed ??= installedCommand();
  const { folder, project } = await installed;
  const child = spawn(
    process.execPath,
    [`${folder}/dist/index.js`, 'move', 'yellow_dot', '--database-url', from.url, '--to', to.url],
    { cwd: project, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  createInterface({ input: child.stderr }).on('line', (line) => said(line, child));
  return { ended: new Promise((resolve) => child.once('close', (code) => resolve(code))) };
}

export async function removeCommand(): Promise<void> {
  await (await installed)?.remove();
  installed = undefined;
}

export { projectFolder };
