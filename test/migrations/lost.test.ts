// A connection that is lost while migrate runs, at each moment: its promise rejects, the application lives on and can call
// it again; the command ends with 3.

import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Installed, installedCommand } from '../cli/command.js';
import { projectFolder } from '../support/migrations.js';
import { startServer } from '../support/server.js';
import { type TestDatabase, temporaryDatabase } from '../support/test-database.js';
import { type Written, writeMigrations, writtenMigrations } from './written.js';

const PROGRAM = fileURLToPath(new URL('application.ts', import.meta.url));
const LOST = /^(57P0[123]|08006|08003|E[A-Z]+|CONNECTION_[A-Z]+)$/;
/** graphile-migrate's own. */
const LOCK = '4727445306447283';

interface Said {
  outcome: { applied?: string[]; name?: string; code?: string; message?: string; hint?: string };
  unhandled: string[];
}

async function application(url: string, folder: string, waitSeconds = 60): Promise<Said> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', PROGRAM, url, folder, String(waitSeconds)],
    { cwd: projectFolder },
  );
  return JSON.parse(stdout) as Said;
}

const lostAt = (migration: string | undefined) => ({
  outcome: {
    name: 'MigrationError',
    code: expect.stringMatching(LOST),
    message: expect.stringMatching(
      migration === undefined ? /the connection was lost: ./ : `^${migration}: the connection was lost: .`,
    ),
    hint: 'A migration is run as a whole or not at all. Repeat the call: it finds out what was run.',
  },
  unhandled: [],
});

async function emptyDatabase(): Promise<TestDatabase> {
  const { drop, ...database } = await temporaryDatabase({ from: 'empty' });
  onTestFinished(drop);
  return database;
}

async function written(...texts: string[]): Promise<Written> {
  const migrations = await writtenMigrations(...texts);
  onTestFinished(migrations.remove);
  return migrations;
}

/** Waits for a session for which this is so, and terminates every other session of the database. */
async function terminateWhen(sql: postgres.Sql, condition: string, isOver = () => false): Promise<void> {
  while (!isOver()) {
    const [found] = await sql.unsafe(`
      select from pg_stat_activity
      where datname = current_database() and application_name like 'dpg-database migrate%' and (${condition})`);
    if (found) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name not like 'of the test%' and pid <> pg_backend_pid()`;
}

describe('every session of it is terminated', () => {
  test('during a statement', async () => {
    const { url, sql } = await emptyDatabase();
    const { folder, names } = await written('select 1;', 'select pg_sleep(60);');
    const said = application(url, folder);
    await terminateWhen(sql, "state = 'active' and wait_event = 'PgSleep'");
    expect(await said).toEqual(lostAt(names[1]));
    expect(await sql`select filename from graphile_migrate.migrations`).toEqual([{ filename: '000001.sql' }]);
  });

  test('while it waits for a lock', async () => {
    const database = await emptyDatabase();
    const { url, sql } = database;
    await sql`create table public.held ()`;
    const other = await database.connect({ connection: { application_name: 'of the test' } }).reserve();
    await other`begin`;
    await other`lock table public.held`;
    const { folder, names } = await written('alter table public.held add column note text;');
    const said = application(url, folder);
    await terminateWhen(sql, "wait_event_type = 'Lock'");
    expect(await said).toEqual(lostAt(names[0]));
    await other`rollback`;
    expect(await application(url, folder)).toEqual({ outcome: { applied: names }, unhandled: [] });
    other.release();
  });

  test('between statements, while its connection is idle', async () => {
    const database = await emptyDatabase();
    const { url, sql } = database;
    const other = await database.connect({ connection: { application_name: 'of the test' } }).reserve();
    await other.unsafe(`select pg_advisory_lock(${LOCK})`);
    const { folder, names } = await written('select 1;');
    let isOver = false;
    const said = application(url, folder).finally(() => {
      isOver = true;
    });
    // it keeps its connection for a while after it was told that another migrates
    for (let times = 0; times < 5; times++) await terminateWhen(sql, "state = 'idle'", () => isOver);
    await other.unsafe(`select pg_advisory_unlock(${LOCK})`);
    other.release();
    const { outcome, unhandled } = await said;
    expect(unhandled).toEqual([]);
    // a connection that nobody used is replaced; one that was lost between two statements is told of
    expect([{ applied: names }, lostAt(undefined).outcome]).toContainEqual(outcome);
    expect((await application(url, folder)).outcome).toHaveProperty('applied');
  });
});

test('nobody listens', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const { folder } = await written('select 1;');
  expect(await application(`postgres://me:secret@127.0.0.1:${port}/x`, folder)).toEqual(lostAt(undefined));
});

describe('the server stops', () => {
  let command: Installed;
  let server: Awaited<ReturnType<typeof startServer>>;

  beforeAll(async () => {
    command = await installedCommand();
  });
  afterAll(() => command?.remove());

  test('under an application and under the command at once', async () => {
    server = await startServer();
    onTestFinished(() => server.stop());
    const [one, two] = await Promise.all([server.createDatabase('one'), server.createDatabase('two')]);
    const sleep = 'select pg_sleep(60);';
    const { folder, names } = await written(sleep);
    await writeMigrations(join(command.folder, 'migrations/committed'), sleep);
    const said = application(one, folder);
    const ended = command.dpgDatabase(two, 'migrate');
    const { default: postgres } = await import('postgres');
    const sql = postgres(server.adminUrl, { max: 1, onnotice: () => undefined });
    for (;;) {
      const [{ sleeping } = {}] =
        await sql`select count(*)::integer as sleeping from pg_stat_activity where wait_event = 'PgSleep'`;
      if (sleeping === 2) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await sql.end();
    await server.stop();
    expect(await said).toEqual(lostAt(names[0]));
    const { exitCode, stdout, stderr } = await ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toMatch(
      /^dpg-database: no connection to two at .+: 000001-written\.sql: the connection was lost: .+\n/,
    );
    expect(stderr.trim().split('\n')).toHaveLength(2);
  });
});
