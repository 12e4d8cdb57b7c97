// Searches over the domains of a network, by one plan that is kept: what they read, and that they find what is there when leaves
// come and go under sessions that keep such plans.

import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const { sql } = database;
const PAGE = 20;
/** In metres: some dozen items, less than a page. */
const RADIUS = 15;
const HERE = 'latitude => 12, longitude => 77';

/** So many items along a road: the first one is the newest, and the nearest to the beginning of the road. */
const items = (domain: string, count: number, first: number) => `
  insert into dpg.items (item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_latitude,
    item_longitude, created_by, created_at)
  select 'n', '${domain}', 't', md5('${domain}' || g)::uuid, 'u', 's', 12 + g * 0.00001, 77, 'asha',
    timestamptz '2026-06-01' - g * interval '1 minute'
  from generate_series(${first}, ${first + count - 1}) g`;

const ALL = {
  'find_items, the newest': `select item_domain, item_id from dpg.find_items('n')`,
  'find_items in a circle': `select item_domain, item_id from dpg.find_items('n', ${HERE}, radius_meters => ${RADIUS})`,
  nearest_items: `select item_domain, item_id from dpg.nearest_items('n', null, 12, 77)`,
  'nearest_items in a circle': `select item_domain, item_id from dpg.nearest_items('n', null, 12, 77, ${RADIUS})`,
};
/** The same without the domain that has most of what is asked for. */
const SOME = Object.fromEntries(
  Object.entries(ALL).map(([name, search]) => [
    name,
    search.replace(/\)$/, `, item_domains => '{small, old, empty, late}')`),
  ]),
);

beforeAll(async () => {
  await sql`insert into public."user" (id, name, email) values ('asha', 'Asha', 'a@x')`;
  // one domain has most of the newest and nearest, one a few of them, one none, one nothing
  for (const domain of ['big', 'small', 'old', 'empty'])
    await sql`select dpg.ensure_item_partition('n', ${domain})`;
  await sql.unsafe(items('big', 5000, 1));
  await sql.unsafe(items('small', 5, 3));
  await sql.unsafe(items('old', 3000, 10_000));
});

/** How many entries of indexes and rows of tables a search has read, by leaf. */
async function read(session: postgres.ISql, search: string): Promise<Record<string, number>> {
  // what the session has not yet reported may be of calls before
  const counts = () => session`
    select p.key, (pg_stat_get_xact_tuples_returned(p.leaf) + (
        select sum(pg_stat_get_xact_tuples_returned(x.indexrelid)) from pg_index x where x.indrelid = p.leaf
      ))::integer as read
    from dpg.partitions p
    where p.root = 'items' and p.network = 'n'
    order by p.key`;
  await session.unsafe('begin');
  const before = await counts();
  await session.unsafe(search);
  const after = await counts();
  await session.unsafe('commit');
  return Object.fromEntries(after.map(({ key, read }, n) => [key, read - before[n]?.read]));
}

test('a network gets a slot with its second domain, and keeps it', async () => {
  const slots = () => sql<{ slot: number | null }[]>`
    select p.slot from dpg_private.partition_names p where p.root = 'items' and p.network = 'one' and p.key is null`;
  await sql`select dpg.ensure_item_partition('one', 'a')`;
  expect(await slots()).toEqual([{ slot: null }]);
  await sql`select dpg.ensure_item_partition('one', 'b')`;
  expect(await slots()).toEqual([{ slot: 34 }]);
  await sql`select dpg.ensure_item_partition('one', 'c')`;
  expect(await slots()).toEqual([{ slot: 34 }]);
  expect([...(await sql`select * from dpg_private.find_broken_slots()`)]).toEqual([]);
});

test('what is missing or changed of it is noticed, and made anew', async () => {
  const broken = async () => [
    ...(await sql`select name, functions from dpg_private.find_broken_slots() order by name`),
  ];
  const whole = { name: 'i_p_n', functions: ['item_rows'] };
  for (const [change, found] of [
    ['drop function dpg_private.item_rows(dpg_private.slot_49, text[])', whole],
    [
      `create or replace function dpg_private.item_rows(slot dpg_private.slot_33, domains text[]) returns setof dpg.items
       language sql stable as 'select * from dpg.items'`,
      whole,
    ],
  ] as const) {
    await sql.unsafe(change);
    expect(await broken()).toEqual([found]);
    await sql`select dpg_private.give_slot('items', 'n', null)`;
    expect(await broken()).toEqual([]);
  }
});

