// Searches against brute force: 20,000 items over five domains, and boxes, facets, statuses, circles and maps at random. What
// must be found is computed by loops over all items (world.ts). The seed of a run is in what a failure says.

import { beforeAll, describe, expect, test } from 'vitest';
import type { JsonValue } from '../../sdk/index.js';
import { soak } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import {
  type Box,
  Chance,
  cellsOf,
  DOMAINS,
  distance,
  type Item,
  isInBox,
  isSearched,
  levelOf,
  load,
  type Marker,
  makeItems,
  matches,
  NETWORK,
  newestFirst,
  ODD_NAMES,
  OWNERS,
  randomBox,
  randomDomains,
  randomFacets,
  randomFilters,
  randomSearch,
  type Search,
  STATUSES,
  TYPES,
  valuesOf,
} from './world.js';

const seed = Number(process.env.DPG_ITEMS_SEED || Date.now() % 2 ** 31);
const items = makeItems(seed, 20_000);
const byDomain = new Map(
  DOMAINS.map((domain) => [domain as string, items.filter((i) => i.item_domain === domain)]),
);
const numbers = new Map(
  items.map((item) => [`${item.item_domain} ${item.item_type} ${item.item_id}`, item.number]),
);
const database = await testDatabase();
const session = database.connect({ max: 1, role: 'dpg_readonly', onnotice: () => undefined });

beforeAll(() => load(database.sql, items));

const CASTS: Record<string, string> = {
  item_state: 'jsonb',
  facets: 'jsonb',
  item_id: 'uuid',
  include_unplaced: 'boolean',
  item_domains: 'text[]',
  item_statuses: 'text[]',
  fields: 'text[]',
  any_status: 'boolean',
  max_markers: 'integer',
  max_values: 'integer',
  page_size: 'integer',
};
const DEGREES = ['south', 'west', 'north', 'east', 'latitude', 'longitude', 'radius_meters'];

/** A call by argument names, its values as parameters of text. */
async function call<Row extends object>(name: string, columns: string, given: object): Promise<Row[]> {
  const texts: string[] = [];
  const list = Object.entries({ item_network: NETWORK, ...given }).map(([argument, value]) => {
    const cast = CASTS[argument] ?? (DEGREES.includes(argument) ? 'float8' : 'text');
    if (cast === 'text[]') {
      texts.push(JSON.stringify(value));
      return `${argument} => array(select jsonb_array_elements_text($${texts.length}::text::jsonb))`;
    }
    if (value === null) return `${argument} => null`;
    texts.push(cast === 'jsonb' ? JSON.stringify(value) : String(value));
    return `${argument} => $${texts.length}::text::${cast}`;
  });
  return await session.unsafe<Row[]>(`select ${columns} from dpg.${name}(${list.join(', ')}) r`, texts);
}

/** What must be found, or undefined where the edge of the circle is too near to an item to say. */
function expected(search: Search): Item[] | undefined {
  const among = search.item_domain === undefined ? items : (byDomain.get(search.item_domain) ?? []);
  const found: Item[] = [];
  for (const item of among) {
    const isFound = matches(item, search);
    if (isFound === null) return undefined;
    if (isFound) found.push(item);
  }
  return found;
}

const said = (what: object) => `DPG_ITEMS_SEED=${seed}: ${JSON.stringify(what)}`;

/** Random cases with what must be found. */
function* cases(number: number, count: number, search: (chance: Chance) => Search) {
  const chance = new Chance(seed + number);
  for (let n = 0; n < count; ) {
    const asked = search(chance);
    if (!isSearched(asked)) delete asked.search;
    const found = expected(asked);
    if (found === undefined) continue;
    n += 1;
    yield { asked, found, chance };
  }
}

/** All pages, or as many as make `most` rows. */
async function walk(name: string, asked: object, pageSize: number, columns = '') {
  const rows: { number: number; distance_meters?: number | null }[] = [];
  let page_token: string | null = null;
  for (;;) {
    const page: { item_state: { n: number }; token: string; distance_meters?: number | null }[] = await call(
      name,
      `r.item_state, r.next_page_token as token${columns}`,
      { ...asked, page_size: pageSize, ...(page_token !== null && { page_token }) },
    );
    rows.push(
      ...page.map(({ item_state, distance_meters }) => ({
        number: item_state.n,
        ...(distance_meters !== undefined && { distance_meters }),
      })),
    );
    if (page.length < pageSize) return rows;
    page_token = page.at(-1)?.token ?? null;
  }
}

