import postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { createDpg, type Dpg, type Item, type Queryable } from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, errorOf, student, tutor } from './story.js';

const database = await testDatabase();

beforeAll(() => addUsers(database.sql, 'asha', 'ravi'));

const item_state = {
  snake_case: { 'kebab-case': 1, camelCase: [null, 'a_b'] },
  when: '2026-11-22T12:00:00+00:00',
  price: 0.1,
  text: '  "quoted" \\ ',
};

/** Everything an application can see of a story, by every kind of row. */
async function story(dpg: Dpg<Queryable>, network: string) {
  const asha = dpg.as('asha');
  const ravi = dpg.as('ravi');
  const at = { item_network: network, item_domain: 'student' };
  await dpg.items.define({ ...at, statuses: [{ status: 'live' }, { status: 'paused', found: false }] });
  await dpg.items.defineSearch({ ...at, item_type: 'profile_1.0', fields: ['text', 'name'] });
  const place = { item_latitude: 0.1 + 0.2, item_longitude: -77.12345678901234 };
  const source = await asha.items.upsert(student({ ...at, ...place, item_state }));
  const items = Array.from({ length: 9 }, (_, i) =>
    student({ ...at, item_latitude: 0.3, item_longitude: -77.1 - i * 1e-12, item_state: { i } }),
  );
  const many = await asha.items.upsertMany(items);
  const target = await ravi.items.upsert(tutor({ item_network: network, item_state: {} }));
  const { item_network, item_domain, item_type, item_id } = source;
  const ref = { item_network, item_domain, item_type, item_id };
  const updated = await asha.items.update(ref, {
    changes: { item_state: { ...item_state, verified: true }, item_latitude: 0.1 + 0.7 },
    expected_updated_at: source.updated_at,
  });
  const action = await asha.actions.perform({
    action_type: 'connect',
    source: ref,
    target,
    requirements_snapshot: item_state,
    remarks: ' as_it is ',
  });
  const moved = await ravi.actions.transition(action, {
    action_status: 'accepted',
    event_payload: item_state,
  });
  const paused = await asha.items.setStatus(many[0] as Item, { item_status: 'paused' });
  const live = await asha.items.setStatus(paused, { item_status: 'live' });
  const edges = { south: -90, west: -180, north: 90, east: 180 };
  const walked: (typeof source)[] = [];
  for await (const item of dpg.items.nearest({ ...at, latitude: 0, longitude: 0, page_size: 2 }))
    walked.push(item);
  return {
    source,
    many,
    updated,
    paused,
    live,
    got: await dpg.items.get(ref),
    gotById: await dpg.items.get({ ...at, item_id }),
    several: await dpg.items.getMany([target, ref]),
    own: await asha.items.own({ item_network: network, page_size: 3 }),
    markers: await dpg.items.map({ ...at, ...edges, max_markers: 3 }),
    facets: await dpg.items.facets({
      ...at,
      fields: ['i', 'text'],
      facets: { i: [1, 2], text: [item_state.text] },
    }),
    searched: await dpg.items.search({ ...at, search: 'quot' }),
    refreshed: await dpg.items.refreshSearch(at),
    found: await dpg.items.find({ ...at, item_state: { verified: true } }),
    count: await dpg.items.count({ ...at, latitude: 0.8, longitude: -77.1, radius_meters: 1e7 }),
    walked,
    action,
    moved,
    actions: await ravi.actions.find({ partition_network: network }),
    events: await ravi.events.find({ partition_network: network }),
    leaf: await dpg.partitions.ensureItem(at),
    partitions: (await dpg.partitions.list({ network })).sort((a, b) => (a.leaf < b.leaf ? -1 : 1)),
  };
}

