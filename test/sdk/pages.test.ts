import { beforeAll, expect, test } from 'vitest';
import {
  createDpg,
  InvalidArgumentError,
  InvalidPageTokenError,
  JsonNumber,
  stringifyJson,
} from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, errorOf, noting, student } from './story.js';

const database = await testDatabase();
const statements: string[] = [];
const dpg = createDpg(database.connect(noting(statements)));
const at = { item_network: 'yellow_dot', item_domain: 'student' };

beforeAll(async () => {
  await addUsers(database.sql, 'asha');
  const items = Array.from({ length: 45 }, (_, i) => student({ item_state: { i } }));
  await dpg.as('asha').items.upsertMany(items, { returning: 'count' });
});

async function sent(work: () => Promise<unknown>): Promise<number> {
  statements.length = 0;
  await work();
  return statements.length;
}

test('a page has 20 rows and the token of its last, which goes on after it', async () => {
  const first = await dpg.items.find(at);
  expect(first.rows).toHaveLength(20);
  expect(first.next_page_token).toBe(first.rows[19]?.next_page_token);
  const second = await dpg.items.find({ ...at, page_token: first.next_page_token });
  const third = await dpg.items.find({ ...at, page_token: second.next_page_token });
  expect(third.rows).toHaveLength(5);
  expect(third.next_page_token).toBeNull();
  const ids = [first, second, third].flatMap((page) => page.rows.map((row) => row.item_id));
  expect(new Set(ids).size).toBe(45);
});

test('as JSON a page has the token to go on with, and its rows have none', async () => {
  const page = await dpg.items.find({ ...at, page_size: 2 });
  const { rows, next_page_token } = page;
  const without = rows.map(({ next_page_token: _, ...row }) => row);
  expect(JSON.parse(JSON.stringify(page))).toStrictEqual({ rows: without, next_page_token });
  expect(page.toJSON()).toStrictEqual({ rows: without, next_page_token });
  expect(page.rows.every((row) => row.next_page_token.length > 0)).toBe(true);
  expect(JSON.parse(JSON.stringify(page.rows))).toStrictEqual(rows);
});

test('numbers of a page that is sent as JSON text are exact where they were read so', async () => {
  const item_state = { i: new JsonNumber('9007199254740993') };
  const at = { item_network: 'yellow_dot', item_domain: 'exact' };
  await dpg.as('asha').items.upsert(student({ ...at, item_state }));
  const page = await createDpg(dpg.sql, { numbers: 'exact' }).items.find(at);
  const text = stringifyJson(page);
  expect(text).toContain('"item_state":{"i":9007199254740993}');
  expect(text.match(/next_page_token/g)).toHaveLength(1);
});

test('a page can be compared, cloned and looked at as the object of two fields that it is', async () => {
  const page = await dpg.items.find({ ...at, page_size: 45 });
  const { rows } = page;
  expect(page).toStrictEqual({ rows, next_page_token: rows.at(-1)?.next_page_token });
  expect(structuredClone(page)).toStrictEqual(page);
  expect(Object.keys(page)).toEqual(['rows', 'next_page_token']);
});

test('any row can be gone on from', async () => {
  const { rows } = await dpg.items.find(at);
  const { rows: rest } = await dpg.items.find({ ...at, page_size: 3, page_token: rows[4]?.next_page_token });
  expect(rest.map((row) => row.item_id)).toEqual(rows.slice(5, 8).map((row) => row.item_id));
});

test('iteration walks all pages, one statement each', async () => {
  const seen = new Set<string>();
  expect(
    await sent(async () => {
      for await (const item of dpg.items.find({ ...at, page_size: 10 })) seen.add(item.item_id);
    }),
  ).toBe(5);
  expect(seen.size).toBe(45);
});

test('a full last page takes one more statement, which finds nothing', async () => {
  let count = 0;
  expect(
    await sent(async () => {
      for await (const _ of dpg.items.find({ ...at, page_size: 15 })) count++;
    }),
  ).toBe(4);
  expect(count).toBe(45);
});

test('iteration that is left early asks for no further page', async () => {
  expect(
    await sent(async () => {
      for await (const _ of dpg.items.find({ ...at, page_size: 10 })) break;
    }),
  ).toBe(1);
});

test('iteration goes on from a page token', async () => {
  const { next_page_token } = await dpg.items.find({ ...at, page_size: 40 });
  const rest: unknown[] = [];
  for await (const item of dpg.items.find({ ...at, page_size: 2, page_token: next_page_token }))
    rest.push(item);
  expect(rest).toHaveLength(5);
});

test('nearest is walked by distance', async () => {
  const distances: number[] = [];
  for await (const item of dpg.items.nearest({ ...at, latitude: 0, longitude: 0, page_size: 7 })) {
    distances.push(item.distance_meters);
  }
  expect(distances).toHaveLength(45);
});

test('nothing is sent before a list is asked for, and only once when awaited twice', async () => {
  expect(
    await sent(async () => {
      const list = dpg.items.find(at);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(statements).toEqual([]);
      const [one, two] = await Promise.all([list, list]);
      expect(one).toBe(two);
      expect(await list.finally(() => undefined)).toBe(one);
    }),
  ).toBe(1);
});

test('a refusal is a rejection, of promise and iteration', async () => {
  const refused = dpg.items.find({ ...at, page_size: 0 });
  expect(await refused.catch((error: unknown) => error)).toBeInstanceOf(InvalidArgumentError);
  expect(await errorOf(refused[Symbol.asyncIterator]().next())).toBeInstanceOf(InvalidArgumentError);
  const astray = dpg.items.find({ ...at, page_token: 'astray' });
  expect(await errorOf(astray)).toBeInstanceOf(InvalidPageTokenError);
  expect(await errorOf(astray[Symbol.asyncIterator]().next())).toBeInstanceOf(InvalidPageTokenError);
});

test('later changes to the filter do not matter', async () => {
  const filter = { ...at, page_size: 1 };
  const list = dpg.items.find(filter);
  filter.page_size = 1000;
  expect((await list).rows).toHaveLength(1);
});