describe('boxes', () => {
  const count = soak(10_000, 100_000);
  test(`${count} of them: how many items, and for each tenth which`, async () => {
    const chance = new Chance(seed + 1);
    const statement = `
      select array_agg(dpg.count_items($1, b.item_domain, south => b.south, west => b.west, north => b.north, east => b.east,
        any_status => true)::integer order by b.number) as counts
      from jsonb_to_recordset($2::text::jsonb)
        b(number integer, item_domain text, south float8, west float8, north float8, east float8)`;
    let occupied = 0;
    for (let first = 0; first < count; first += 500) {
      const boxes = Array.from({ length: 500 }, (_, number) => ({
        number,
        ...randomBox(chance, items),
        item_domain: chance.is(0.97) ? chance.of(DOMAINS) : undefined,
      }));
      const wanted = boxes.map(({ item_domain, ...box }) =>
        (item_domain === undefined ? items : (byDomain.get(item_domain) ?? [])).filter((i) =>
          isInBox(i, box),
        ),
      );
      const [row] = await session.unsafe(statement, [NETWORK, JSON.stringify(boxes)]);
      const wrong = boxes.findIndex((_, n) => row?.counts[n] !== wanted[n]?.length);
      expect(wrong === -1 || [row?.counts[wrong], wanted[wrong]?.length], said(boxes[wrong] ?? {})).toBe(
        true,
      );
      occupied += wanted.filter(({ length }) => length > 0).length;
      for (let n = 0; n < 500; n += 10) {
        const { number: _, ...box } = boxes[n] as (typeof boxes)[number];
        const asked = { ...box, any_status: true, item_domain: box.item_domain ?? null };
        const found = await call<{ item_state: { n: number } }>('find_items', 'r.item_state', {
          ...asked,
          page_size: 100,
        });
        expect(
          found.map(({ item_state }) => item_state.n),
          said(asked),
        ).toEqual(
          wanted[n]
            ?.sort(newestFirst)
            .slice(0, 100)
            .map((item) => item.number),
        );
      }
    }
    // else it would be a test of nothing
    expect(occupied).toBeGreaterThan(count / 3);
    expect(occupied).toBeLessThan(count);
  }, 600_000);
});