test('only 16 networks have slots, and the others answer in the same way', async () => {
  await sql.begin(async (tx) => {
    for (let n = 0; n < 17; n += 1)
      for (const domain of ['a', 'b']) await tx`select dpg.ensure_item_partition(${`many ${n}`}, ${domain})`;
  });
  const [row] = await sql`
    select count(p.slot)::integer as slots, max(p.slot)::integer as last from dpg_private.partition_names p
    where p.root = 'items' and p.key is null`;
  expect(row).toEqual({ slots: 16, last: 48 });
  for (const network of ['many 0', 'many 16']) {
    for (const domain of ['b', 'a'])
      await sql`
        select dpg.upsert_item('asha', ${network}, ${domain}, 't', 'https://one.example.com', 'https://s', item_latitude => 1, item_longitude => 1)`;
    for (const [search, domains] of [
      [`dpg.find_items('${network}')`, ['a', 'b']],
      [`dpg.nearest_items('${network}', null, 1, 1)`, ['a', 'b']],
      [`dpg.find_items('${network}', item_domains => '{b}')`, ['b']],
    ] as const) {
      const found = await sql.unsafe(`select item_domain from ${search} order by 1`);
      expect(found.map(({ item_domain }) => item_domain)).toEqual(domains);
    }
  }
});

describe.each(Object.keys(ALL))('%s', (name) => {
  const all = ALL[name as keyof typeof ALL];
  const some = SOME[name] ?? '';

  test('reads the page, and one row more of each leaf at most', async () => {
    const session = await database.connect({ max: 1 }).reserve();
    try {
      for (let round = 0; round < 7; round += 1) {
        const entries = await read(session, all);
        expect(
          Object.values(entries).reduce((one, other) => one + other),
          JSON.stringify(entries),
        ).toBeLessThanOrEqual(PAGE + 5);
        expect(entries.empty).toBe(0);
      }
    } finally {
      session.release();
    }
  });

  test('reads nothing of the domains that are left out, whatever they have', async () => {
    const session = await database.connect({ max: 1 }).reserve();
    try {
      for (let round = 0; round < 7; round += 1) expect((await read(session, some)).big).toBe(0);
    } finally {
      session.release();
    }
  });
});

describe('leaves come and go under sessions that keep plans', () => {
  /** In this order. */
  const changes: Record<string, string> = {
    'the leaves are analysed': 'analyze dpg.items',
    'a leaf comes, with the newest and nearest': `select dpg.ensure_item_partition('n', 'late'); ${items('late', 3, 0)}`,
    'an empty leaf grows': items('empty', 3000, 2),
    'an index comes': 'create index on dpg.i_p_n_big (created_by)',
    'a leaf is detached': 'alter table dpg.i_p_n detach partition dpg.i_p_n_late',
    'the leaf is attached again': `alter table dpg.i_p_n attach partition dpg.i_p_n_late for values in ('late')`,
    'a leaf is dropped': 'drop table dpg.i_p_n_empty cascade',
    'it is made anew': `select dpg.ensure_item_partition('n', 'empty'); ${items('empty', 30, 2)}`,
    'an index is dropped': 'drop index dpg.items_created_at_idx',
  };
  const sessions: postgres.ReservedSql[] = [];
  const searches = [...Object.values(ALL), ...Object.values(SOME)];

  beforeAll(async () => {
    for (const login of [undefined, await database.createLogin('dpg_app')])
      sessions.push(await database.connect({ ...(login ? { url: login } : {}), max: 1 }).reserve());
    await answers();
  });
  afterAll(() => {
    for (const session of sessions) session.release();
  });

  async function answers(): Promise<void> {
    for (const [number, search] of searches.entries()) {
      // the road has one order, of place and time
      const within = search.includes(` ${RADIUS}`) ? `and item_latitude <= 12 + ${RADIUS} / 111318.845` : '';
      const which = number < searches.length / 2 ? '' : `and item_domain = any ('{small, old, empty, late}')`;
      const expected = await sql.unsafe(`
        select item_domain, item_id from dpg.items where item_network = 'n' ${within} ${which}
        order by created_at desc, item_domain, item_id limit ${PAGE}`);
      for (const session of sessions)
        for (let round = 0; round < 6; round += 1)
          expect([...(await session.unsafe(search))], search).toEqual([...expected]);
    }
  }

  for (const [what, statements] of Object.entries(changes))
    test(what, async () => {
      await sql.unsafe(statements).simple();
      await answers();
    });

  test('an application attaches a leaf of its own: its rows are found by no search, as before', async () => {
    const before = await Promise.all(searches.map((search) => sql.unsafe(search)));
    await sql
      .unsafe(`
      create table dpg.of_the_application (like dpg.items including all);
      insert into dpg.of_the_application (item_network, item_domain, item_type, item_instance_url, item_schema_url, item_latitude, item_longitude,
        created_by, created_at) values ('n', 'foreign', 't', 'u', 's', 12, 77, 'asha', '2027-01-01');
      alter table dpg.i_p_n attach partition dpg.of_the_application for values in ('foreign')`)
      .simple();
    for (const session of sessions)
      for (const [number, search] of searches.entries())
        expect([...(await session.unsafe(search))]).toEqual([...(before[number] ?? [])]);
  });
});
