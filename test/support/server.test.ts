// However a process ends, the embedded server that it started ends with it and leaves no file.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { projectFolder } from './migrations.js';
import { startServer, withAdmin } from './server.js';

const ours = process.env.TEST_DATABASE_URL || process.env.DPG_TEST_SERVER ? test.skip : test;

const START = `
  import { startServer } from './test/support/server.ts';
  const server = await startServer();
  console.log(JSON.stringify([server.embedded.pid, server.embedded.directory]));`;

const ENDINGS: [string, string, NodeJS.Signals | undefined][] = [
  ['stops it', 'await server.stop();', undefined],
  ['returns without stopping it', '', undefined],
  ['throws', 'throw new Error("on purpose");', undefined],
  ['exits', 'process.exit(3);', undefined],
  ['is interrupted', 'setInterval(() => {}, 1000);', 'SIGINT'],
  ['is terminated', 'setInterval(() => {}, 1000);', 'SIGTERM'],
  ['is killed', 'setInterval(() => {}, 1000);', 'SIGKILL'],
];

ours.each(ENDINGS)('a process that %s leaves no server', async (_how, ending, signal) => {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', `${START}\n${ending}`],
    {
      cwd: projectFolder,
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data) => resolve(String(data)));
    child.once('exit', () => reject(new Error('it ended before its server was up')));
  });
  const [pid, directory] = JSON.parse(line) as [number, string];
  expect(directory.startsWith('/')).toBe(true);
  if (signal) child.kill(signal);
  await ended;

  // Whoever is killed cannot wait for its server to end: that takes a moment more.
  if (signal === 'SIGKILL') await until(() => !existsSync(directory));
  expect(existsSync(directory)).toBe(false);
  expect(isRunning(pid)).toBe(false);
});

ours('a crashed server starts again on its files, and what was committed is there', async () => {
  const server = await startServer({ durable: true });
  onTestFinished(() => server.stop());
  const control = server.embedded;
  if (!control) throw new Error('It is not embedded.');
  const before = control.pid;
  await withAdmin(server.adminUrl, (sql) => sql`create table kept as select 7 as number`);

  await control.crash();
  await expect(withAdmin(server.adminUrl, (sql) => sql`select`)).rejects.toThrow();
  await control.restart({ work_mem: '3MB' });

  expect(control.pid).not.toBe(before);
  const [row] = await withAdmin(
    server.adminUrl,
    (sql) => sql`
    select number, current_setting('work_mem') as work_mem, current_setting('fsync') as fsync from kept`,
  );
  expect(row).toEqual({ number: 7, work_mem: '3MB', fsync: 'on' });
});

ours('a server that cannot start says why, and leaves nothing', async () => {
  // a temporary folder of its own: other tests start servers at the same time
  const temporary = await mkdtemp(join(tmpdir(), 'dpg-test-'));
  await chmod(temporary, 0o755);
  const usual = process.env.TMPDIR;
  onTestFinished(async () => {
    if (usual === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = usual;
    await rm(temporary, { recursive: true });
  });
  process.env.TMPDIR = temporary;
  await expect(startServer({ settings: { shared_buffers: 'plenty' } })).rejects.toThrow(
    /shared_buffers.*plenty/s,
  );
  expect(await readdir(temporary)).toEqual([]);
});

ours('a kind of server that there is not is refused', async () => {
  onTestFinished(() => {
    delete process.env.DPG_TEST_SERVER;
  });
  process.env.DPG_TEST_SERVER = 'docke';
  await expect(startServer()).rejects.toThrow("it is 'docke'");
});

ours('a kept server has its databases and its address when it is started again', async () => {
  const directory = await mkdtemp('/tmp/dpg-kept-');
  onTestFinished(() => rm(directory, { recursive: true }));
  const first = await startServer({ directory, keep: true });
  await first.createDatabase('mine');
  await first.stop();
  const second = await startServer({ directory, keep: true });
  onTestFinished(() => second.stop());
  expect(second.adminUrl).toBe(first.adminUrl);
  const rows = await withAdmin(second.url('mine'), (sql) => sql`select current_database() as name`);
  expect([...rows]).toEqual([{ name: 'mine' }]);
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
}
