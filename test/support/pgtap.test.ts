// The runner of the pgTAP files must see what goes wrong in them: each of these files is bad in its own way. And what the
// files share must see what was written.

import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectFolder } from './migrations.js';
import { failureOf } from './pgtap.js';
import { testDatabase } from './test-database.js';

const database = await testDatabase({ from: 'pgtap' });

async function outcome(text: string): Promise<string | undefined> {
  const sql = database.connect({ max: 1, connection: { search_path: 'public, tap' } });
  try {
    return await failureOf(sql, text);
  } finally {
    await sql.end();
  }
}

test('a file whose tests pass is well', async () => {
  const text = `begin; select plan(2); select ok(true, 'a'); select is(1, 1, 'b'); select * from finish(); rollback;`;
  expect(await outcome(text)).toBeUndefined();
});

test('a failed test is named, with what pgTAP found', async () => {
  const failure = await outcome(
    `begin; select plan(2); select is(1, 2, 'the sum'); select ok(true, 'b'); select * from finish(); rollback;`,
  );
  expect(failure).toContain('not ok 1 - the sum');
  expect(failure).toContain('have: 1');
  expect(failure).toContain('want: 2');
  expect(failure).not.toContain('not ok 2');
});

test('a test that is to do, or skipped, is no failure', async () => {
  const text = `begin; select plan(2); select todo('later', 1); select ok(false, 'a'); select skip('why', 1);
    select * from finish(); rollback;`;
  expect(await outcome(text)).toBeUndefined();
});

test.each([
  [
    'fewer tests than planned',
    `begin; select plan(3); select ok(true, 'a'); select * from finish(); rollback;`,
  ],
  ['more tests than planned', `begin; select plan(1); select ok(true, 'a'); select ok(true, 'b'); rollback;`],
])('%s is a failure', async (_what, text) => {
  expect(await outcome(text)).toMatch(/plan/);
});

test.each([
  ['no test', 'begin; select 1; rollback;'],
  ['no test but a plan', 'begin; select plan(1); rollback;'],
  ['nothing at all', ''],
])('a file with %s is a failure', async (_what, text) => {
  expect(await outcome(text)).toContain('ran no test');
});

test('an error stops the file: its code, message and line are told, and the tests before it', async () => {
  const failure = await outcome(`begin;
select plan(3);
select ok(false, 'before');
select ok(true, 'last');
select is(1,
  nowhere(), 'never');
rollback;`);
  expect(failure).toContain('not ok 1 - before');
  expect(failure).toContain('Bail out! 42883: function nowhere() does not exist');
  expect(failure).toContain('at line 6, column 3');
  expect(failure).toContain('after: ok 2 - last');
});

test('an error that a function raises is told with its detail, hint and context', async () => {
  const failure = await outcome(`begin; select plan(1);
do $body$ begin raise exception 'too late' using errcode = 'DP007', detail = '{"a": 1}', hint = 'read again'; end $body$;
rollback;`);
  expect(failure).toContain('Bail out! DP007: too late');
  for (const part of ['{"a": 1}', 'read again', 'PL/pgSQL function inline_code_block'])
    expect(failure).toContain(part);
});

describe('what the files share', () => {
  const folder = join(projectFolder, 'test/pgtap');
  const files = async () =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && entry.name.endsWith('.sql'))
      .map((entry) => join(entry.parentPath, entry.name));

  test('no file has a function that another has as well: it belongs into support/pgtap.sql', async () => {
    const owners = new Map<string, string[]>();
    for (const file of await files()) {
      const functions = (await readFile(file, 'utf8')).matchAll(
        /^create function pg_temp\..*?\$(\w*)\$.*?\$\1\$;/gms,
      );
      for (const [text] of functions) owners.set(text, [...(owners.get(text) ?? []), relative(folder, file)]);
    }
    expect(owners.size).toBeGreaterThan(50);
    expect([...owners].filter(([, names]) => names.length > 1)).toEqual([]);
  });

  test('each file is a transaction that is rolled back, since all share a database', async () => {
    for (const file of await files()) {
      const text = await readFile(file, 'utf8');
      expect(text, file).toMatch(/^(--.*\n)*begin( isolation level [a-z ]+)?;\n/);
      expect(text, file).toMatch(/\nrollback;\n$/);
      expect(text, file).not.toMatch(/^commit;/im);
    }
  });

  const { sql } = database;
  const written = async (statement: string) => {
    const result = await sql.begin(async (tx) => {
      await tx`set local search_path = public, tap`;
      await tx`select plan(1), dpg_test.note_written()`;
      await tx.unsafe(statement);
      const [row] = await tx<{ line: string }[]>`select dpg_test.wrote_nothing('nothing') as line`;
      await tx`rollback`;
      return row?.line ?? '';
    });
    return /have: (.*)/.exec(result)?.[1] ?? (result.startsWith('ok ') ? 'nothing' : result);
  };

  test('written looks at each table of both schemas and at the users', async () => {
    const tables = await sql<{ name: string }[]>`
      select format('%I.%I', c.relnamespace::regnamespace, c.relname) as name
      from pg_class c
      left join pg_inherits i on i.inhrelid = c.oid
      where c.relkind in ('r', 'p') and i.inhrelid is null
        and (c.relnamespace::regnamespace::text in ('dpg', 'dpg_private') or c.relname = 'user')`;
    const [row] = await sql<{ written: object }[]>`select dpg_test.written() as written`;
    expect(Object.keys(row?.written ?? {}).sort()).toEqual(
      ['relations', ...tables.map(({ name }) => name)].sort(),
    );
  });

  test.each([
    ['select 1', 'nothing'],
    [`insert into public."user" (id, name, email) values ('x', 'x', 'x')`, 'public."user"'],
    ['update dpg.limits set limit_value = limit_value', 'dpg.limits'],
    [`update dpg.limits set limit_value = limit_value + 1 where limit_name = 'networks'`, 'dpg.limits'],
    [`select dpg.ensure_item_partition('net', 'domain')`, 'dpg_private.partition_names, relations'],
    [
      `select dpg_test.insert_users('x'); select dpg.upsert_item('x', 'net', 'domain', 't', 'u', 's')`,
      'dpg.items, dpg_private.instance_url_sightings, dpg_private.owner_leaves, dpg_private.partition_names, public."user", relations',
    ],
    ['create table dpg_private.theirs (note text)', 'dpg_private.theirs, relations'],
    ['drop index dpg.items_state_idx', 'relations'],
  ])('%s: it names %s', async (statement, tables) => {
    expect(await written(statement)).toBe(tables);
  });
});
