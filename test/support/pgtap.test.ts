// The runner of the pgTAP files must see what goes wrong in them: each of these files is bad in its own way.

import { expect, test } from 'vitest';
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
