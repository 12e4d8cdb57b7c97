// What a plan that is kept finds is what a statement finds that is planned with its values: two leaves hold the same items,
// one has a slot and the other none, and both are asked the same. The sessions have used their plans while the leaves were
// empty, so these are plans of before.

import fc from 'fast-check';
import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const session = database.connect({ max: 1, role: 'dpg_app', onnotice: () => undefined });
const KEPT = 'kept';
const PLANNED = 'planned';

/** What a search is asked with, but its network and page: a piece of SQL for each argument. */
type Call = { name: 'find_items' | 'nearest_items'; given: Record<string, string> };

const call = ({ name, given }: Call, network: string, more: Record<string, string> = {}) =>
  `dpg.${name}(${Object.entries({ item_network: `'${network}'`, ...given, ...more })
    .map(([argument, value]) => `${argument} => ${value}`)
    .join(', ')})`;

/** The rows of up to so many pages, in order, as text without their network and token. */
async function walk(sql: postgres.ISql, search: Call, network: string, pageSize: number, pages: number) {
  const rows: string[] = [];
  let token = 'null';
  for (let page = 0; page < pages; page++) {
    const more = { page_size: String(pageSize), page_token: token };
    const found = await sql.unsafe(
      `select (to_jsonb(f) - 'item_network' - 'next_page_token')::text as row, f.next_page_token as token
       from ${call(search, network, more)} f`,
    );
    rows.push(...found.map(({ row }) => row as string));
    if (found.length < pageSize) break;
    token = `'${found.at(-1)?.token}'`;
  }
  return rows;
}

async function both<Result>(ask: (network: string) => Promise<Result>): Promise<[Result, Result]> {
  return [await ask(KEPT), await ask(PLANNED)];
}

async function expectSame(search: Call, pageSize: number, pages: number): Promise<number> {
  const [kept, planned] = await both((network) => walk(session, search, network, pageSize, pages));
  expect(kept, `${call(search, KEPT)}, pages of ${pageSize}`).toEqual(planned);
  return kept.length;
}

/** Circles of all sizes, of a few items and of many, at poles and across the antimeridian. */
const CIRCLES: [latitude: number, longitude: number, radius: number][] = [
  [12.97, 77.59, 0],
  [12.97, 77.59, 1],
  [13, 77.6, 2000],
  [13, 77.6, 20_000],
  [13.02, 77.55, 54_000],
  [13, 77.6, 300_000],
  [90, 0, 20_000],
  [90, 123, 500_000],
  [-90, 0, 50_000],
  [89.95, 10, 20_000],
  [-89.99, -170, 3000],
  [10, 180, 5000],
  [10, -180, 30_000],
  [10, 179.99, 200_000],
  [0, 0, 10_000_000],
  [45, 45, 20_037_508],
  [45, 45, 1e300],
];

beforeAll(async () => {
  const { sql } = database;
  await sql`insert into public."user" (id, name, email) values ('asha', 'Asha', 'a@x')`;
  for (const network of [KEPT, PLANNED]) await sql`select dpg.ensure_item_partition(${network}, 'd')`;
  await sql`update dpg_private.partition_names set slot = null where network = ${PLANNED}`;
  await sql`select dpg_private.create_slot_functions('items')`;

  // plans that are made while there is nothing
  for (const [latitude, longitude, radius] of CIRCLES)
    for (const network of [KEPT, PLANNED]) {
      const circle = `latitude => ${latitude}, longitude => ${longitude}, radius_meters => ${radius}`;
      await session.unsafe(`
        select
          (select count(*) from dpg.find_items('${network}', 'd')),
          (select count(*) from dpg.find_items('${network}', 'd', ${circle})),
          (select count(*) from dpg.nearest_items('${network}', 'd', ${circle})),
          (select count(*) from dpg.nearest_items('${network}', 'd', ${latitude}, ${longitude})),
          dpg.count_items('${network}', 'd', ${circle})`);
    }

  // 6,600 items: many at one place, in one town, of one time, without a place, at the poles and on the antimeridian
  await sql`select setseed(0.13)`;
  await sql.unsafe(`
    create table public.sample as
    select n as number, (array['a', 'b', 'c"\\é'])[1 + n % 3] as type,
      md5('item ' || n)::uuid as id,
      '2026-01-01'::timestamptz + case when n % 4 = 0 then 7 else floor(random() * 300) end * interval '1 microsecond' as created_at,
      case
        when n <= 1200 then 12.97
        when n <= 3200 then 13 + (random() - 0.5) * 0.5
        when n <= 4200 then (random() - 0.5) * 180
        when n <= 4600 then null
        when n <= 5000 then (90 - case when n % 5 = 0 then 0 else random() * 0.2 end) * sign(n % 2 - 0.5)
        when n <= 5600 then 10 + (random() - 0.5) * 0.3
        else 13
      end as latitude,
      case
        when n <= 1200 then 77.59
        when n <= 3200 then 77.6 + (random() - 0.5) * 0.5
        when n <= 4200 then (random() - 0.5) * 360
        when n <= 4600 then null
        when n <= 5000 then (random() - 0.5) * 360
        when n <= 5600 then case when n % 7 = 0 then 180 * sign(n % 2 - 0.5) else (180 - random() * 0.2) * sign(n % 2 - 0.5) end
        else 77.6 + (n - 5600) * 0.00002
      end as longitude
    from generate_series(1, 6600) n`);
  for (const network of [KEPT, PLANNED])
    await sql`
      insert into dpg.items (
        item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state, item_latitude,
        item_longitude, created_by, created_at, updated_at
      )
      select ${network}, 'd', s.type, s.id, 'u', 's', jsonb_build_object('n', s.number), s.latitude, s.longitude, 'asha',
        s.created_at, s.created_at
      from public.sample s`;
});

