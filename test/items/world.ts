// 20,000 items over five domains, what each search over them must find, and where a map must put them: computed here, by
// loops over all items, and not by SQL.

import type postgres from 'postgres';
import type { JsonObject, JsonValue } from '../../sdk/index.js';

export const NETWORK = 'brute force';
/** Of the second one the definition hides two statuses, of the third its initial one; the others have none. */
export const DOMAINS = ['alpha', 'beta', 'gamma', 'delta ✓', 'Epsilon'] as const;
export const TYPES = ['profile_1.0', 'shop', 'Shop'] as const;
export const OWNERS = ['asha', 'ravi', 'mina'] as const;
export const STATUSES = ['live', 'draft', 'retired', 'odd "one"', 'paused'] as const;
export const URLS = ['https://one.example.com', 'https://two.example.com'] as const;

const DEFINITIONS: Record<string, { initial: string; hidden: string[]; statuses: object[] }> = {
  beta: {
    initial: 'live',
    hidden: ['draft', 'retired'],
    statuses: [
      { status: 'draft', found: false, acts: false },
      { status: 'retired', found: false, final: true },
      { status: 'paused', acts: false },
    ],
  },
  gamma: { initial: 'odd "one"', hidden: ['odd "one"'], statuses: [{ status: 'odd "one"', found: false }] },
  Epsilon: { initial: 'live', hidden: [], statuses: [] },
};

/** By which fields items of a domain and type are searched. */
const SEARCHED: Record<string, Record<string, string[]>> = {
  alpha: { 'profile_1.0': ['title', 'about'], shop: ['about'] },
  beta: { shop: ['title'] },
  gamma: { Shop: ['about', 'title'], shop: ['title'] },
  'delta ✓': { 'profile_1.0': ['title'], shop: ['title', 'about'], Shop: ['about'] },
};
/** Where the words of the items that are there have been made; elsewhere they are searched without. */
const REFRESHED = ['alpha', 'gamma', 'delta ✓'];

/** Some begin as others do. */
const WORDS = [
  'math',
  'mathematics',
  'mat',
  'art',
  'arts',
  'red',
  'reading',
  're',
  'blue',
  'x1',
  '2024',
  'or',
  'not',
];

export interface Item {
  number: number;
  item_domain: string;
  item_type: string;
  item_id: string;
  item_instance_url: string;
  item_schema_url: string;
  item_status: string;
  item_latitude: number | null;
  item_longitude: number | null;
  created_by: string;
  /** Microseconds after the first of the year. */
  created: number;
  item_state: JsonObject;
}

/** The arguments of a search, but its network, domain and page. */
export interface Filters {
  item_type?: string;
  created_by?: string;
  item_instance_url?: string;
  item_schema_url?: string;
  item_state?: JsonObject;
  latitude?: number;
  longitude?: number;
  radius_meters?: number;
  item_statuses?: string[];
  any_status?: boolean;
  facets?: Record<string, JsonValue[]>;
  south?: number;
  west?: number;
  north?: number;
  east?: number;
  search?: string;
}

export type Box = Required<Pick<Filters, 'south' | 'west' | 'north' | 'east'>>;

export interface Search extends Filters {
  item_domain?: string;
  item_domains?: string[];
}

/** Numbers from 0 to 1, the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export class Chance {
  readonly next: () => number;
  constructor(seed: number) {
    this.next = seeded(seed);
  }
  below(count: number): number {
    return Math.floor(this.next() * count);
  }
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }
  is(probability: number): boolean {
    return this.next() < probability;
  }
  of<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }
  some<Value>(values: readonly Value[], probability: number): Value[] {
    return values.filter(() => this.is(probability));
  }
}

/** Names of fields and values with everything that means something to JSON, jsonpath, SQL or format(). */
export const ODD_NAMES = [
  'subject',
  'level',
  'tags',
  'mixed',
  'rare',
  '',
  ' ',
  '$',
  '$.a',
  '*',
  '**',
  '@',
  'a.b',
  'a[0]',
  'a b',
  '"',
  "'",
  '\\',
  '\\"',
  '\\u0041',
  '$1',
  '%s',
  '%1$L',
  '" == 1) || (1 == 1',
  '") ? (@ == 1',
  '/*',
  '--',
  '\n',
  '\t\r\b\f\v\u0001\u007f',
  'ünï',
  '日本',
  '😀',
  '\u2028',
  'null',
  'true',
  '1',
  'strict',
  'type()',
];
export const SCALARS: JsonValue[] = [
  ...ODD_NAMES.slice(5),
  'math',
  'physics',
  'Math',
  'math ',
  0,
  1,
  -1,
  1.5,
  -0.000001,
  1e21,
  1e-9,
  123456789012,
  true,
  false,
  null,
];

