// Arrays in statements of an application's own, on connections that the SDK has opened: postgres.js asks for no types there.

import { afterAll, describe, expect, test } from 'vitest';
import { createDpg } from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const { sql, end } = createDpg(database.url, { max: 1 });
afterAll(() => end());

const odd = ['', 'a', 'NULL', 'null', '{x}', 'a,b', '"', '\\', ' é\n', '日本'];
const ids = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];

describe('what is sent comes back', () => {
  test.each<[type: string, values: unknown[]]>([
    ['text[]', odd],
    ['text[]', []],
    ['text[]', ['a', null, 'NULL']],
    ['text[]', ['x'.repeat(3_000_000)]],
    [
      'text[]',
      [
        ['a', 'b'],
        ['c', null],
      ],
    ],
    ['varchar[]', odd],
    ['name[]', ['a b', 'c']],
    ['uuid[]', ids],
    ['integer[]', [1, -2, null]],
    ['double precision[]', [0.1, 1e300]],
    ['bigint[]', ['9007199254740993']],
    ['numeric[]', ['1.10']],
  ])('%s %j', async (type, values) => {
    const [row] = await sql.unsafe(`select $1::${type} as values`, [values as never]);
    expect(row?.values).toEqual(values);
  });
});

test('any of a list, sql.array, and an array that does not begin at 1', async () => {
  const found = await sql`select n from generate_series(1, 9) n where n = any (${[2, 4]}) order by n`;
  expect(found.map(({ n }) => n)).toEqual([2, 4]);
  const texts = await sql`select t from unnest(${sql.array(odd)}::text[]) t`;
  expect(texts.map(({ t }) => t)).toEqual(odd);
  const [given] = await sql`select pg_typeof(${sql.array([1, 2], 23)})::text as type`;
  expect(given?.type).toBe('integer[]');
  const [row] = await sql`select '[0:1]={1,2}'::integer[] as bounded, '{}'::uuid[] as none`;
  expect(row).toEqual({ bounded: [1, 2], none: [] });
});

// of which postgres.js has to be told, since it takes the type of the first element for that of the whole
test.each<[type: string, number: number, values: unknown[]]>([
  ['boolean[]', 16, [true, false, null]],
  ['jsonb[]', 3802, [{ a: ['"', '\\'] }, 'text', null]],
  ['timestamptz[]', 1184, [new Date('2026-11-22T12:00:00Z')]],
  ['bytea[]', 17, [Buffer.from([0, 255])]],
])('sql.array of %s', async (type, number, values) => {
  const [row] = await sql`select ${sql.array(values as never, number)} as values`;
  expect(row?.values).toEqual(values);
  const [of] = await sql`select pg_typeof(${sql.array(values as never, number)})::text as type`;
  expect(of?.type).toBe(type.replace('timestamptz', 'timestamp with time zone'));
});

test('no connection is asked for the types of all arrays', async () => {
  const statements: string[] = [];
  const debug = (_: number, statement: string) => statements.push(statement);
  await using dpg = createDpg(database.url, { max: 1, debug });
  await dpg.sql`select 1`;
  expect(statements).toEqual(['select 1']);
});

test('whoever needs types of their own can have postgres.js ask', async () => {
  await using asking = createDpg(database.url, { max: 1, fetch_types: true });
  await database.sql`create type public.mood as enum ('good', 'bad')`;
  const [row] = await asking.sql`select '{good,bad}'::public.mood[] as moods, '{a,null}'::text[] as texts`;
  expect(row).toEqual({ moods: ['good', 'bad'], texts: ['a', null] });
});