test('one leaf has a slot and the other has none', async () => {
  const slots = await database.sql`
    select p.network, p.slot is not null as has_slot from dpg_private.partition_names p
    where p.root = 'items' and p.key = 'd' order by p.network`;
  expect(slots.map(({ network, has_slot }) => [network, has_slot])).toEqual([
    [KEPT, true],
    [PLANNED, false],
  ]);
});

const latitude = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(12.97, 13, 10, 90, -90, 89.9, 0) },
  { weight: 2, arbitrary: fc.double({ min: 12.7, max: 13.3, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: -90, max: 90, noNaN: true }) },
);
const longitude = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(77.59, 77.6, 180, -180, 179.9, 0) },
  { weight: 2, arbitrary: fc.double({ min: 77.3, max: 77.9, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: -180, max: 180, noNaN: true }) },
);
const radius = fc.oneof(
  fc.constantFrom(0, 1e-9, 1, 900, 1100, 20_000, 54_000, 56_000, 1e7, 20_037_508, 1e308),
  fc.double({ min: 0, max: 60_000, noNaN: true }),
  fc.double({ min: 0, max: 3e6, noNaN: true }),
);
const circle = fc
  .oneof(fc.constantFrom(...CIRCLES), fc.tuple(latitude, longitude, radius))
  .map(([south, east, meters]) => ({
    latitude: `${south}::float8`,
    longitude: `${east}::float8`,
    radius_meters: `${meters}::float8`,
  }));
const pageSize = fc.oneof(fc.constantFrom(1, 2, 20, 299, 300, 301, 1000), fc.integer({ min: 1, max: 1000 }));
const filter = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Record<string, string>>({}) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Record<string, string>>({ item_type: "'a'" }, { item_state: "'{}'" }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Record<string, string>>(
      { south: '12.99', west: '77.59', north: '13.01', east: '77.61' },
      { south: '12.97', west: '77.59', north: '12.97', east: '77.59' },
      { south: '9.9', west: '179.9', north: '10.1', east: '-179.9' },
      { south: '9.9', west: '-180', north: '10.1', east: '-179.9' },
      { south: '-90', west: '-180', north: '90', east: '180' },
    ),
  },
);
const at = { item_domain: "'d'" };
const domains = fc.constantFrom<Record<string, string>>(
  at,
  { item_domain: 'null', item_domains: "'{d}'" },
  { item_domain: 'null' },
);

