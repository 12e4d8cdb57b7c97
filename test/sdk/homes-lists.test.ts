// Lists that name no network, over several servers: each row once, in one order, whatever moves meanwhile.

import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { createDpg, type Dpg, InvalidPageTokenError, type Item, type List } from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { beginMove, move } from './homes-world.js';
import { addUsers, errorOf, student, tutor } from './story.js';

const servers = [await testDatabase(), await testDatabase(), await testDatabase()] as const;
const [first, second, spare] = servers;
const login = await first.createLogin('dpg_app');
const [firstUrl, secondUrl, spareUrl] = servers.map(({ url }) => {
  const own = new URL(login);
  own.pathname = new URL(url).pathname;
  return own.href;
}) as [string, string, string];

const HOMES = { homes: { blue: secondUrl, green: secondUrl, white: spareUrl }, default: firstUrl };
const NETWORKS = ['yellow', 'blue', 'green', 'white'];
let dpg: Dpg;

beforeAll(async () => {
  for (const { sql } of servers) await addUsers(sql, 'asha', 'ravi', 'mina');
  dpg = createDpg(HOMES);
  const [asha, ravi] = [dpg.as('asha'), dpg.as('ravi')];
  for (let round = 0; round < 4; round++) {
    for (const item_network of NETWORKS) {
      const source = await asha.items.upsert(student({ item_network }));
      const target = await ravi.items.upsert(tutor({ item_network }));
      const action = await asha.actions.perform({ action_type: 'connect', source, target });
      if (round % 2 === 0) await ravi.actions.transition(action, { action_status: 'accepted' });
    }
  }
  // rows of one time, in all networks: the key decides
  const at = '2026-11-01T00:00:00.000001Z';
  for (const { sql } of servers) {
    await sql`update dpg.items set created_at = ${at} where created_by = 'asha' and item_id in (
      select item_id from dpg.items where created_by = 'asha' order by created_at limit 2)`;
    await sql`update dpg.item_actions set updated_at = ${at} where action_id in (
      select action_id from dpg.item_actions order by updated_at limit 2)`;
  }
  return () => dpg.end();
});

type Row = { next_page_token: string };
interface Listing {
  list: (dpg: Dpg, page: { page_size?: number; page_token?: string | null }) => List<Row>;
  time: string;
  key: string;
  rows: number;
  isOldestFirst?: boolean;
}

const LISTINGS: Record<string, Listing> = {
  own: { list: (at, page) => at.as('asha').items.own(page), time: 'created_at', key: 'item_id', rows: 16 },
  'own, of a domain': {
    list: (at, page) => at.as('ravi').items.own({ ...page, item_domain: 'tutor' }),
    time: 'created_at',
    key: 'item_id',
    rows: 16,
  },
  actions: {
    list: (at, page) => at.as('ravi').actions.find(page),
    time: 'updated_at',
    key: 'action_id',
    rows: 16,
  },
  'actions, the oldest first': {
    list: (at, page) => at.as('asha').actions.find({ ...page, oldest_first: true }),
    time: 'updated_at',
    key: 'action_id',
    rows: 16,
    isOldestFirst: true,
  },
  'actions of a status, with items': {
    list: (at, page) =>
      at.as('asha').actions.find({ ...page, action_statuses: ['accepted'], with_items: true }),
    time: 'updated_at',
    key: 'action_id',
    rows: 8,
  },
  events: {
    list: (at, page) => at.as('asha').events.find(page),
    time: 'created_at',
    key: 'event_id',
    rows: 24,
  },
};

const columnOf = (rows: readonly Row[], column: string) =>
  rows.map((row) => String((row as unknown as Record<string, unknown>)[column]));