describe('all filters together', () => {
  const search = (chance: Chance): Search => ({
    ...randomDomains(chance),
    ...randomFilters(chance, items),
    ...(chance.is(0.4) && randomBox(chance, items)),
  });

  test('find_items finds them in order, page by page, and count_items counts them', async () => {
    let several = 0;
    for (const { asked, found, chance } of cases(2, soak(150, 3000), search)) {
      const [row] = await call<{ matches: string }>('count_items', 'r as matches', asked);
      expect(Number(row?.matches), said(asked)).toBe(found.length);
      found.sort(newestFirst);
      // the first pages of what is long
      const pageSize = Math.max(chance.of([3, 20, 99]), Math.ceil(found.length / 12));
      if (pageSize > 1000) continue;
      const rows = await walk('find_items', asked, pageSize);
      expect(
        rows.map(({ number }) => number),
        said({ ...asked, pageSize }),
      ).toEqual(found.map(({ number }) => number));
      if (found.length > 0) several += 1;
    }
    expect(several).toBeGreaterThan(20);
  }, 300_000);

  test('nearest_items finds them nearest first, page by page', async () => {
    let several = 0;
    for (const { asked, found, chance } of cases(3, soak(80, 1500), search)) {
      const centre = chance.of(items);
      const from = {
        latitude: asked.latitude ?? centre.item_latitude ?? 0,
        longitude: asked.longitude ?? centre.item_longitude ?? 0,
      };
      const placed = found.filter(({ item_latitude }) => item_latitude !== null);
      const pageSize = Math.max(chance.of([7, 20, 99]), Math.ceil(placed.length / 6));
      if (pageSize > 1000) continue;
      const given = { item_domain: null, ...asked, ...from };
      const rows = await walk('nearest_items', given, pageSize, ', r.distance_meters');
      const what = said({ ...given, pageSize });
      expect(
        rows.map(({ number }) => number).sort((a, b) => a - b),
        what,
      ).toEqual(placed.map(({ number }) => number));
      let last = -1;
      for (const { number, distance_meters } of rows) {
        const meters = distance(items[number] as Item, from);
        // the chord is short of the arc by half a metre at the antipode
        expect(Math.abs((distance_meters as number) - meters), what).toBeLessThan(meters > 2e7 ? 30 : 0.01);
        expect(distance_meters, what).toBeGreaterThanOrEqual(last);
        last = distance_meters as number;
      }
      if (placed.length > 0) several += 1;
    }
    expect(several).toBeGreaterThan(10);
  }, 300_000);

  test('nearest_items with include_unplaced: those without a place come last, newest first, whatever circle and box', async () => {
    let unplacedOnes = 0;
    for (const { asked, found, chance } of cases(8, soak(60, 800), search)) {
      const { latitude, longitude, radius_meters, south, west, north, east, ...others } = asked;
      const centre = chance.of(items);
      const given = {
        item_domain: null,
        ...asked,
        latitude: latitude ?? centre.item_latitude ?? 0,
        longitude: longitude ?? centre.item_longitude ?? 0,
        include_unplaced: true,
      };
      const placed = found.filter(({ item_latitude }) => item_latitude !== null);
      const unplaced = (expected(others) ?? [])
        .filter(({ item_latitude }) => item_latitude === null)
        .sort(newestFirst);
      const pageSize = Math.max(chance.of([7, 20, 99]), Math.ceil((placed.length + unplaced.length) / 6));
      if (pageSize > 1000) continue;
      const rows = await walk('nearest_items', given, pageSize, ', r.distance_meters');
      const what = said({ ...given, pageSize });
      const last = rows.slice(placed.length);
      expect(
        last.map(({ number }) => number),
        what,
      ).toEqual(unplaced.map(({ number }) => number));
      expect(
        last.every(({ distance_meters }) => distance_meters === null),
        what,
      ).toBe(true);
      expect(
        rows
          .slice(0, placed.length)
          .map(({ number }) => number)
          .sort((a, b) => a - b),
        what,
      ).toEqual(placed.map(({ number }) => number));
      unplacedOnes += unplaced.length;
    }
    expect(unplacedOnes).toBeGreaterThan(200);
  }, 300_000);
});

describe('items by owner and by key', () => {
  test('find_own_items: every status, newest first, page by page', async () => {
    const chance = new Chance(seed + 9);
    for (let n = 0; n < soak(20, 300); n += 1) {
      const actor = chance.of(OWNERS);
      const item_domain = chance.is(0.5) ? chance.of(DOMAINS) : null;
      const item_type = chance.is(0.3) ? chance.of(TYPES) : null;
      const item_statuses = chance.is(0.5) ? chance.some([...STATUSES, 'unknown'], 0.4) : undefined;
      const wanted = items.filter(
        (item) =>
          item.created_by === actor &&
          (item_domain === null || item.item_domain === item_domain) &&
          (item_type === null || item.item_type === item_type) &&
          (item_statuses === undefined || item_statuses.includes(item.item_status)),
      );
      const given = {
        ...(chance.is(0.5) && { item_network: null }),
        actor,
        item_domain,
        item_type,
        ...(item_statuses && { item_statuses }),
      };
      const pageSize = Math.min(1000, Math.max(chance.of([1, 20, 99]), Math.ceil(wanted.length / 10)));
      const rows = await walk('find_own_items', given, pageSize);
      expect(
        rows.map(({ number }) => number),
        said({ ...given, pageSize }),
      ).toEqual(wanted.sort(newestFirst).map(({ number }) => number));
    }
  }, 120_000);

  test('get_items: those that are there, in the order asked, again where asked again', async () => {
    const chance = new Chance(seed + 10);
    for (let n = 0; n < 10; n += 1) {
      const refs = Array.from({ length: chance.of([0, 1, 30, 1000]) }, () => {
        const item = chance.of(items);
        const isThere = chance.is(0.9);
        return { ...item, item_type: isThere ? item.item_type : 'none', isThere };
      });
      const rows = await session.unsafe(
        `select i.item_state
         from dpg.get_items(array(
           select row($1, r.item_domain, r.item_type, r.item_id)::dpg.item_ref
           from rows from (jsonb_to_recordset($2::text::jsonb) as (item_domain text, item_type text, item_id uuid))
             with ordinality r(item_domain, item_type, item_id, number)
           order by r.number
         )) i`,
        [NETWORK, JSON.stringify(refs)],
      );
      expect(
        rows.map(({ item_state }) => item_state.n),
        said({ n }),
      ).toEqual(refs.filter(({ isThere }) => isThere).map(({ number }) => number));
    }
  });

  test('get_item by its id alone', async () => {
    const chance = new Chance(seed + 11);
    for (let n = 0; n < 50; n += 1) {
      const { item_domain, item_id, number } = chance.of(items);
      const [row] = await call<{ item_state: { n: number } }>('get_item', 'r.item_state', {
        item_domain,
        item_type: null,
        item_id,
      });
      expect(row?.item_state.n, said({ item_domain, item_id })).toBe(number);
    }
  });
});

