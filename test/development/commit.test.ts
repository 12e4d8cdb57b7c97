// `npm run db:commit` in a copy of this repository: what it writes, and that a refusal leaves everything as it was.

import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, onTestFinished, test as plain } from 'vitest';
import { projectFolder } from '../support/migrations.js';
import { temporaryDatabase } from '../support/test-database.js';
import { blankMigration } from './blank-migration.js';

const FILE = 'sql/items/get_item.sql';
const test = plain.extend<{ copy: Copy }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads what a fixture needs from its first argument
  copy: async ({}, use) => use(await copyOfRepository()),
});

interface Copy {
  commit(...args: string[]): { status: number | null; said: string };
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
  migrations(): Promise<string[]>;
}

async function copyOfRepository(): Promise<Copy> {
  const folder = await mkdtemp(join(tmpdir(), 'dpg-commit-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const path of [
    'sql',
    'migrations',
    'sdk',
    'test/support',
    'test/development',
    'package.json',
    '.gmrc',
  ])
    await cp(join(projectFolder, path), join(folder, path), { recursive: true, verbatimSymlinks: true });
  await symlink(join(projectFolder, 'node_modules'), join(folder, 'node_modules'));
  const [database, shadow] = [await temporaryDatabase(), await temporaryDatabase({ from: 'empty' })];
  for (const { drop } of [database, shadow]) onTestFinished(drop);
  const env = {
    ...process.env,
    DATABASE_URL: database.url,
    SHADOW_DATABASE_URL: shadow.url,
    ROOT_DATABASE_URL: inject('adminUrl'),
  };
  return {
    commit(...args) {
      const command = ['--import', 'tsx', 'test/development/commit.ts', ...args];
      const { status, stdout, stderr } = spawnSync(process.execPath, command, {
        cwd: folder,
        env,
        encoding: 'utf8',
      });
      return { status, said: stdout + stderr };
    },
    read: (path) => readFile(join(folder, path), 'utf8'),
    write: (path, text) => writeFile(join(folder, path), text),
    migrations: async () => (await readdir(join(folder, 'migrations/committed'))).sort(),
  };
}

test('a file that does not run: its place, and nothing is written', async ({ copy, expect }) => {
  const before = [await copy.migrations(), await copy.read('migrations/current.sql')];
  const text = (await copy.read(FILE)).replace(/^begin$/m, 'begin\n  retrun stored;');
  await copy.write(FILE, text);
  const { status, said } = copy.commit('a mistake');
  expect(status).toBe(1);
  const line = text.split('\n').indexOf('  retrun stored;') + 1;
  expect(said).toContain(`${FILE}:${line}:3\n  syntax error at or near "retrun" (42601)\n`);
  expect(said).toMatch(new RegExp(`^> ${line}    retrun stored;$`, 'm'));
  expect(said).not.toMatch(/^ +at |node_modules/m);
  expect([await copy.migrations(), await copy.read('migrations/current.sql')]).toEqual(before);
});

test('a changed file and a statement by hand: both are in the migration, current.sql is at rest', async ({
  copy,
  expect,
}) => {
  const rest = blankMigration(await copy.read('.gmrc'));
  const before = await copy.migrations();
  await copy.write(FILE, (await copy.read(FILE)).replace(/^begin$/m, 'begin\n  -- tried'));
  const current = await copy.read('migrations/current.sql');
  const byHand = current.replace(/^--!include/m, '-- Locks nothing.\nselect 1 as by_hand;\n$&');
  await copy.write('migrations/current.sql', byHand);
  const { status, said } = copy.commit('Get an item');
  expect(status, said).toBe(0);
  const [name = ''] = (await copy.migrations()).filter((each) => !before.includes(each));
  expect(name).toMatch(/^\d{6}-get-an-item\.sql$/);
  const migration = await copy.read(`migrations/committed/${name}`);
  expect(migration).toMatch(/^--! Message: Get an item\n\n/m);
  expect(migration).toContain('\n-- Locks nothing.\nselect 1 as by_hand;\n');
  expect(migration).toContain('--! Included items/get_item.sql\n');
  expect(migration).not.toMatch(/Statements for one migration/);
  expect(await copy.read('migrations/current.sql')).toBe(rest);

  await copy.write(FILE, (await copy.read(FILE)).replace('-- tried', '-- tried again'));
  expect(copy.commit('--amend')).toMatchObject({ status: 0 });
  expect(await copy.migrations()).toEqual([...before, name]);
  expect(await copy.read(`migrations/committed/${name}`)).toContain('\n  -- tried again\n');
});
