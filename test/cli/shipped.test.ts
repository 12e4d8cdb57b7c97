import { expect, test } from 'vitest';
import { shippedFiles, shippedMigrations } from '../../sdk/migrate/shipped.js';
import { fileTexts, listedFiles } from '../support/migrations.js';

test('the files of the migrations are those of sql/, or parts of them, as they are there', async () => {
  const files = shippedFiles(await shippedMigrations());
  const listed = await fileTexts(await listedFiles());
  expect(files.get('partitions/find_leaf.sql')).toBe(listed.get('partitions/find_leaf.sql'));
  for (const [path, text] of files)
    if (!listed.has(path))
      expect(
        [...listed.values()].some((whole) => whole.includes(text)),
        path,
      ).toBe(true);
  for (const [path, text] of listed) {
    const rest = [...files.values()]
      .sort((one, other) => other.length - one.length)
      .reduce((left, part) => left.replace(part, ''), text);
    expect(rest.trim(), path).toBe('');
  }
});

test('a file that a migration says is gone is gone', () => {
  const file = (path: string, text: string) => `--! Included ${path}\n${text}\n--! EndIncluded ${path}\n`;
  const first = file('a/one.sql', 'select 1;') + file('a/two.sql', 'select 2;');
  const second = `-- No longer in sql/: a/one.sql\n${file('a/both.sql', 'select 1;\n\nselect 3;')}`;
  expect([...shippedFiles([{ text: first }, { text: second }]).keys()]).toEqual(['a/two.sql', 'a/both.sql']);
});

test('of several migrations the last text counts, and what a later one drops is gone', () => {
  const file = (path: string, text: string) => `--! Included ${path}\n${text}\n--! EndIncluded ${path}\n`;
  const first = [
    file('a/one.sql', 'create or replace function dpg.one(n integer)\nreturns 1;'),
    file('a/one_more.sql', 'create or replace function dpg.one_more()\nreturns 1;'),
    file('a/two.sql', 'create or replace view dpg.two as select 1;'),
    file('a/three.sql', "create or replace function dpg.three()\nas 'drop view dpg.two';"),
  ].join('');
  const second = `drop function if exists dpg.one(integer);
drop view dpg.two;
${file('a/two.sql', 'create or replace view dpg.two as select 2;')}`;
  expect([...shippedFiles([{ text: first }, { text: second }])]).toEqual([
    ['a/one_more.sql', 'create or replace function dpg.one_more()\nreturns 1;'],
    ['a/three.sql', "create or replace function dpg.three()\nas 'drop view dpg.two';"],
    ['a/two.sql', 'create or replace view dpg.two as select 2;'],
  ]);
});

test('one statement may drop several', () => {
  const file = (name: string) =>
    `--! Included a/${name}.sql\ncreate or replace function dpg.${name}(n integer, m text)\nreturns 1;\n--! EndIncluded a/${name}.sql\n`;
  const first = ['one', 'two', 'three', 'four'].map(file).join('');
  const second = `drop function if exists
  dpg.one(integer, text), -- replaced by dpg.four
  dpg.three(integer, text);
${file('three')}`;
  expect([...shippedFiles([{ text: first }, { text: second }]).keys()].sort()).toEqual([
    'a/four.sql',
    'a/three.sql',
    'a/two.sql',
  ]);
});