/** The story without what differs from one telling to the next: ids, times, tokens, the network, sizes. */
function comparable(told: object): unknown {
  const names = new Map<string, string>();
  return JSON.parse(
    JSON.stringify(told, (name, value) => {
      // Sizes and estimates are of the moment.
      if (typeof value === 'bigint')
        return name === 'bytes' || name === 'estimated_rows' ? 'bigint' : `${value}n`;
      if (name === 'next_page_token') return typeof value;
      return value;
    })
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/g, 'time')
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) => {
        names.set(id, names.get(id) ?? `id ${names.size}`);
        return names.get(id) as string;
      })
      .replace(/told\d+/g, 'told'),
  );
}

const custom = {
  types: {
    text: { to: 25, from: [25], serialize: (x: string) => `<${x}>`, parse: (x: string) => `{${x}}` },
    any: { to: 0, from: [], serialize: (x: unknown) => `?${x}`, parse: (x: string) => x },
    bigint: postgres.BigInt,
    date: {
      to: 1184,
      from: [1082, 1114, 1184],
      serialize: (x: unknown) => `${x}!`,
      parse: (x: string) => x.length,
    },
    json: { to: 114, from: [114, 3802], serialize: () => '"lost"', parse: () => 'lost' },
  },
};
const settings = {
  ...{ TimeZone: 'Asia/Kolkata', DateStyle: 'German', IntervalStyle: 'sql_standard' },
  ...{ extra_float_digits: -3, bytea_output: 'escape', search_path: 'dpg,public', lc_time: 'C' },
};

const odd: Record<string, postgres.Options<Record<string, postgres.PostgresType>>> = {
  'camel case': { transform: postgres.camel },
  'Pascal case': { transform: postgres.pascal },
  'kebab case, and null for undefined': { transform: { ...postgres.kebab, undefined: null } },
  'rows and values transformed': {
    transform: { value: () => 'value', row: (row: object) => Object.assign(Object.create(null), row) },
  },
  'custom types': custom as never,
  'no prepared statements': { prepare: false },
  'no types fetched': { fetch_types: false },
  'other settings of the session': { connection: settings },
  'all of it': {
    ...(custom as object),
    transform: { ...postgres.camel, undefined: null },
    prepare: false,
    fetch_types: false,
    connection: settings,
  },
};

let tellings = 0;
const tell = (sql: Queryable) => story(createDpg(sql), `told${++tellings}`);

describe('an instance that is configured in its own way returns the same rows', () => {
  let plain: Awaited<ReturnType<typeof story>>;

  beforeAll(async () => {
    plain = await tell(database.sql);
  });

  test.each(Object.entries(odd))('%s', async (_, options) => {
    const told = await tell(database.connect(options));
    expect(comparable(told)).toEqual(comparable(plain));
    expect(told.source.item_latitude).toBe(0.30000000000000004);
    expect(told.source.item_state).toEqual(item_state);
    expect(told.got).toEqual(told.updated);
    expect(new Set(told.walked.map((item) => item.item_id)).size).toBe(10);
    for (const time of [told.source.created_at, told.moved.updated_at, told.events.rows[0]?.created_at]) {
      expect(Math.abs(Date.parse(time as string) - Date.now())).toBeLessThan(60_000);
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    }
  });

  test('a reserved connection, and a transaction of such an instance', async () => {
    const sql = database.connect({ transform: postgres.camel });
    const reserved = await sql.reserve();
    expect(comparable(await tell(reserved))).toEqual(comparable(plain));
    reserved.release();
    expect(comparable(await sql.begin((tx) => tell(tx)))).toEqual(comparable(plain));
  });

  test('a connection string', async () => {
    await using dpg = createDpg(database.url, { max: 1 });
    expect(comparable(await story(dpg, `told${++tellings}`))).toEqual(comparable(plain));
  });
});