describe('facets', () => {
  test('one of the values of each field: scalars, arrays, null, no field, names and values of every kind', async () => {
    let several = 0;
    for (const { asked, found } of cases(4, soak(300, 5000), (chance) => ({
      item_domain: chance.of(DOMAINS),
      any_status: true,
      facets: randomFacets(chance, items),
    }))) {
      const [row] = await call<{ matches: string }>('count_items', 'r as matches', asked);
      expect(Number(row?.matches), said(asked)).toBe(found.length);
      if (found.length > 0 && Object.keys(asked.facets ?? {}).length > 0) several += 1;
    }
    expect(several).toBeGreaterThan(30);
  }, 300_000);

  test('count_facets: each value of each field, with all filters but its own', async () => {
    const rank = (value: JsonValue) =>
      value === null ? 0 : ['string', 'number', 'boolean'].indexOf(typeof value) + 1;
    const byValue = (one: JsonValue, other: JsonValue) => {
      if (rank(one) !== rank(other)) return rank(one) - rank(other);
      if (typeof one === 'string' && typeof other === 'string')
        return Buffer.compare(Buffer.from(one), Buffer.from(other));
      return Number(one) - Number(other);
    };
    let rows = 0;
    for (const { asked, chance } of cases(5, soak(100, 1500), (c) => ({
      ...randomDomains(c),
      ...randomFilters(c, items),
      ...(c.is(0.3) && randomBox(c, items)),
    }))) {
      const fields = [
        ...new Set([...chance.some(['subject', 'level', 'tags', 'mixed'], 0.6), chance.of(ODD_NAMES)]),
      ];
      const max_values = chance.of([1, 3, 20, 1000]);
      const given = { item_domain: null, ...asked, fields, max_values };
      const wanted: object[] = [];
      let isClear = true;
      for (const field of fields) {
        const { [field]: _own, ...others } = asked.facets ?? {};
        const among = expected(asked.facets === undefined ? asked : { ...asked, facets: others });
        if (among === undefined) isClear = false;
        const counts = new Map<JsonValue, number>();
        for (const item of among ?? [])
          for (const value of valuesOf(item, field)) counts.set(value, (counts.get(value) ?? 0) + 1);
        const ordered = [...counts].sort(([one, n], [other, m]) => m - n || byValue(one, other));
        wanted.push(
          ...ordered.slice(0, max_values).map(([value, item_count]) => ({ field, value, item_count })),
        );
      }
      if (!isClear) continue;
      const counted = await call<{ field: string; value: JsonValue; item_count: number }>(
        'count_facets',
        'r.field, r.value, r.item_count::integer',
        given,
      );
      expect(
        counted.map((row) => ({ ...row })),
        said(given),
      ).toEqual(wanted);
      rows += wanted.length;
    }
    expect(rows).toBeGreaterThan(500);
  }, 300_000);
});