describe.each(Object.entries(LISTINGS))('%s', (_, { list, time, key, rows, isOldestFirst }) => {
  test('all rows of all servers come in one order', async () => {
    const page = await list(dpg, { page_size: 100 });
    expect(page.rows).toHaveLength(rows);
    expect(page.next_page_token).toBeNull();
    const times = columnOf(page.rows, time);
    const sorted = [...times].sort();
    expect(times).toEqual(isOldestFirst ? sorted : sorted.reverse());
    expect(new Set(columnOf(page.rows, key)).size).toBe(rows);
  });

  test.each([1, 3, 7])(
    'pages of %i rows make the same list, in another process as well',
    async (page_size) => {
      const whole = columnOf((await list(dpg, { page_size: 100 })).rows, key);
      await using other = createDpg(HOMES);
      const got: string[] = [];
      let page_token: string | null = null;
      do {
        const page = await list(got.length % 2 === 0 ? dpg : other, { page_size, page_token });
        expect(page.rows.length).toBeLessThanOrEqual(page_size);
        got.push(...columnOf(page.rows, key));
        page_token = page.next_page_token;
      } while (page_token !== null);
      expect(got).toEqual(whole);
    },
  );

  test('each row has a token that continues after it', async () => {
    const { rows: all } = await list(dpg, { page_size: 100 });
    const whole = columnOf(all, key);
    for (const [index, row] of all.entries()) {
      const rest = await list(dpg, { page_size: 100, page_token: row.next_page_token });
      expect(columnOf(rest.rows, key)).toEqual(whole.slice(index + 1));
    }
  });

  test('no other token is taken', async () => {
    const token = (await list(dpg, { page_size: 1 })).next_page_token as string;
    const plain = (await list(dpg.home('blue'), { page_size: 1 })).next_page_token as string;
    const other = (await dpg.as('mina').items.own({ page_size: 1 })).next_page_token;
    expect(other).toBeNull();
    const wrong = [
      plain,
      token.slice(0, -1),
      `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`,
      token.replace('homes.', ''),
      `homes.${'0'.repeat(8)}.e30`,
      '',
    ];
    for (const page_token of wrong) {
      const error = await errorOf(list(dpg, { page_token }));
      expect(error, page_token).toBeInstanceOf(InvalidPageTokenError);
    }
    for (const others of Object.values(LISTINGS).filter((one) => one.list !== list)) {
      const error = await errorOf(others.list(dpg, { page_token: token }));
      expect(error).toBeInstanceOf(InvalidPageTokenError);
    }
    expect(await errorOf(list(dpg.home('blue'), { page_token: token }))).toBeInstanceOf(
      InvalidPageTokenError,
    );
  });
});

test.each(['null', '7', '{', '[]', '["t",["k"],"f",null]', '["t",["k"],"f",{"a":7}]', '["t","k","f",{}]'])(
  'a token that somebody made up is refused as any other: %s',
  async (text) => {
    const body = Buffer.from(text).toString('base64url');
    const checksum = createHash('sha256').update(body).digest('hex').slice(0, 8);
    const error = await errorOf(dpg.as('asha').items.own({ page_token: `homes.${checksum}.${body}` }));
    expect(error).toBeInstanceOf(InvalidPageTokenError);
  },
);

test('counts of all servers, in the order of the database', async () => {
  const counts = await dpg.as('asha').actions.counts();
  expect(counts.map((row) => [row.partition_network, row.action_status, row.action_count])).toEqual(
    ['blue', 'green', 'white', 'yellow'].flatMap((network) => [
      [network, 'accepted', 2n],
      [network, 'created', 2n],
    ]),
  );
});

test('partitions are those that calls reach', async () => {
  const leaves = await dpg.partitions.list({ root: 'items' });
  expect(leaves.map(({ network, key }) => `${network} ${key}`).sort()).toEqual(
    [...NETWORKS].sort().flatMap((network) => [`${network} student`, `${network} tutor`]),
  );
});

test('a server that cannot be reached is an error, never a shorter list', async () => {
  const gone = new URL(firstUrl);
  gone.pathname = '/no_such_database';
  await using broken = createDpg({ homes: { red: gone.href }, default: firstUrl });
  const asha = broken.as('asha');
  const asked = [
    () => asha.items.own(),
    () => asha.actions.find(),
    () => asha.events.find(),
    () => asha.actions.counts(),
  ];
  for (const ask of asked) expect(await errorOf(ask())).toMatchObject({ code: '3D000' });
  expect((await asha.items.own({ item_network: 'yellow' })).rows).toHaveLength(4);
});