test('the role of an application can do all of it, that of a reader can read', async () => {
  const application = createDpg(database.connect({ role: 'dpg_app' }));
  const { updated, found, walked, count, several, own, markers, facets, searched } = await story(
    application,
    'by_role',
  );
  const reader = createDpg(database.connect({ role: 'dpg_readonly' }));
  const at = { item_network: 'by_role', item_domain: 'student' };
  expect(await reader.items.get(updated)).toEqual(updated);
  expect(await reader.items.find({ ...at, item_state: { verified: true } })).toEqual(found);
  const nearest = await reader.items.nearest({ ...at, latitude: 0, longitude: 0, page_size: 10 });
  expect(nearest.rows).toEqual(walked);
  const edges = { south: -90, west: -180, north: 90, east: 180 };
  expect(await reader.items.getMany(several)).toEqual(several);
  expect(await reader.as('asha').items.own({ item_network: 'by_role', page_size: 3 })).toEqual(own);
  expect(await reader.items.map({ ...at, ...edges, max_markers: 3 })).toEqual(markers);
  const chosen = { i: [1, 2], text: [item_state.text] };
  expect(await reader.items.facets({ ...at, fields: ['i', 'text'], facets: chosen })).toEqual(facets);
  expect(await reader.items.search({ ...at, search: 'quot' })).toEqual(searched);
  const circle = { latitude: 0.8, longitude: -77.1, radius_meters: 1e7 };
  expect(await reader.items.count({ ...at, ...circle })).toBe(count);
  expect((await reader.as('ravi').actions.find()).rows.length).toBeGreaterThan(0);
  expect((await reader.as('ravi').events.find()).rows.length).toBeGreaterThan(0);
  expect((await reader.partitions.list({ network: 'by_role' })).length).toBe(4);
  for (const call of [
    () => reader.as('asha').items.upsert(student(at)),
    () => reader.as('asha').items.setStatus(updated, { item_status: 'paused' }),
    () => reader.items.define({ ...at, statuses: null }),
    () => reader.items.defineSearch({ ...at, item_type: 'profile_1.0', fields: null }),
    () => reader.items.refreshSearch(at),
  ]) {
    const refused = await errorOf(call());
    expect(refused).toBeInstanceOf(postgres.PostgresError);
    expect(refused).toMatchObject({ code: '42501' });
  }
});

test('a page token of one session is good in another', async () => {
  const [one, other] = [createDpg(database.sql), createDpg(database.connect({ connection: settings }))];
  const at = { item_network: 'shared', item_domain: 'student' };
  const items = Array.from({ length: 6 }, (_, i) => student({ ...at, item_latitude: 0.1 + i * 1e-9 }));
  await one.as('asha').items.upsertMany(items);
  const around = { ...at, latitude: 0.1 + 0.2, longitude: 77.12345678901234, page_size: 3 };
  for (const [first, second] of [
    [one, other],
    [other, one],
  ] as const) {
    const { rows, next_page_token } = await first.items.nearest(around);
    const rest = await second.items.nearest({ ...around, page_token: next_page_token });
    expect(new Set([...rows, ...rest.rows].map((row) => row.item_id)).size).toBe(6);
    const within = { ...around, radius_meters: 1e6 };
    const found = await first.items.find(within);
    expect((await second.items.find({ ...within, page_token: found.next_page_token })).rows).toHaveLength(3);
  }
});

test('an instance whose row transform leaves nothing to read is told so', async () => {
  const dpg = createDpg(database.connect({ transform: { row: () => ({ gone: true }) } }));
  await expect(dpg.items.count({ item_network: 'a', item_domain: 'b' })).rejects.toThrow(/transform\.row/);
});

test('a passed instance is left alone by end, a connection string’s is ended', async () => {
  await createDpg(database.sql).end();
  expect(await database.sql`select 1 as one`).toHaveLength(1);
  const own = createDpg(database.url);
  await own.items.count({ item_network: 'a', item_domain: 'b' });
  await own.end({ timeout: 1 });
  await expect(own.items.count({ item_network: 'a', item_domain: 'b' })).rejects.toMatchObject({
    code: 'CONNECTION_ENDED',
  });
});

test('nothing else is taken for a connection', () => {
  for (const nothing of [undefined, null, '', {}, () => undefined]) {
    expect(() => createDpg(nothing as never)).toThrow(/is missing|is refused|connection string/);
  }
});