describe('words', () => {
  const search = (chance: Chance): Search => ({
    ...randomDomains(chance),
    ...(chance.is(0.3) && randomFilters(chance, items)),
    ...(chance.is(0.2) && randomBox(chance, items)),
    search: randomSearch(chance),
  });

  test('search_items finds those that have them, best first, page by page; count_items counts them', async () => {
    let several = 0;
    for (const { asked, found, chance } of cases(12, soak(60, 1500), search)) {
      if (asked.search === undefined) continue;
      const [row] = await call<{ matches: string }>('count_items', 'r as matches', asked);
      expect(Number(row?.matches), said(asked)).toBe(found.length);
      const pageSize = Math.max(chance.of([7, 20, 99]), Math.ceil(found.length / 6));
      if (pageSize > 1000) continue;
      const given = { item_domain: null, ...asked };
      const rows = await walk('search_items', given, pageSize, ', r.relevance::float8 as distance_meters');
      expect(
        rows.map(({ number }) => number).sort((a, b) => a - b),
        said({ ...given, pageSize }),
      ).toEqual(found.map(({ number }) => number));
      // of one relevance: newest first
      for (const [n, { number, distance_meters: relevance }] of rows.entries()) {
        const before = rows[n - 1];
        if (before === undefined) continue;
        expect(relevance, said(given)).toBeLessThanOrEqual(before.distance_meters as number);
        if (relevance === before.distance_meters)
          expect(newestFirst(items[before.number] as Item, items[number] as Item), said(given)).toBeLessThan(
            0,
          );
      }
      if (found.length > 0) several += 1;
    }
    expect(several).toBeGreaterThan(20);
  }, 300_000);
});

describe('the map', () => {
  const search = (chance: Chance): Search => ({
    ...(chance.is(0.5) ? randomDomains(chance) : { item_domain: chance.of(DOMAINS) }),
    ...(chance.is(0.4) ? randomFilters(chance, items) : {}),
    ...randomBox(chance, items),
  });

  test('all items, each in one marker, no more markers than asked for, the cells of the contract', async () => {
    let ofItems = 0;
    let ofCells = 0;
    for (const { asked, found, chance } of cases(6, soak(300, 4000), search)) {
      const max_markers = chance.of([1, 2, 3, 4, 5, 10, 60, 500, 1000, 10_000]);
      const given = { item_domain: null, ...asked, max_markers };
      const what = said(given);
      const markers = await mapOf(given);
      expect(markers.length, what).toBeLessThanOrEqual(max_markers);
      if (found.length <= max_markers) {
        ofItems += 1;
        expect(
          markers.map(numberOf).sort((a, b) => a - b),
          what,
        ).toEqual(found.map(({ number }) => number));
        for (const marker of markers) expectItem(marker, what);
        continue;
      }
      ofCells += 1;
      const cells = [...cellsOf(found, levelOf(asked as Box, max_markers)).values()];
      expectCells(markers, cells, what);
    }
    expect(ofItems).toBeGreaterThan(30);
    expect(ofCells).toBeGreaterThan(30);
  }, 300_000);

  test('a map that is moved shows the same cells where both see the whole of them', async () => {
    const chance = new Chance(seed + 7);
    for (let n = 0; n < soak(40, 500); n += 1) {
      const [height, width] = chance.of([
        [10, 20],
        [40, 60],
        [0.3, 0.3],
        [100, 200],
      ] as const);
      const south = chance.between(-90, 90 - height);
      const west = chance.between(-180, 180);
      const turned = (degrees: number) => (degrees > 180 ? degrees - 360 : degrees);
      const moved = { by: chance.between(0, width / 2) };
      const box = { south, north: south + height, west, east: turned(west + width) };
      const next = { ...box, west: turned(west + moved.by), east: turned(turned(west + width) + moved.by) };
      const max_markers = chance.of([20, 200]);
      // the sums of floating point may give the one box a level more: then there is nothing to compare
      if (levelOf(box, max_markers) !== levelOf(next, max_markers)) continue;
      const common = { item_domain: chance.of(DOMAINS), max_markers };
      const size = 2 ** levelOf(box, max_markers);
      const [first, second] = [await mapOf({ ...common, ...box }), await mapOf({ ...common, ...next })];
      // of both maps, the cells that lie in both boxes with all four edges
      const isIn = (degrees: number, { west: from, east: to }: Box) =>
        from <= to ? from <= degrees && degrees <= to : degrees >= from || degrees <= to;
      const whole = (marker: Marker) => {
        const column = Math.floor(((marker.west + 180) * size) / 360);
        const row = Math.floor(((marker.south + 90) * size) / 180);
        const [left, right] = [(column * 360) / size - 180, ((column + 1) * 360) / size - 180];
        const [bottom, top] = [(row * 180) / size - 90, ((row + 1) * 180) / size - 90];
        return (
          [box, next].every((each) => isIn(left, each) && isIn(right, each)) &&
          bottom >= south &&
          top <= south + height &&
          right - left < width / 2
        );
      };
      const isFew = [first, second].some((those) => those.every(({ item_count }) => item_count === 1));
      if (isFew) continue;
      // sums of floating point differ in their last digits, by the order of the rows
      const text = ({ latitude, longitude, ...marker }: Marker) =>
        JSON.stringify([latitude.toFixed(6), longitude.toFixed(6), marker]);
      expect(first.filter(whole).map(text).sort(), said({ ...common, box, next })).toEqual(
        second.filter(whole).map(text).sort(),
      );
    }
  }, 120_000);
});