/** Places that many items have, edges of the world, edges of cells of the grid and what lies next to them. */
function latitude(chance: Chance): number {
  const kind = chance.below(10);
  if (kind < 3) return 12.97 + chance.between(-0.3, 0.3);
  if (kind === 3) return chance.of([12.97, 12.97, 13, 0, -0.000001, 48.8566]);
  if (kind === 4) return chance.of([90, -90, 89.999999999, -89.99999]);
  if (kind === 5) return -90 + (180 / 2 ** (1 + chance.below(12))) * chance.below(3);
  if (kind === 6) return nextTo(-90 + (180 / 2 ** (1 + chance.below(8))) * (1 + chance.below(2)), 90, chance);
  if (kind === 7) return Math.round(chance.between(-90, 90)) + 0; // no -0, which JSON has not
  return chance.between(-90, 90);
}

function longitude(chance: Chance): number {
  const kind = chance.below(10);
  if (kind < 3) return 77.59 + chance.between(-0.3, 0.3);
  if (kind === 3) return chance.of([77.59, 77.59, 78, 0, -0.000001, 2.3522]);
  if (kind === 4) return chance.of([180, -180, 179.999999999, -179.9999]);
  if (kind === 5) return -180 + (360 / 2 ** (1 + chance.below(12))) * chance.below(3);
  if (kind === 6)
    return nextTo(-180 + (360 / 2 ** (1 + chance.below(8))) * (1 + chance.below(2)), 180, chance);
  if (kind === 7) return Math.round(chance.between(-180, 180)) + 0;
  return chance.between(-180, 180);
}

/** The number, or one of its two neighbours. */
function nextTo(value: number, most: number, chance: Chance): number {
  const step = Math.max(Math.abs(value) * 2 ** -52, 2 ** -60);
  return Math.min(most, Math.max(-most, value + step * chance.of([-1, 0, 1])));
}

function state(chance: Chance, number: number): JsonObject {
  const result: JsonObject = { n: number };
  if (chance.is(0.9)) result.subject = `subject ${chance.below(12)}`;
  if (chance.is(0.8)) result.level = chance.of([1, 2, 3, 4.5, -1, '1', null]);
  if (chance.is(0.7))
    result.tags = Array.from({ length: chance.below(4) }, () => chance.of(['a', 'b', 'c', 'c', 1, null]));
  if (chance.is(0.5))
    result.mixed = chance.of<JsonValue>([
      chance.of(SCALARS),
      [chance.of(SCALARS), chance.of(SCALARS)],
      [[chance.of(SCALARS)], chance.of(SCALARS)],
      [{ mixed: chance.of(SCALARS) }],
      { mixed: chance.of(SCALARS) },
      [],
      {},
    ]);
  const sentence = () =>
    Array.from({ length: 1 + chance.below(5) }, () => chance.of(WORDS)).join(
      chance.of([' ', ', ', '-', ' / ']),
    );
  if (chance.is(0.7))
    result.title = chance.is(0.9) ? sentence() : chance.of<JsonValue>([1, null, {}, '', ' ']);
  if (chance.is(0.5))
    result.about = chance.is(0.5)
      ? sentence()
      : [sentence(), chance.of<JsonValue>([1, null, ['red']]), sentence()];
  if (chance.is(0.01)) result.rare = chance.of(SCALARS);
  if (chance.is(0.3)) result[chance.of(ODD_NAMES.slice(5))] = chance.of(SCALARS);
  return result;
}