describe('a network that moves', () => {
  /** Items of mina, in a network of her own and in another one. */
  async function itemsOf(network: string): Promise<string[]> {
    const mina = dpg.as('mina');
    for (let i = 0; i < 6; i++) {
      await mina.items.upsert(student({ item_network: network }));
      await mina.items.upsert(student({ item_network: 'blue' }));
    }
    return ids((await mina.items.own({ page_size: 1000 })).rows);
  }
  const ids = (rows: readonly Item[]) => rows.map(({ item_id }) => item_id);

  test.each([
    ['to a server that the list has met', second],
    ['to one that it has not met', spare],
    ['to one that takes no tokens of others', spare],
  ])('between two pages, %s', async (name, to) => {
    // the databases of these tests are copies of one, which has drawn the seal
    if (name.includes('tokens'))
      for (const { sql } of servers) await sql`update dpg_private.page_seal set seal = gen_random_uuid()`;
    const network = `between ${name}`;
    const whole = await itemsOf(network);
    await using other = createDpg({ homes: { blue: secondUrl }, default: firstUrl });
    for (const at of [dpg, other]) {
      const page = await at.as('mina').items.own({ page_size: 4 });
      if (at === other) await move(network, first, to);
      const got = ids(page.rows);
      for await (const item of at
        .as('mina')
        .items.own({ page_size: 2, page_token: page.next_page_token as string }))
        got.push(item.item_id);
      expect(got).toEqual(whole);
    }
  });

  test.each(['items', 'actions', 'events'] as const)(
    'between two pages of rows of one time: %s',
    async (rows) => {
      const network = `one time ${rows}`;
      const mina = dpg.as('mina');
      for (let i = 0; i < 6; i++) {
        const source = await mina.items.upsert(student({ item_network: network }));
        const target = await dpg.as('ravi').items.upsert(tutor({ item_network: network }));
        await mina.actions.perform({ action_type: 'connect', source, target });
      }
      const at = '2026-11-02T00:00:00.000001Z';
      await first.sql`update dpg.items set created_at = ${at} where item_network = ${network}`;
      await first.sql`update dpg.item_actions set updated_at = ${at} where partition_network = ${network}`;
      const listOf = {
        items: (page: object) => mina.items.own({ ...page, item_domain: 'student' }),
        actions: (page: object) => mina.actions.find(page),
        events: (page: object) => mina.events.find(page),
      }[rows] as (page: object) => List<Row>;
      const key = { items: 'item_id', actions: 'action_id', events: 'event_id' }[rows];
      const whole = columnOf((await listOf({ page_size: 1000 })).rows, key);
      const page = await listOf({ page_size: whole.length - 2 });
      await move(network, first, second);
      const got = columnOf(page.rows, key);
      for await (const row of listOf({ page_size: 2, page_token: page.next_page_token }))
        got.push(...columnOf([row], key));
      expect(got).toEqual(whole);
    },
  );

  test('while lists are read', async () => {
    const network = 'while';
    const whole = await itemsOf(network);
    let isOver = false;
    const readers = [1, 2, 3].map(async () => {
      await using other = createDpg({ homes: {}, default: firstUrl });
      let lists = 0;
      while (!isOver) {
        const own = await other.as('mina').items.own({ page_size: 1000 });
        expect(ids(own.rows.filter((item) => whole.includes(item.item_id)))).toEqual(
          whole.filter((id) => own.rows.some((item) => item.item_id === id)),
        );
        expect(own.rows.filter((item) => item.item_network === network)).toHaveLength(6);
        lists += 1;
      }
      return lists;
    });
    const { close, open } = await beginMove(network, first, spare);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await open();
    await new Promise((resolve) => setTimeout(resolve, 100));
    isOver = true;
    for (const lists of await Promise.all(readers)) expect(lists).toBeGreaterThan(0);
  });
});