function mapOf(given: object): Promise<Marker[]> {
  return call<Marker>(
    'map_items',
    `r.item_count::integer, r.latitude, r.longitude, r.south, r.west, r.north, r.east, r.item_domain, r.item_type, r.item_id`,
    given,
  );
}

const numberOf = ({ item_domain, item_type, item_id }: Marker) =>
  numbers.get(`${item_domain} ${item_type} ${item_id}`) ?? -1;

/** 180 and -180 degrees are one meridian. */
const meridian = (degrees: number | null) => (degrees === 180 ? -180 : degrees);

function expectItem(marker: Marker, what: string) {
  const item = items[numberOf(marker)];
  const { item_count, latitude, longitude, south, west, north, east } = marker;
  expect(item_count, what).toBe(1);
  expect([latitude, south, north], what).toEqual(Array(3).fill(item?.item_latitude));
  expect([longitude, west, east].map(meridian), what).toEqual(
    Array(3).fill(meridian(item?.item_longitude ?? null)),
  );
}

function expectCells(markers: Marker[], cells: Item[][], what: string) {
  const described = cells.map((those) => {
    const latitudes = those.map(({ item_latitude }) => item_latitude as number);
    const longitudes = those.map(({ item_longitude }) => meridian(item_longitude) as number);
    return {
      those,
      south: Math.min(...latitudes),
      west: Math.min(...longitudes),
      north: Math.max(...latitudes),
      east: Math.max(...longitudes),
      latitude: latitudes.reduce((sum, degrees) => sum + degrees, 0) / those.length,
      longitude: longitudes.reduce((sum, degrees) => sum + degrees, 0) / those.length,
    };
  });
  const edges = (of: { south: number; west: number; north: number; east: number }, count: number) =>
    [count, of.south, meridian(of.west), of.north, meridian(of.east)].join(' ');
  expect(markers.map((marker) => edges(marker, marker.item_count)).sort(), what).toEqual(
    described.map((cell) => edges(cell, cell.those.length)).sort(),
  );
  const found = new Map(described.map((cell) => [edges(cell, cell.those.length), cell]));
  for (const marker of markers) {
    const cell = found.get(edges(marker, marker.item_count));
    if (marker.item_count === 1) {
      expect(numberOf(marker), what).toBe(cell?.those[0]?.number);
      expectItem(marker, what);
      continue;
    }
    expect([marker.item_domain, marker.item_type, marker.item_id], what).toEqual([null, null, null]);
    expect(Math.abs(marker.latitude - (cell?.latitude ?? Number.NaN)), what).toBeLessThan(1e-6);
    expect(Math.abs(marker.longitude - (cell?.longitude ?? Number.NaN)), what).toBeLessThan(1e-6);
    // a mean place lies among its items, to the last digit
    expect(marker.latitude >= marker.south && marker.latitude <= marker.north, what).toBe(true);
    expect(marker.longitude >= marker.west && marker.longitude <= marker.east, what).toBe(true);
  }
}