export function makeItems(seed: number, count: number): Item[] {
  const chance = new Chance(seed);
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => chance.below(16).toString(16)).join('');
  const items: Item[] = [];
  for (let number = 0; number < count; number += 1) {
    const isPlaced = chance.is(0.93);
    const former = items[chance.below(Math.max(items.length, 1))];
    // some share the place, some the id of another, in another type or domain
    const sharesPlace = former !== undefined && chance.is(0.1);
    const item: Item = {
      number,
      item_domain: chance.of(DOMAINS),
      item_type: chance.of(TYPES),
      item_id: `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`,
      item_instance_url: chance.of(URLS),
      item_schema_url: chance.of(URLS),
      item_status: chance.is(0.6) ? 'live' : chance.of(STATUSES),
      item_latitude: isPlaced ? (sharesPlace ? former.item_latitude : latitude(chance)) : null,
      item_longitude: isPlaced ? (sharesPlace ? former.item_longitude : longitude(chance)) : null,
      created_by: chance.of(OWNERS),
      created: chance.is(0.3) ? 1000 * chance.below(5) : chance.below(100_000),
      item_state: state(chance, number),
    };
    if (item.item_latitude === null || item.item_longitude === null)
      item.item_latitude = item.item_longitude = null;
    items.push(item);
  }
  return items;
}

/** As rows, not by calls: so they have the times and statuses that they are to have. */
export async function load(sql: postgres.Sql, items: Item[]): Promise<void> {
  for (const owner of OWNERS)
    await sql`insert into public."user" (id, name, email) values (${owner}, ${owner}, ${`${owner}@example.com`})`;
  for (const domain of DOMAINS) await sql`select dpg.ensure_item_partition(${NETWORK}, ${domain})`;
  for (let first = 0; first < items.length; first += 2000)
    await sql`
      insert into dpg.items (
        item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_status, item_state,
        item_latitude, item_longitude, created_by, created_at, updated_at
      )
      select ${NETWORK}, r.item_domain, r.item_type, r.item_id, r.item_instance_url, r.item_schema_url, r.item_status,
        r.item_state, r.item_latitude, r.item_longitude, r.created_by,
        '2026-01-01'::timestamptz + r.created * interval '1 microsecond',
        '2026-01-01'::timestamptz + r.created * interval '1 microsecond'
      from jsonb_to_recordset(${JSON.stringify(items.slice(first, first + 2000))}::text::jsonb) r(
        item_domain text, item_type text, item_id uuid, item_instance_url text, item_schema_url text, item_status text,
        item_state jsonb, item_latitude float8, item_longitude float8, created_by text, created integer
      )`;
  for (const [domain, { initial, statuses }] of Object.entries(DEFINITIONS))
    await sql`select dpg.define_item(${NETWORK}, ${domain}, ${JSON.stringify(statuses)}::text::jsonb, ${initial})`;
  for (const [domain, types] of Object.entries(SEARCHED))
    for (const [type, fields] of Object.entries(types))
      await sql`select dpg.define_search(${NETWORK}, ${domain}, ${type}, ${fields})`;
  for (const domain of REFRESHED)
    for (;;) {
      const [row] = await sql`select dpg.refresh_search(${NETWORK}, ${domain}) as refreshed`;
      if (row?.refreshed === 0) break;
    }
  await sql`analyze`;
}

// What a search finds.

export function isInBox({ item_latitude, item_longitude }: Item, { south, west, north, east }: Box): boolean {
  if (item_latitude === null || item_longitude === null) return false;
  const isBetween = (degrees: number) =>
    west <= east ? west <= degrees && degrees <= east : degrees >= west || degrees <= east;
  return (
    south <= item_latitude &&
    item_latitude <= north &&
    (isBetween(item_longitude) || (Math.abs(item_longitude) === 180 && isBetween(-item_longitude)))
  );
}

/** Metres along the great circle, on the sphere of earthdistance. */
export function distance(
  { item_latitude, item_longitude }: Item,
  centre: { latitude: number; longitude: number },
) {
  const radians = Math.PI / 180;
  const [one, other] = [(item_latitude ?? 0) * radians, centre.latitude * radians];
  const across = Math.sin((((item_longitude ?? 0) - centre.longitude) * radians) / 2);
  const up = Math.sin((one - other) / 2);
  return (
    2 *
    6378168 *
    Math.asin(Math.sqrt(Math.min(1, up * up + Math.cos(one) * Math.cos(other) * across * across)))
  );
}

/** Null where a number in floating point might decide otherwise. */
export function isInCircle(
  item: Item,
  circle: { latitude: number; longitude: number; radius_meters: number },
) {
  if (item.item_latitude === null) return false;
  const meters = distance(item, circle);
  if (Math.abs(meters - circle.radius_meters) < 0.5 && meters > 0) return null;
  return meters <= circle.radius_meters;
}

