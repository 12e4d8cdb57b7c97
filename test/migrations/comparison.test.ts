// The comparison that other tests rely on must be able to fail: each of these changes is seen, and its object named.

import { expect, test } from 'vitest';
import { catalogue, differences } from '../support/catalogue.js';
import { differingFiles, includes, listMistakes } from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();

const CHANGES: [string, string, string][] = [
  [
    'the body of a function',
    `create or replace function compared.f(a text) returns text language sql immutable as $f$ select a || '!' $f$`,
    'function compared.f(text)',
  ],
  ['its volatility', 'alter function compared.f(text) stable', 'function compared.f(text)'],
  [
    'its search_path',
    'alter function compared.f(text) set search_path = pg_catalog',
    'function compared.f(text)',
  ],
  [
    'whose rights it runs with',
    'alter function compared.f(text) security definer',
    'function compared.f(text)',
  ],
  [
    'who may execute it',
    'revoke execute on function compared.f(text) from public',
    'function compared.f(text)',
  ],
  ['its comment', `comment on function compared.f(text) is 'other'`, 'function compared.f(text)'],
  ['a default', 'alter table compared.t alter n set default 2', 'column compared.t.n'],
  ['a type of a column', 'alter table compared.t alter n type bigint', 'column compared.t.n'],
  ['a comment on a column', `comment on column compared.t.n is 'other'`, 'column compared.t.n'],
  ['a privilege on a column', 'grant update (n) on compared.t to public', 'column compared.t.n'],
  ['a new column', 'alter table compared.t add m integer', 'column compared.t.m'],
  [
    'a constraint',
    'alter table compared.t add constraint positive check (n > 0)',
    'constraint positive on compared.t',
  ],
  ['an index', 'create index t_n on compared.t (n)', 'index compared.t_n on compared.t'],
  [
    'a trigger',
    'create trigger g before insert on compared.t for each row execute function compared.g()',
    'trigger g on compared.t',
  ],
  ['a privilege on a table', 'grant select on compared.t to public', 'table compared.t'],
  ['row security', 'alter table compared.t enable row level security', 'table compared.t'],
  ['a policy', 'create policy p on compared.t using (n > 1)', 'policy p on compared.t'],
  ['a view', 'create or replace view compared.v as select 2 as n', 'view compared.v'],
  ['a composite type', 'alter type compared.c add attribute b text', 'column compared.c.b'],
  ['a label of an enum', `alter type compared.e add value 'b'`, 'type compared.e'],
  ['a domain', 'alter domain compared.d set not null', 'type compared.d'],
  ['an operator', 'drop operator compared.=== (text, text)', 'operator compared.===(text,text)'],
  ['a sequence', 'alter sequence compared.s increment 5', 'sequence compared.s'],
  ['a privilege on a schema', 'grant usage on schema compared to public', 'schema compared'],
  ['a row', 'insert into compared.t values (7)', 'rows of compared.t'],
  ['a setting of the database', `alter database :name set lock_timeout = '5s'`, 'settings of all'],
];

const START = `
  create schema compared;
  create function compared.f(a text) returns text language sql immutable as $f$ select a $f$;
  create function compared.g() returns trigger language plpgsql as $f$ begin return new; end $f$;
  create table compared.t (n integer not null default 1);
  create view compared.v as select 1 as n;
  create type compared.c as (a text);
  create type compared.e as enum ('a');
  create domain compared.d as text;
  create operator compared.=== (leftarg = text, rightarg = text, function = pg_catalog.texteq);
  create sequence compared.s;`;

test.each(CHANGES)('a change of %s is seen', async (_what, change, object) => {
  await database.sql.unsafe(`drop schema if exists compared cascade; ${START}`).simple();
  const before = await catalogue(database.sql);
  const text = change
    .replace(/^create function/, 'create or replace function')
    .replace(':name', database.name);
  await database.sql.unsafe(text);
  const found = differences(before, await catalogue(database.sql), ['before', 'after']);
  expect(
    found.some((line) => line.startsWith(`${object} differs:`) || line.startsWith(`${object}: only in`)),
    found.join('\n'),
  ).toBe(true);
});

test('where nothing is changed nothing is seen', async () => {
  const before = await catalogue(database.sql);
  expect(before.size).toBeGreaterThan(20);
  expect(differences(before, await catalogue(database.sql), ['before', 'after'])).toEqual([]);
});

test('a file whose text differs from the committed one, or was never committed, is named', () => {
  const texts = new Map([
    ['a.sql', 'select 1;'],
    ['b.sql', 'select 2;'],
    ['c.sql', 'select 3;'],
  ]);
  const committed = new Map([
    ['a.sql', 'select 1;'],
    ['b.sql', '-- other\nselect 2;'],
  ]);
  expect(differingFiles(texts, committed)).toEqual(['b.sql', 'c.sql']);
});

test('a file that the list lacks, lists twice, or that is not there is named', () => {
  const listed = includes(
    '-- why\n--!include a.sql\n--!include b/c.sql\n--!include a.sql\n--!include gone.sql\n',
  );
  expect(listMistakes(listed, ['a.sql', 'b/c.sql', 'd.sql'])).toEqual([
    'sql/all.sql does not list d.sql',
    'sql/all.sql lists gone.sql, which is not there',
    'sql/all.sql lists a.sql twice',
  ]);
});
