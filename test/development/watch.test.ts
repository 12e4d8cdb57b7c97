// What `npm run db:watch` says of a file that was saved, on a real server: the file, the line, and what helps.

import { cp, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { installedServer, startInstalled } from '../support/installed.js';
import { projectFolder } from '../support/migrations.js';
import { temporaryDatabase } from '../support/test-database.js';
import {
  CURRENT,
  IS_AS_FILES,
  IS_UNCHANGED,
  listOf,
  type Watched,
  watching,
  watchingProject,
} from './watching.js';

const SCHEMA = `-- A comment with an apostrophe isn't a string.
create schema if not exists dpg;
create schema if not exists dpg_private;
create table if not exists dpg.things (name text primary key, weight integer);
`;

const WEIGH = `create or replace function dpg.weigh(name text)
returns integer
language sql
stable
as $body$
  select t.weight
  from dpg.things t
  where t.name = weigh.name;
$body$;

comment on function dpg.weigh(text) is 'The weight of a thing; it''s in grams.';
`;

const COUNT = `create or replace function dpg_private.count_things(lightest integer)
returns bigint
language plpgsql
as $body$
declare
  found_things bigint;
begin
  select count(*) into found_things
  from dpg.things t
  where t.weight >= lightest;
  return found_things;
end
$body$;
`;

const FILES = { 'schema.sql': SCHEMA, 'things/weigh.sql': WEIGH, 'things/count_things.sql': COUNT };

async function start(files: Record<string, string> = FILES, url?: string): Promise<Watched> {
  let on = url;
  if (!on) {
    const database = await temporaryDatabase({ from: 'empty' });
    onTestFinished(database.drop);
    on = database.url;
  }
  const watched = await watching(on, files);
  stopAtEnd(watched);
  return watched;
}

function stopAtEnd(watched: Watched): void {
  onTestFinished(async () => {
    await watched.stop();
    // nothing that was said is wider than a terminal, or of JavaScript
    const said = watched.said();
    expect(said.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(said).not.toMatch(/^ +at |node_modules|\.[jt]s\b/m);
  });
}

test('a mistake in the middle of a file: place, four lines of the file, and all is well when it is mended', async () => {
  const watched = await start();
  expect(watched.said()).not.toMatch(/no file under sql|drop function/);

  const said = await watched.save(
    { 'things/weigh.sql': WEIGH.replace('from dpg.things t', 'form dpg.things t') },
    IS_UNCHANGED,
  );
  expect(said).toContain(`
sql/things/weigh.sql:7:8
  syntax error at or near "dpg" (42601)

  5  as $body$
  6    select t.weight
> 7    form dpg.things t
            ^
  8    where t.name = weigh.name;

`);
  expect(await watched.save({ 'things/weigh.sql': WEIGH }, IS_AS_FILES)).not.toMatch(/sql\//);
});

// What is wrong, and the place and message that are said of it.
const MISTAKES: [string, string, string, string][] = [
  [
    'an unknown column in a function in SQL',
    WEIGH.replace('t.weight', 't.wheight'),
    'sql/things/weigh.sql:6:10',
    'column t.wheight does not exist (42703)',
  ],
  [
    'a function that is not ended runs on into the next file',
    WEIGH.slice(0, WEIGH.indexOf(';\n\ncomment')),
    'sql/things/weigh.sql:9',
    'syntax error at or near "create" (42601)',
  ],
  [
    'a body that is not closed',
    WEIGH.slice(0, WEIGH.indexOf('$body$;\n\ncomment')),
    'sql/things/weigh.sql:8',
    'syntax error at or near',
  ],
  [
    'a string that is not closed',
    WEIGH.replace("it''s", "it's"),
    'sql/things/weigh.sql:11',
    'Unclosed text block.',
  ],
  [
    'a statement in PL/pgSQL that is none',
    COUNT.replace('return found', 'retrun found'),
    'sql/things/weigh.sql:11:3',
    'syntax error at or near "retrun" (42601)',
  ],
  [
    'the same in a body that another function has as well',
    `${COUNT}${COUNT.replace('count_things', 'count_again')}`.replaceAll('return found', 'retrun found'),
    'sql/things/weigh.sql:11:3',
    'syntax error at or near "retrun" (42601)',
  ],
  [
    'an error without a position in a block',
    `${WEIGH}\n-- 🛑 two units of UTF-16\ndo $body$\nbegin\n  perform 1;\n  raise exception 'never %', 'here';\nend\n$body$;\n`,
    'sql/things/weigh.sql:17',
    'never here (P0001)',
  ],
  [
    'an error without a position in a statement',
    `${WEIGH}\n-- of which there is none\ndrop table dpg.nothings;\n`,
    'sql/things/weigh.sql:14',
    'table "nothings" does not exist (42P01)',
  ],
  [
    'a mistake behind a character of two units of UTF-16',
    `-- 🛑\n${WEIGH.replace('from dpg', 'form dpg')}`,
    'sql/things/weigh.sql:8:8',
    'syntax error at or near "dpg" (42601)',
  ],
  [
    'a mistake behind blank lines and a function of SQL statements',
    `\n\ncreate or replace function dpg.two() returns integer language sql
begin atomic select case when true then 1 end; select 2; end;\n${WEIGH.replace('from dpg', 'form dpg')}`,
    'sql/things/weigh.sql:11:8',
    'syntax error at or near "dpg" (42601)',
  ],
];

test('each kind of mistake has a file and a line', async () => {
  const watched = await start();
  const places: string[][] = [];
  for (const [what, text, place, message] of MISTAKES) {
    const said = await watched.save({ 'things/weigh.sql': text }, IS_UNCHANGED);
    places.push([what, ...(said.includes(`\n${place}\n  ${message}`) ? [place, message] : [said])]);
    const line = place.split(':')[1];
    const shown = said.split('\n').filter((each) => /^[ >] +\d+( |$)/.test(each));
    expect([shown.length, shown.filter((each) => each.startsWith('>')).length], said).toEqual([4, 1]);
    expect(said, said).toMatch(new RegExp(`^> +${line}  `, 'm'));
  }
  await watched.save({ 'things/weigh.sql': WEIGH }, IS_AS_FILES);
  expect(places).toEqual(MISTAKES.map(([what, , place, message]) => [what, place, message]));
}, 180_000);

test('another name of an argument, another result: the line for migrations/current.sql, and it helps', async () => {
  const watched = await start();
  const renamed = {
    'things/weigh.sql': WEIGH.replaceAll('name text', 'thing text').replace('weigh.name', 'thing'),
  };
  const said = await watched.save(renamed, IS_UNCHANGED);
  expect(said).toMatch(
    /^sql\/things\/weigh\.sql:1\n {2}cannot change name of input parameter "name" \(42P13\)$/m,
  );
  const line = 'drop function if exists dpg.weigh(text);';
  expect(said).toContain(
    `For migrations/current.sql, above its include:\n  ${line}\nOf the API: see CONTRIBUTING.md, "A function or type`,
  );
  await watched.save({ 'current.sql': `${line}\n${CURRENT}` }, IS_AS_FILES);

  await watched.save({ 'current.sql': CURRENT }, IS_AS_FILES);
  const other = { 'things/count_things.sql': COUNT.replace('returns bigint', 'returns numeric') };
  const result = await watched.save(other, IS_UNCHANGED);
  expect(result).toMatch(
    /^sql\/things\/count_things\.sql:1\n {2}cannot change return type of existing function/m,
  );
  const drop = 'drop function if exists dpg_private.count_things(integer);';
  expect(result).toContain(`For migrations/current.sql, above its include:\n  ${drop}\n`);
  await watched.save({ 'current.sql': `${drop}\n${CURRENT}` }, IS_AS_FILES);
});

test('other columns of a view, and a function that something depends on', async () => {
  const view = (columns: string) =>
    `create or replace view dpg.heavy as select ${columns} from dpg.things;\n`;
  const index = 'create index if not exists things_idx on dpg.things (dpg_private.half(weight));\n';
  const half = `create or replace function dpg_private.half(weight integer) returns integer
language sql immutable as $body$ select weight / 2 $body$;\n`;
  const watched = await start({
    ...FILES,
    'heavy.sql': view('name, weight'),
    'half.sql': half,
    'index.sql': index,
  });
  const said = await watched.save({ 'heavy.sql': view('weight, name') }, IS_UNCHANGED);
  expect(said).toMatch(/^sql\/heavy\.sql:1\n.*\(42P16\)$/m);
  expect(said).toContain(
    'For migrations/current.sql, above its include:\n  drop view if exists dpg.heavy;\n',
  );
  await watched.save({ 'heavy.sql': view('name, weight') }, IS_AS_FILES);

  const drop = 'drop function if exists dpg_private.half(integer);\n';
  const depends = await watched.save({ 'current.sql': `${drop}${CURRENT}` }, IS_UNCHANGED);
  expect(depends).toMatch(/^migrations\/current\.sql:1$/m);
  expect(depends).toMatch(/Detail: index dpg\.things_idx depends on/);
  expect(depends).toMatch(/Drop what depends on it before it/);
  expect(depends).not.toMatch(/DROP \.\.\. CASCADE/);
});

test('other types of arguments leave the former function beside the new one', async () => {
  const watched = await start();
  const text = COUNT.replace('lightest integer', 'lightest integer, most integer');
  const said = await watched.save({ 'things/count_things.sql': text }, IS_AS_FILES);
  expect(said.replace(/\s+/g, ' ')).toContain(
    'dpg_private.count_things(integer) is still in the database, beside the one that ' +
      'sql/things/count_things.sql creates with other arguments. For migrations/current.sql, above its include: ' +
      'drop function if exists dpg_private.count_things(integer);',
  );
  // it is said once
  const again = await watched.save({ 'things/weigh.sql': `${WEIGH}select 1;\n` }, IS_AS_FILES);
  expect(again).not.toMatch(/count_things/);
  const drop = 'drop function if exists dpg_private.count_things(integer);\n';
  await watched.save({ 'current.sql': `${drop}${CURRENT}` }, IS_AS_FILES);
});

test('a file that is renamed with its function, one that has gone', async () => {
  const watched = await start();
  const said = await watched.save(
    {
      'things/number_of_things.sql': COUNT.replace('count_things', 'number_of_things'),
      'all.sql': listOf(['schema.sql', 'things/weigh.sql', 'things/number_of_things.sql']),
      'things/count_things.sql': undefined,
    },
    /drop function/,
  );
  expect(said.replace(/\s+/g, ' ')).toContain(
    'dpg_private.count_things(integer) is in the database, and no file under sql/ creates it. For ' +
      'migrations/current.sql, above its include: drop function if exists dpg_private.count_things(integer);',
  );
  const gone = await watched.save({ 'things/weigh.sql': undefined }, /no such file/);
  expect(gone).toMatch(
    /^sql\/all\.sql:2\n {2}Include of 'things\/weigh\.sql' failed: there is no such file$/m,
  );
  await watched.save({ 'things/weigh.sql': WEIGH }, IS_AS_FILES);
});

test('the files of this repository: an API function has its place, and nothing of the API is left over', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dpg-watch-'));
  for (const path of ['sql', 'migrations'])
    await cp(join(projectFolder, path), join(folder, path), { recursive: true, verbatimSymlinks: true });
  const database = await temporaryDatabase();
  onTestFinished(database.drop);
  const watched = await watchingProject(database.url, folder);
  stopAtEnd(watched);
  // private functions may stay for a release
  expect(watched.said()).not.toMatch(/^dpg\.\w+\(/m);

  const text = await readFile(join(projectFolder, 'sql/items/get_item.sql'), 'utf8');
  const broken = text.replace(/^begin$/m, 'begin\n  retrun stored;');
  const said = await watched.save({ 'items/get_item.sql': broken }, IS_UNCHANGED);
  const line = broken.split('\n').indexOf('  retrun stored;') + 1;
  expect(said).toContain(`\nsql/items/get_item.sql:${line}:3\n  syntax error at or near "retrun" (42601)\n`);
  const mended = await watched.save({ 'items/get_item.sql': `${text}\nselect 1;\n` }, IS_AS_FILES);
  expect(mended).not.toMatch(/sql\//);
});

test('a server without plpgsql_check: said once, with where it comes from', async (context) => {
  const [row] = await (await databaseOfRun())`
    select from pg_available_extensions where name = 'plpgsql_check'`;
  context.skip(row !== undefined, 'this server has it');
  const watched = await start();
  await watched.save({ 'things/weigh.sql': `${WEIGH}select 1;\n` }, IS_AS_FILES);
  const major = inject('serverVersion').split('.')[0];
  const said = watched.said().replace(/\s+/g, ' ');
  expect(said.match(/lacks plpgsql_check/g)).toHaveLength(1);
  expect(said).toContain(`apt install postgresql-${major}-plpgsql-check`);
});

const installed = installedServer('plpgsql_check');
if (!installed)
  console.log('SKIPPED: db:watch with plpgsql_check (no server with that extension on this machine)');

test.skipIf(!installed)(
  'an unknown column in a PL/pgSQL body: plpgsql_check finds it, until it is mended',
  async () => {
    if (!installed) throw new Error('skipped');
    const server = await startInstalled(installed);
    onTestFinished(() => server.stop());
    const watched = await start(FILES, await server.createDatabase('watched'));
    const text = COUNT.replace('t.weight >=', 't.wheight >=');
    const said = await watched.save({ 'things/count_things.sql': text }, IS_AS_FILES);
    expect(said).toMatch(
      /^sql\/things\/count_things\.sql:8\n {2}column t\.wheight does not exist \(plpgsql_check\)$/m,
    );
    expect(said).toMatch(/^> +8 {4}select count\(\*\) into found_things$/m);
    const still = await watched.save({ 'things/weigh.sql': `${WEIGH}select 1;\n` }, IS_AS_FILES);
    expect(still).toMatch(/t\.wheight/);
    expect(await watched.save({ 'things/count_things.sql': COUNT }, IS_AS_FILES)).not.toMatch(
      /plpgsql_check/,
    );
    expect(watched.said()).not.toMatch(/lacks/);
  },
);

async function databaseOfRun() {
  const database = await temporaryDatabase({ from: 'empty' });
  onTestFinished(database.drop);
  return database.sql;
}