const isScalar = (value: JsonValue | undefined) => typeof value !== 'object' || value === null;

/** The values of a field that are counted and asked for: a scalar, or the scalars in an array. */
export function valuesOf(item: Item, field: string): JsonValue[] {
  if (!Object.hasOwn(item.item_state, field)) return [];
  const value = item.item_state[field] as JsonValue;
  if (Array.isArray(value)) return [...new Set(value.filter(isScalar))];
  return isScalar(value) ? [value] : [];
}

/** For states of the form {"field": scalar} and {"field": [scalars]}. */
function contains(item: Item, wanted: JsonObject): boolean {
  return Object.entries(wanted).every(([field, value]) => {
    if (!Object.hasOwn(item.item_state, field)) return false;
    const stored = item.item_state[field] as JsonValue;
    if (!Array.isArray(value)) return stored === value;
    return Array.isArray(stored) && value.every((each) => stored.includes(each));
  });
}

/** The texts by which an item is searched; undefined where its type is not. */
function searchedTexts(item: Item): string[][] | undefined {
  const fields = SEARCHED[item.item_domain]?.[item.item_type];
  if (fields === undefined) return undefined;
  const texts = fields.flatMap((field) => {
    const value = item.item_state[field];
    const all = Array.isArray(value) ? value : [value];
    return all.filter((each): each is string => typeof each === 'string');
  });
  return texts.map((text) => text.split(/[^a-z0-9]+/).filter(Boolean));
}

/** For words in small letters: all of a part between two `or`; the last one may go on unless something follows it. */
function hasWords(item: Item, search: string): boolean {
  const texts = searchedTexts(item);
  if (texts === undefined) return false;
  const words = new Set(texts.flat());
  const parts = search.trim().split(/ or /);
  return parts.some((part, n) => {
    const terms = [...part.matchAll(/(-?)(?:"([^"]*)"|([^ "]+))/g)];
    return terms.every(([, minus, quoted, word], m) => {
      const isLast = n === parts.length - 1 && m === terms.length - 1;
      const phrase = (quoted ?? word ?? '').split(/[^a-z0-9]+/).filter(Boolean);
      const isPrefix = isLast && quoted === undefined && !minus && !/\s$/.test(search);
      const [first = ''] = phrase;
      const isThere =
        phrase.length > 1
          ? texts.some((text) => text.some((_, at) => phrase.every((each, k) => text[at + k] === each)))
          : isPrefix
            ? [...words].some((each) => each.startsWith(first))
            : words.has(first);
      return minus ? !isThere : isThere;
    });
  });
}

/** Whether there is a definition of search in the domains, which else refuse it. */
export function isSearched({ item_domain, item_domains, item_type }: Search): boolean {
  const domains = item_domain === undefined ? (item_domains ?? DOMAINS) : [item_domain];
  return domains.some(
    (domain) => SEARCHED[domain] && (item_type === undefined || SEARCHED[domain]?.[item_type]),
  );
}

export function randomSearch(chance: Chance): string {
  const word = () => chance.of([...WORDS.filter((each) => each !== 'or'), 'none', 'r', 'ma', '202']);
  const term = () => {
    const kind = chance.below(8);
    if (kind === 0) return `-${word()}`;
    if (kind === 1) return `"${word()} ${word()}"`;
    if (kind === 2) return `"${word()}"`;
    return word();
  };
  const part = () => [word(), ...Array.from({ length: chance.below(3) }, term)].join(' ');
  const parts = chance.is(0.2) ? [part(), part()] : [part()];
  return parts.join(' or ') + chance.of(['', '', ' ']);
}