describe('both find the same rows in the same order', () => {
  test('all pages of all items', async () => {
    expect(await expectSame({ name: 'find_items', given: at }, 300, 40)).toBe(6600);
    const nearest = { ...at, latitude: '12.97::float8', longitude: '77.59::float8' };
    expect(await expectSame({ name: 'nearest_items', given: nearest }, 900, 40)).toBe(6200);
  });

  test.each(CIRCLES)('the circle around %d, %d of %d m', async (south, east, meters) => {
    const given = {
      ...at,
      latitude: `${south}::float8`,
      longitude: `${east}::float8`,
      radius_meters: `${meters}::float8`,
    };
    const found = await expectSame({ name: 'find_items', given }, 400, 40);
    expect(await expectSame({ name: 'nearest_items', given }, 400, 40)).toBe(found);
    // where there are few, many pages: they begin in the middle of a time, and of a place
    if (found < 500)
      for (const name of ['find_items', 'nearest_items'] as const)
        expect(await expectSame({ name, given }, 7, 100)).toBe(found);
    const [kept, planned] = await both(
      async (network) =>
        (
          await session.unsafe(
            `select ${call({ name: 'find_items', given }, network).replace('find_items', 'count_items')}::integer as n`,
          )
        )[0]?.n,
    );
    expect([kept, planned]).toEqual([found, found]);
    expect(found).toBeGreaterThan(0);
  });

  test('random pages of find_items', async () => {
    await fc.assert(
      fc.asyncProperty(domains, fc.option(circle), filter, pageSize, async (where, around, filters, size) => {
        await expectSame({ name: 'find_items', given: { ...where, ...around, ...filters } }, size, 3);
      }),
      { numRuns: 100 },
    );
  }, 120_000);

  test('random pages of nearest_items', async () => {
    await fc.assert(
      fc.asyncProperty(
        domains,
        circle,
        fc.boolean(),
        filter,
        pageSize,
        async (where, around, isBounded, filters, size) => {
          const { radius_meters, ...center } = around;
          const given = { ...where, ...center, ...filters, ...(isBounded ? { radius_meters } : {}) };
          await expectSame({ name: 'nearest_items', given }, size, 3);
        },
      ),
      { numRuns: 100 },
    );
  }, 120_000);

  test('random counts', async () => {
    await fc.assert(
      fc.asyncProperty(domains, fc.option(circle), filter, async (where, around, filters) => {
        const counting = (network: string) =>
          call({ name: 'find_items', given: { ...where, ...around, ...filters } }, network).replace(
            'find_',
            'count_',
          );
        const [kept, planned] = await both(
          async (network) => (await session.unsafe(`select ${counting(network)} as n`))[0]?.n,
        );
        expect(kept, counting(KEPT)).toEqual(planned);
      }),
      { numRuns: 150 },
    );
  }, 120_000);

  test('each item by its key, and none that is not there', async () => {
    const [{ found, differing, missing } = {}] = await session`
      select count(*)::integer as found,
        count(*) filter (where to_jsonb(kept) - 'item_network' is distinct from to_jsonb(planned) - 'item_network')::integer as differing,
        count(*) filter (where kept.item_id is null)::integer as missing
      from dpg.items i
      cross join lateral dpg.get_item(${KEPT}, i.item_domain, i.item_type, i.item_id) kept
      cross join lateral dpg.get_item(${PLANNED}, i.item_domain, i.item_type, i.item_id) planned
      where i.item_network = ${KEPT}`;
    expect({ found, differing, missing }).toEqual({ found: 6600, differing: 0, missing: 0 });
    for (const network of [KEPT, PLANNED])
      await expect(
        session`select dpg.get_item(${network}, 'd', 'a', '00000000-0000-4000-8000-000000000000')`,
      ).rejects.toMatchObject({ code: 'DP002' });
  });
});

// Were it not for this, both could take the same way and agree.
describe('the one leaf is searched by the function that keeps the plan, the other one is not', () => {
  const near = 'latitude => 13, longitude => 77.6, radius_meters => 300';
  const many = 'latitude => 13, longitude => 77.6, radius_meters => 20000';
  const box = 'south => 12.99, west => 77.59, north => 13.01, east => 77.61';
  test.each([
    ['newest_of_slot', `dpg.find_items('$n', 'd')`],
    ['newest_of_slot', `dpg.find_items('$n', item_domains => '{d}')`],
    ['circle_of_slot', `dpg.find_items('$n', 'd', ${near})`],
    ['circle_of_slot', `dpg.find_items('$n', ${near})`],
    ['circle_of_slot', `dpg.find_items('$n', 'd', ${many})`],
    ['count_circle_of_slot', `dpg.count_items('$n', 'd', ${many})`],
    ['count_circle_of_slot', `dpg.count_items('$n', ${near})`],
    ['circle_of_slot', `dpg.find_items('$n', 'd', ${box})`],
    ['circle_of_slot', `dpg.find_items('$n', ${box})`],
    ['count_circle_of_slot', `dpg.count_items('$n', 'd', ${box})`],
    ['nearest_by_slot', `dpg.nearest_items('$n', 'd', 13, 77)`],
    ['nearest_by_slot', `dpg.nearest_items('$n', 'd', ${near})`],
    ['nearest_by_slot', `dpg.nearest_items('$n', null, 13, 77, item_domains => '{d}')`],
  ])('%s by %s', async (name, search) => {
    const without = async (network: string) =>
      database.sql
        .begin(async (sql) => {
          const [one] = await sql`
            select p.oid::regprocedure::text as signature from pg_proc p
            where p.pronamespace = 'dpg_private'::regnamespace and p.proname = ${name}`;
          await sql.unsafe(`alter function ${one?.signature} rename to taken_away`);
          await sql.unsafe(`select count(*) from ${search.replace('$n', network)}`);
          throw new Error('found without it');
        })
        .catch((error: Error & { code?: string }) => error.code ?? error.message);
    expect([await without(KEPT), await without(PLANNED)]).toEqual(['42883', 'found without it']);
  });

  test('item_in_slot by dpg.get_item', async () => {
    const instead = async (network: string) =>
      database.sql
        .begin(async (sql) => {
          await sql`
            create or replace function dpg_private.item_in_slot(slot smallint, item dpg.item_ref) returns dpg.items language plpgsql
            as $body$ begin raise 'asked' using errcode = 'ZZ001'; end $body$`;
          await sql`select dpg.get_item(${network}, 'd', 'a', (select id from public.sample where type = 'a' limit 1))`;
          throw new Error('found without it');
        })
        .catch((error: Error & { code?: string }) => error.code ?? error.message);
    expect([await instead(KEPT), await instead(PLANNED)]).toEqual(['ZZ001', 'found without it']);
  });
});
