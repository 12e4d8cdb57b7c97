// The files in sql/ and the committed migrations must describe the same database. After a change under sql/ this fails
// until the change is committed: npm run db:commit -- "what it does".

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { catalogue, differences } from '../support/catalogue.js';
import {
  committedTexts,
  differingFiles,
  fileTexts,
  goneFiles,
  listedFiles,
  listMistakes,
  migrate,
  migrateToCurrent,
  presentFiles,
  sqlFolder,
} from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';

const committed = await testDatabase({ from: 'empty' });
const files = await testDatabase({ from: 'empty' });
const NAMES: [string, string] = ['the committed migrations', 'the files in sql/'];

test('sql/all.sql lists every file under sql/ once', async () => {
  expect(listMistakes(await listedFiles(), await presentFiles())).toEqual([]);
});

test('the text of each file is the one committed last', async () => {
  expect(differingFiles(await fileTexts(await listedFiles()), await committedTexts())).toEqual([]);
});

test('each file that is gone was said to be gone, once', async () => {
  expect(goneFiles(await fileTexts(await listedFiles()), await committedTexts())).toEqual([]);
});

describe('files that were merged', () => {
  const committed = new Map([
    ['a/table.sql', 'create table a ();'],
    ['a/index.sql', 'create index a_idx on a (b);'],
    ['a/function.sql', 'create function f() …;'],
  ]);

  test('one of whole committed files does not differ, and these are not gone', () => {
    const texts = new Map([['a/a.sql', 'create table a ();\n\ncreate index a_idx on a (b);']]);
    expect(differingFiles(texts, committed)).toEqual([]);
    expect(goneFiles(texts, committed)).toEqual(['a/function.sql']);
  });

  test('one that has anything else differs, and what it was made of is gone', () => {
    const texts = new Map([['a/a.sql', 'create table a ();\n\ncreate index a_idx on a (c);']]);
    expect(differingFiles(texts, committed)).toEqual(['a/a.sql']);
    expect(goneFiles(texts, committed)).toEqual([...committed.keys()]);
  });

  test('one that was there before differs when its text does, also by a part that is another file', () => {
    const texts = new Map([['a/table.sql', 'create table a ();\n\ncreate index a_idx on a (b);']]);
    expect(differingFiles(texts, committed)).toEqual(['a/table.sql']);
  });
});

test('the files in sql/ and the committed migrations make the same database', async () => {
  await migrate(committed.url);
  await migrateToCurrent(files.url, await folderWithoutHistory());
  const [left, right] = [await catalogue(committed.sql), await catalogue(files.sql)];
  expect([...right.keys()]).toContain('schema dpg');
  const found = differences(left, right, NAMES);
  expect(found, found.join('\n')).toEqual([]);
});

/** A migrations folder that has nothing committed and whose current migration is sql/all.sql. */
async function folderWithoutHistory(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dpg-migrations-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'committed'));
  await symlink(sqlFolder, join(folder, 'fixtures'));
  await writeFile(join(folder, 'current.sql'), '--!include all.sql\n');
  return folder;
}