/** Whether the item is found; null where the circle's edge is too near to say. */
export function matches(item: Item, search: Search): boolean | null {
  const { item_domain, item_domains, item_statuses, facets } = search;
  if (item_domain !== undefined && item.item_domain !== item_domain) return false;
  if (item_domains !== undefined && !item_domains.includes(item.item_domain)) return false;
  for (const column of ['item_type', 'created_by', 'item_instance_url', 'item_schema_url'] as const)
    if (search[column] !== undefined && search[column] !== item[column]) return false;
  if (search.item_state !== undefined && !contains(item, search.item_state)) return false;
  if (item_statuses !== undefined) {
    if (!item_statuses.includes(item.item_status)) return false;
  } else if (!search.any_status && DEFINITIONS[item.item_domain]?.hidden.includes(item.item_status))
    return false;
  if (facets !== undefined)
    for (const [field, wanted] of Object.entries(facets))
      if (!valuesOf(item, field).some((value) => wanted.includes(value))) return false;
  if (search.search !== undefined && !hasWords(item, search.search)) return false;
  if (search.south !== undefined && !isInBox(item, search as Box)) return false;
  if (search.radius_meters === undefined) return true;
  return isInCircle(item, search as { latitude: number; longitude: number; radius_meters: number });
}

const bytes = (text: string) => Buffer.from(text, 'utf8');
const inBytes = (one: string, other: string) => Buffer.compare(bytes(one), bytes(other));

export const byKey = (one: Item, other: Item) =>
  inBytes(one.item_domain, other.item_domain) ||
  inBytes(one.item_type, other.item_type) ||
  inBytes(one.item_id, other.item_id);

/** The order of find_items. */
export const newestFirst = (one: Item, other: Item) => other.created - one.created || byKey(one, other);

// Searches at random.

const rounded = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;

export function randomBox(chance: Chance, items: Item[]): Box {
  const place = () => {
    for (;;) {
      const { item_latitude, item_longitude } = chance.of(items);
      if (item_latitude !== null && item_longitude !== null) return [item_latitude, item_longitude] as const;
    }
  };
  const [one, other] = [place(), place()];
  let latitudes = [chance.between(-90, 90), chance.between(-90, 90)];
  let longitudes = [chance.between(-180, 180), chance.between(-180, 180)];
  switch (chance.below(12)) {
    case 0: // on the coordinates of items
      latitudes = [one[0], other[0]];
      longitudes = [one[1], other[1]];
      break;
    case 1: // around an item, on its edges
      latitudes = [one[0], Math.min(90, one[0] + chance.of([0, 1e-9, 0.01, 1]))];
      longitudes = [one[1], Math.min(180, one[1] + chance.of([0, 1e-9, 0.01, 1]))];
      break;
    case 2: // a point
      latitudes = [one[0], one[0]];
      longitudes = [one[1], one[1]];
      break;
    case 3: // a line
      if (chance.is(0.5)) latitudes = [one[0], one[0]];
      else longitudes = [one[1], one[1]];
      break;
    case 4: // a town
      latitudes = [12.97 + chance.between(-0.4, 0.4), 12.97 + chance.between(-0.4, 0.4)];
      longitudes = [77.59 + chance.between(-0.4, 0.4), 77.59 + chance.between(-0.4, 0.4)];
      break;
    case 5: // a pole
      latitudes = chance.is(0.5) ? [90, chance.of([90, 89.9999, 80])] : [-90, chance.of([-90, -89.999, -70])];
      break;
    case 6: // the 180th meridian
      longitudes = [
        chance.of([180, -180, 179.5, 170, -179, 179.999999999]),
        chance.of([180, -180, -179.5, -170, 179]),
      ];
      break;
    case 7: // all the way round
      longitudes = [-180, 180];
      if (chance.is(0.3)) latitudes = [-90, 90];
      break;
    case 8: // whole degrees, halves, tenths
      latitudes = latitudes.map((degrees) => rounded(degrees, chance.below(2)));
      longitudes = longitudes.map((degrees) => rounded(degrees, chance.below(2)));
      break;
    case 9: // next to nothing, where there may be nothing
      latitudes = [latitudes[0] as number, Math.min(90, (latitudes[0] as number) + 0.001)];
      longitudes = [longitudes[0] as number, Math.min(180, (longitudes[0] as number) + 0.001)];
      break;
    case 10: {
      // cells of a grid
      const level = 2 ** chance.below(6);
      latitudes = latitudes.map((degrees) => Math.round((degrees / 180) * level) * (180 / level));
      longitudes = longitudes.map((degrees) => Math.round((degrees / 360) * level) * (360 / level));
      latitudes = latitudes.map((degrees) => Math.min(90, Math.max(-90, degrees)));
      longitudes = longitudes.map((degrees) => Math.min(180, Math.max(-180, degrees)));
    }
  }
  const [west, east] = longitudes as [number, number];
  return {
    south: Math.min(...latitudes),
    west,
    north: Math.max(...latitudes),
    east,
  };
}

