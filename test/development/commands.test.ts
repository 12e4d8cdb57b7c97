// What the commands of development say when something is wrong with how they are called, or with the list of files.

import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { projectFolder } from '../support/migrations.js';
import { watchList } from './watch-list.js';

const db = (...args: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'test/development/db.ts', ...args], {
    cwd: projectFolder,
    encoding: 'utf8',
  });

test.each([
  [['--fast'], "Unknown option '--fast'.\nUsage: npm run db -- "],
  [['--port', 'x'], "--port is a number from 1 to 65535, not 'x'.\nUsage: npm run db -- "],
  [['--directory', '/tmp/kept'], '--directory says where to keep the data: give --keep besides.\nUsage: '],
])('npm run db -- %j: what is wrong, and the usage', (args, message) => {
  const { status, stdout, stderr } = db(...args);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr.startsWith(message)).toBe(true);
  expect(stderr).toContain('  --port <port> ');
  expect(stderr).not.toMatch(/^ +at /m);
});

test('npm run db -- --help: the usage', () => {
  const { status, stdout } = db('--help');
  expect(status).toBe(0);
  for (const option of ['--keep', '--pg15', '--port', '--directory'])
    expect(stdout).toContain(`\n  ${option} `);
});

test('db:watch says which files sql/all.sql does not list, at first and when one comes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dpg-list-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'items'));
  for (const name of ['items/listed.sql', 'items/forgotten.sql'])
    await writeFile(join(folder, name), 'select 1;\n');
  await writeFile(join(folder, 'all.sql'), '--!include items/listed.sql\n');

  const lines: string[] = [];
  const list = await watchList((line) => lines.push(line), folder);
  onTestFinished(list.close);
  const about = (name: string) =>
    `sql/all.sql does not list items/${name}: it does not run, and no migration will have it`;
  expect(lines).toEqual([about('forgotten.sql')]);

  await writeFile(join(folder, 'items/new.sql'), 'select 2;\n');
  await vi.waitFor(() => expect(lines).toEqual([about('forgotten.sql'), about('new.sql')]), {
    timeout: 20_000,
  });

  await writeFile(
    join(folder, 'all.sql'),
    '--!include items/listed.sql\n--!include items/new.sql\n--!include items/new.sql\n',
  );
  await vi.waitFor(() => expect(lines.at(-1)).toBe('sql/all.sql lists items/new.sql twice'), {
    timeout: 20_000,
  });
});