export function randomFacets(chance: Chance, items: Item[]): Record<string, JsonValue[]> {
  const facets: [string, JsonValue[]][] = [];
  const { item_state } = chance.of(items);
  for (const field of new Set([
    ...chance.some(
      Object.keys(item_state).filter((name) => name !== 'n'),
      0.4,
    ),
    ...(chance.is(0.3) ? [chance.of(ODD_NAMES)] : []),
  ])) {
    const those = items.slice(0, 200).flatMap((item) => valuesOf(item, field));
    const values = Array.from({ length: chance.below(4) + (chance.is(0.9) ? 1 : 0) }, () =>
      chance.is(0.8) && those.length > 0 ? chance.of(those) : chance.of(SCALARS),
    );
    const own = item_state[field];
    if (isScalar(own) && own !== undefined && chance.is(0.5)) values.push(own);
    facets.push([field, values]);
  }
  return Object.fromEntries(facets);
}

export function randomFilters(chance: Chance, items: Item[]): Filters {
  const filters: Filters = {};
  if (chance.is(0.2)) filters.item_type = chance.of([...TYPES, 'none']);
  if (chance.is(0.2)) filters.created_by = chance.of([...OWNERS, 'nobody']);
  if (chance.is(0.1)) filters.item_instance_url = chance.of(URLS);
  if (chance.is(0.1)) filters.item_schema_url = chance.of(URLS);
  if (chance.is(0.15))
    filters.item_state = chance.of<JsonObject>([{ subject: 'subject 3' }, { level: 1 }, { tags: ['a'] }, {}]);
  if (chance.is(0.25)) {
    const centre = chance.of(items);
    filters.latitude = centre.item_latitude ?? 0;
    filters.longitude = centre.item_longitude ?? 0;
    filters.radius_meters = chance.of([0, 1000.5, 20_000.25, 55_000.75, 1_000_000.5, 12_000_000.5, 2.1e7]);
  }
  const statuses = chance.below(5);
  if (statuses === 0) filters.item_statuses = chance.some([...STATUSES, 'unknown'], 0.4);
  if (statuses === 1) filters.any_status = chance.is(0.8);
  if (chance.is(0.4)) filters.facets = randomFacets(chance, items);
  if (chance.is(0.2)) filters.search = randomSearch(chance);
  return filters;
}

export function randomDomains(chance: Chance): Pick<Search, 'item_domain' | 'item_domains'> {
  const kind = chance.below(4);
  if (kind === 0) return {};
  if (kind === 1) return { item_domains: chance.some([...DOMAINS, 'no domain'], 0.5) };
  return { item_domain: chance.of(DOMAINS) };
}

// The map.

export interface Marker {
  item_count: number;
  latitude: number;
  longitude: number;
  south: number;
  west: number;
  north: number;
  east: number;
  item_domain: string | null;
  item_type: string | null;
  item_id: string | null;
}

/** The level of the contract: the finest at which so many cells are no more than so many markers. */
export function levelOf({ south, west, north, east }: Box, maxMarkers: number): number {
  const width = east - west + (west > east ? 360 : 0);
  let level = 0;
  for (let finer = 1; finer <= 32; finer += 1) {
    const cells = 2 ** finer;
    const columns = Math.ceil((width * cells) / 360) + 1;
    const rows = Math.ceil(((north - south) * cells) / 180) + 1;
    if (columns * rows <= maxMarkers) level = finer;
  }
  return level;
}

/** The items of each cell of a level. */
export function cellsOf(items: Item[], level: number): Map<string, Item[]> {
  const size = 2 ** level;
  const cells = new Map<string, Item[]>();
  for (const item of items) {
    const eastward = item.item_longitude === 180 ? -180 : (item.item_longitude as number);
    const column = Math.min(Math.floor(((eastward + 180) * size) / 360), size - 1);
    const row = Math.min(Math.floor((((item.item_latitude as number) + 90) * size) / 180), size - 1);
    const cell = `${column} ${row}`;
    const those = cells.get(cell);
    if (those) those.push(item);
    else cells.set(cell, [item]);
  }
  return cells;
}
