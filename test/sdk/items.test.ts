import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  boxOf,
  createDpg,
  type Facets,
  type Item,
  type ItemRef,
  JsonNumber,
  VersionConflictError,
} from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, errorOf, OUR_URL, student, tutor } from './story.js';

const database = await testDatabase();
const dpg = createDpg(database.sql);
const asha = dpg.as('asha');

beforeAll(() => addUsers(database.sql, 'asha', 'ravi'));

describe('items.upsert', () => {
  test('returns the row as the database has it', async () => {
    const item_id = '0A11B6F0-0000-4000-8000-00000000000A';
    const item = await asha.items.upsert(student({ item_id, item_latitude: 0.1 + 0.2 }));
    expect(item).toEqual({
      item_network: 'yellow_dot',
      item_domain: 'student',
      item_type: 'profile_1.0',
      item_id: '0a11b6f0-0000-4000-8000-00000000000a',
      item_instance_url: OUR_URL,
      item_schema_url: 'https://schemas.example.com/student_profile_v1.json',
      item_state: { name: 'Asha' },
      item_latitude: 0.30000000000000004,
      item_longitude: 77.5946,
      created_by: 'asha',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      updated_at: item.created_at,
      item_status: 'live',
    });
    expect(Math.abs(Date.parse(item.created_at) - Date.now())).toBeLessThan(60_000);
  });

  test('names its id, so that the same call again changes nothing', async () => {
    const item_id = randomUUID();
    const first = await asha.items.upsert(student({ item_id }));
    expect(await asha.items.upsert(student({ item_id }))).toEqual(first);
  });

  test('replaces in full: what is not given is gone', async () => {
    const { item_id } = await asha.items.upsert(student());
    const { item_state: _, item_latitude: __, item_longitude: ___, ...least } = student();
    const replaced = await asha.items.upsert({ ...least, item_id });
    expect(replaced).toMatchObject({ item_id, item_state: {}, item_latitude: null, item_longitude: null });
  });

  test('keeps every JSON value', async () => {
    const item_state = {
      'clé "\\ \n 🪷': ['', 0, -1.5e-300, 1e21, true, null, [], {}, '\u0001\u2028\ufffe', '2026-11-22'],
      toString: 'own',
    };
    const item = await asha.items.upsert(student({ item_state }));
    expect(item.item_state).toEqual(item_state);
  });

  test('leaves out undefined members and takes what has toJSON', async () => {
    const born = new Date('2012-05-06T07:08:09.123Z');
    const item = await asha.items.upsert(student({ item_state: { born, nick: undefined } }));
    expect(item.item_state).toEqual({ born: '2012-05-06T07:08:09.123Z' });
  });

  test('takes keys in any script, quotes and line breaks', async () => {
    for (const key of ['日本', `'; drop table "items" --`, 'a\\b\n', '🪷'.repeat(120), '%s $1 :x']) {
      const item = await asha.items.upsert(student({ item_network: key, item_domain: key, item_type: key }));
      expect(item).toMatchObject({ item_network: key, item_domain: key, item_type: key });
      expect(await dpg.items.get(item)).toEqual(item);
    }
  });
});

describe('items.upsertMany', () => {
  test('returns the rows in the order given', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `n${i}`);
    const rows = await asha.items.upsertMany<{ name: string }>(
      names.map((name, i) => ({
        ...student({ item_domain: i % 2 ? 'odd' : 'even' }),
        item_state: { name },
      })),
    );
    expect(rows.map((row) => row.item_state.name)).toEqual(names);
    expect(await dpg.items.get(rows[99] as never)).toEqual(rows[99]);
  });

  test('can leave the rows on the server', async () => {
    const items = Array.from({ length: 25 }, () => student({ item_domain: 'counted' }));
    expect(await asha.items.upsertMany(items, { returning: 'count' })).toBe(25);
    expect(await dpg.items.count({ item_network: 'yellow_dot', item_domain: 'counted' })).toBe(25n);
  });

  test('sends an id for each, unless given', async () => {
    const item_id = randomUUID();
    const rows = await asha.items.upsertMany([student({ item_id }), student(), student()]);
    expect(rows[0]?.item_id).toBe(item_id);
    expect(new Set(rows.map((row) => row.item_id)).size).toBe(3);
  });

  test('of nothing is nothing', async () => {
    expect(await asha.items.upsertMany([])).toEqual([]);
    expect(await asha.items.upsertMany([], { returning: 'count' })).toBe(0);
  });
});

describe('items.update', () => {
  test('replaces the named columns only', async () => {
    const item = await asha.items.upsert(student());
    const changes = { item_state: { name: 'Asha', verified: true } };
    const updated = await asha.items.update(item, { changes });
    expect(updated).toEqual({
      ...item,
      item_state: { name: 'Asha', verified: true },
      updated_at: updated.updated_at,
    });
    expect(updated.updated_at > item.updated_at).toBe(true);
  });

  test('clears coordinates by null', async () => {
    const item = await asha.items.upsert(student());
    const updated = await asha.items.update(item, { changes: { item_latitude: null, item_longitude: null } });
    expect(updated).toMatchObject({
      item_latitude: null,
      item_longitude: null,
      item_state: { name: 'Asha' },
    });
  });

  test('takes the updated_at of a row, to the microsecond', async () => {
    const seen = await asha.items.upsert(student());
    const rename = (name: string) =>
      asha.items.update(seen, { changes: { item_state: { name } }, expected_updated_at: seen.updated_at });
    await rename('Asha R.');
    expect(await errorOf(rename('Asha S.'))).toBeInstanceOf(VersionConflictError);
    expect((await dpg.items.get(seen)).item_state).toEqual({ name: 'Asha R.' });
  });
});

describe('items.delete', () => {
  test('returns the last state, and the item is gone', async () => {
    const item = await asha.items.upsert(student({ item_domain: 'deleted' }));
    expect(await asha.items.delete(item)).toEqual(item);
    expect(await dpg.items.count({ item_network: 'yellow_dot', item_domain: 'deleted' })).toBe(0n);
  });
});

describe('items.find and items.count', () => {
  const at = { item_network: 'yellow_dot', item_domain: 'found' };

  beforeAll(async () => {
    const ravi = dpg.as('ravi');
    await asha.items.upsert(student({ ...at, item_state: { name: 'A', tags: ['x', 'y'] } }));
    await asha.items.upsert(student({ ...at, item_state: { name: 'B' }, item_type: 'other' }));
    await ravi.items.upsert(
      tutor({ ...at, item_state: { name: 'C', tags: ['x'] }, item_instance_url: `${OUR_URL}/c` }),
    );
  });

  const names = async (filter: object) => {
    const { rows } = await dpg.items.find<{ name: string }>({ ...at, ...filter });
    expect(await dpg.items.count({ ...at, ...filter })).toBe(BigInt(rows.length));
    return rows.map((row) => row.item_state.name).join('');
  };

  test('are newest first, and by any filter', async () => {
    expect(await names({})).toBe('CBA');
    expect(await names({ item_type: 'other' })).toBe('B');
    expect(await names({ created_by: 'ravi' })).toBe('C');
    expect(await names({ item_instance_url: OUR_URL })).toBe('BA');
    expect(await names({ item_schema_url: 'https://schemas.example.com/tutor_profile_v1.json' })).toBe('C');
    expect(await names({ item_state: { tags: ['x'] } })).toBe('CA');
    expect(await names({ latitude: 12.9352, longitude: 77.6245, radius_meters: 100 })).toBe('C');
    expect(await names({ latitude: 12.9352, longitude: 77.6245, radius_meters: 10_000 })).toBe('CBA');
    expect(await names({ item_type: null, created_by: undefined })).toBe('CBA');
  });

  test('rows have the columns of items, then next_page_token', async () => {
    const { rows } = await dpg.items.find(at);
    expect(Object.keys(rows[0] ?? {})).toEqual([
      ...['item_network', 'item_domain', 'item_type', 'item_id', 'item_instance_url', 'item_schema_url'],
      ...['item_state', 'item_latitude', 'item_longitude', 'created_by', 'created_at', 'updated_at'],
      ...['item_status', 'next_page_token'],
    ]);
  });

  test('of an unknown network are nothing', async () => {
    const nowhere = { item_network: 'nowhere', item_domain: 'x' };
    expect(await dpg.items.find(nowhere)).toEqual({ rows: [], next_page_token: null });
    expect(await dpg.items.count(nowhere)).toBe(0n);
  });
});

describe('items of several domains', () => {
  // each means something where PostgreSQL reads an array
  const odd = ['NULL', '{}', 'a,b', '"', '\\"', ' x ', "'", '日本'];
  const at = { item_network: 'several' };
  const domains = async (filter: object, read: 'find' | 'nearest' = 'find') => {
    const filters = { ...at, latitude: 0, longitude: 0, radius_meters: 2, ...filter };
    const { rows } = await (read === 'find' ? dpg.items.find(filters) : dpg.items.nearest(filters));
    return rows.map(({ item_domain }) => item_domain);
  };

  beforeAll(async () => {
    const items = odd.map((item_domain) =>
      student({ ...at, item_domain, item_latitude: 0, item_longitude: 0 }),
    );
    await asha.items.upsertMany(items);
  });

  test('are those of the domains named, of all where none are, of none where the array is empty', async () => {
    for (const read of ['find', 'nearest'] as const) {
      for (const item_domain of odd)
        expect(await domains({ item_domains: [item_domain] }, read)).toEqual([item_domain]);
      expect(new Set(await domains({ item_domains: odd }, read))).toEqual(new Set(odd));
      expect(new Set(await domains({}, read))).toEqual(new Set(odd));
      expect(new Set(await domains({ item_domain: null, item_domains: null }, read))).toEqual(new Set(odd));
      expect(await domains({ item_domains: [] }, read)).toEqual([]);
      expect(await domains({ item_domains: ['"', '"', 'unknown'] }, read)).toEqual(['"']);
    }
    expect(await dpg.items.count(at)).toBe(BigInt(odd.length));
    expect(await dpg.items.count({ ...at, item_domains: odd.slice(3) })).toBe(BigInt(odd.length - 3));
    expect(await dpg.items.count({ ...at, item_domains: [] })).toBe(0n);
  });

  test('are iterated over all pages, each item once', async () => {
    const item_domains = odd.slice(0, 5);
    const found = [];
    for await (const row of dpg.items.find({ ...at, item_domains, page_size: 2 }))
      found.push(row.item_domain);
    expect(found.sort()).toEqual([...item_domains].sort());
    const near = [];
    for await (const row of dpg.items.nearest({
      ...at,
      item_domains,
      latitude: 0,
      longitude: 0,
      page_size: 2,
    }))
      near.push(row.item_domain);
    expect(near.sort()).toEqual([...item_domains].sort());
  });
});

describe('items.nearest', () => {
  test('is nearest first, with the distance in metres', async () => {
    const at = { item_network: 'yellow_dot', item_domain: 'near' };
    await asha.items.upsert(
      student({ ...at, item_state: { name: 'north' }, item_latitude: 1, item_longitude: 0 }),
    );
    await asha.items.upsert(
      student({ ...at, item_state: { name: 'here' }, item_latitude: 0, item_longitude: 0 }),
    );
    await asha.items.upsert(
      student({ ...at, item_state: { name: 'nowhere' }, item_latitude: null, item_longitude: null }),
    );
    const { rows } = await dpg.items.nearest<{ name: string }>({ ...at, latitude: 0, longitude: 0 });
    expect(rows.map((row) => row.item_state.name)).toEqual(['here', 'north']);
    expect(rows[0]?.distance_meters).toBe(0);
    // a degree of the sphere of 6,378,168 m
    expect(rows[1]?.distance_meters).toBeCloseTo(111_320.03, 1);
    const near = await dpg.items.nearest({ ...at, latitude: 0, longitude: 0, radius_meters: 111_000 });
    expect(near.rows.map((row) => row.item_state.name)).toEqual(['here']);
  });
});

describe('items.get and items.getMany', () => {
  test('by the id alone, when no other type has it', async () => {
    const at = { item_network: 'yellow_dot', item_domain: 'by_id', item_id: randomUUID() };
    const item = await asha.items.upsert(student(at));
    expect(await dpg.items.get(at)).toEqual(item);
    expect(await dpg.items.get({ ...at, item_type: null })).toEqual(item);
    const other = await asha.items.upsert(student({ ...at, item_type: 'other' }));
    expect(await errorOf(dpg.items.get(at))).toMatchObject({ code: 'DP002', hint: expect.any(String) });
    expect(await dpg.items.get({ ...at, item_type: 'other' })).toEqual(other);
  });

  test('several are in the order given, of any network, domain and type, without those that are missing', async () => {
    // each means something where PostgreSQL reads a row or an array
    const odd = ['a,b', '"', '\\', '(', ')', '{}', 'NULL', ' x ', "'", '""', '\\"', '日本'];
    const items = await asha.items.upsertMany(
      odd.map((key) => student({ item_network: 'several keys', item_domain: key, item_type: key })),
    );
    const missing = { ...(items[0] as (typeof items)[0]), item_id: randomUUID() };
    const nowhere = { ...missing, item_network: 'nowhere' };
    const asked = [nowhere, ...[...items].reverse(), missing];
    expect(await dpg.items.getMany(asked)).toEqual([...items].reverse());
    expect(await dpg.items.getMany([missing])).toEqual([]);
    expect(await dpg.items.getMany([])).toEqual([]);
  });
});

describe('statuses of items', () => {
  const at = { item_network: 'yellow_dot', item_domain: 'statuses' };
  const names = async (filter: object) =>
    (await dpg.items.find<{ name: string }>({ ...at, ...filter })).rows
      .map((row) => row.item_state.name)
      .join('');

  beforeAll(async () => {
    await dpg.items.define({
      ...at,
      statuses: [
        { status: 'draft', found: false, acts: false },
        { status: 'live' },
        { status: 'retired', found: false, acts: false, final: true },
      ],
      initial_status: 'draft',
    });
    for (const name of ['A', 'B', 'C']) await asha.items.upsert(student({ ...at, item_state: { name } }));
  });

  test('a new item has the initial one; searches pass over what is not to be found', async () => {
    expect(await names({})).toBe('');
    expect(await names({ item_statuses: ['draft'] })).toBe('CBA');
    const [c, b] = (await asha.items.own(at)).rows;
    const live = await asha.items.setStatus(b as Item, {
      item_status: 'live',
      expected_updated_at: b?.updated_at,
    });
    expect(live).toMatchObject({ item_status: 'live', item_state: { name: 'B' } });
    await asha.items.setStatus(c as Item, { item_status: 'retired' });
    expect(await names({})).toBe('B');
    expect(await names({ item_statuses: ['draft', 'retired'] })).toBe('CA');
    expect(await names({ any_status: true })).toBe('CBA');
    expect(await names({ item_statuses: [] })).toBe('');
    expect(await names({ any_status: null, item_statuses: null })).toBe('B');
    expect(await dpg.items.count({ ...at, any_status: true })).toBe(3n);
  });

  test('a status that closes the actions of the item', async () => {
    const item = await asha.items.upsert(student());
    const rows = await asha.items.upsertMany([student(), student()]);
    for (const target of rows) await asha.actions.perform({ action_type: 'visit', source: item, target });
    await asha.actions.perform({ action_type: 'visit', source: rows[0] as Item, target: item });
    await asha.items.setStatus(item, { item_status: 'retired', close_actions_as: ['withdrawn'] });
    const actions = (await asha.actions.find({ action_type: 'visit' })).rows;
    expect(actions.map(({ action_status, update_count }) => `${action_status} ${update_count}`)).toEqual(
      Array(3).fill('withdrawn 1'),
    );
    expect(
      await errorOf(asha.items.setStatus(item, { item_status: 'x', close_actions_as: [' '] })),
    ).toMatchObject({ code: 'DP001', detail: { argument: 'close_actions_as', index: 0 } });
  });

  test('an upsert keeps it, or names another; null removes the definition', async () => {
    const other = { item_network: 'yellow_dot', item_domain: 'undefined' };
    const item = await asha.items.upsert(student({ ...other, item_status: 'odd' }));
    expect(item.item_status).toBe('odd');
    const { item_id } = item;
    expect((await asha.items.upsert(student({ ...other, item_id }))).item_status).toBe('odd');
    const many = await asha.items.upsertMany([
      student({ ...other, item_id, item_status: 'even' }),
      student(other),
    ]);
    expect(many.map(({ item_status }) => item_status)).toEqual(['even', 'live']);
    await dpg.items.define({ ...other, statuses: [{ status: 'even', final: true }] });
    expect(await errorOf(asha.items.setStatus(item, { item_status: 'live' }))).toMatchObject({
      code: 'DP006',
    });
    await dpg.items.define({ ...other, statuses: null });
    expect((await asha.items.setStatus(item, { item_status: 'live' })).item_status).toBe('live');
  });
});

test('own items are those of the actor in all networks, domains and statuses, newest first', async () => {
  await addUsers(database.sql, 'mira');
  const mira = dpg.as('mira').items;
  const made: Item[] = [];
  for (const [item_network, item_domain, item_status] of [
    ['yellow_dot', 'student', 'live'],
    ['green_dot', 'school', 'draft'],
    ['yellow_dot', 'tutor', 'retired'],
  ] as const)
    made.unshift(await mira.upsert(student({ item_network, item_domain, item_status })));
  const ids = (rows: Item[]) => rows.map(({ item_id }) => item_id);
  const own: Item[] = [];
  for await (const { next_page_token: _, ...item } of mira.own({ page_size: 2 })) own.push(item);
  expect(own).toEqual(made);
  const [tutor, school, student_] = ids(made);
  expect(ids((await mira.own({ item_network: 'yellow_dot' })).rows)).toEqual([tutor, student_]);
  expect(ids((await mira.own({ item_domain: 'school' })).rows)).toEqual([school]);
  expect(ids((await mira.own({ item_statuses: ['draft', 'live'] })).rows)).toEqual([school, student_]);
  expect(ids((await mira.own({ item_type: 'other' })).rows)).toEqual([]);
});

describe('facets', () => {
  const at = { item_network: 'yellow_dot', item_domain: 'facets' };
  const states = [
    { name: 'A', subject: ['math', 'physics'], verified: true, grade: 7 },
    { name: 'B', subject: 'math', verified: false, grade: 7.5 },
    { name: 'C', subject: ['physics'], verified: null, 'odd "name"': "\\ $1 '" },
    { name: 'D', __proto__2: 1, subject: [] },
  ];
  const names = async (facets: Facets) => {
    const { rows } = await dpg.items.find<{ name: string }>({ ...at, facets });
    expect(await dpg.items.count({ ...at, facets })).toBe(BigInt(rows.length));
    return rows.map((row) => row.item_state.name).join('');
  };

  beforeAll(async () => {
    for (const item_state of states) await asha.items.upsert(student({ ...at, item_state }));
  });

  test('are any of the values of each field', async () => {
    expect(await names({})).toBe('DCBA');
    expect(await names({ subject: ['math'] })).toBe('BA');
    expect(await names({ subject: ['math', 'physics'] })).toBe('CBA');
    expect(await names({ subject: ['physics'], verified: [true] })).toBe('A');
    expect(await names({ verified: [null, false] })).toBe('CB');
    expect(await names({ grade: [7.5, 8] })).toBe('B');
    expect(await names({ 'odd "name"': ["\\ $1 '"] })).toBe('C');
    expect(await names({ subject: [] })).toBe('');
    expect(await names({ subject: undefined })).toBe('DCBA');
    expect(await names(JSON.parse('{"__proto__": ["no field is passed over"]}'))).toBe('');
  });

  test('are counted, each without its own choice', async () => {
    const counts = await dpg.items.facets({
      ...at,
      fields: ['subject', 'verified'],
      facets: { verified: [true] },
    });
    expect(counts).toEqual([
      { field: 'subject', value: 'math', item_count: 1n },
      { field: 'subject', value: 'physics', item_count: 1n },
      { field: 'verified', value: null, item_count: 1n },
      { field: 'verified', value: false, item_count: 1n },
      { field: 'verified', value: true, item_count: 1n },
    ]);
    const most = await dpg.items.facets({ ...at, fields: ['subject'], max_values: 1 });
    expect(most).toEqual([{ field: 'subject', value: 'math', item_count: 2n }]);
    expect(await dpg.items.facets({ ...at, fields: [] })).toEqual([]);
  });

  test('have numbers with all their digits where numbers are exact', async () => {
    const exact = createDpg(database.sql, { numbers: 'exact' });
    const item_state = { name: 'E', grade: new JsonNumber('9007199254740993') };
    await exact.as('asha').items.upsert(student({ ...at, item_domain: 'exact', item_state }));
    const where = { ...at, item_domain: 'exact' };
    expect(await exact.items.facets({ ...where, fields: ['grade'] })).toEqual([
      { field: 'grade', value: item_state.grade, item_count: 1n },
    ]);
    expect(await exact.items.count({ ...where, facets: { grade: [item_state.grade] } })).toBe(1n);
    expect(await exact.items.count({ ...where, facets: { grade: [9007199254740992] } })).toBe(0n);
  });
});

describe('maps', () => {
  const at = { item_network: 'yellow_dot', item_domain: 'map' };
  const world = { south: -90, west: -180, north: 90, east: 180 };

  beforeAll(async () => {
    const places = [
      [12.97, 77.59],
      [12.98, 77.6],
      [-17.5, 179.9],
      [-17.6, -179.9],
    ] as const;
    for (const [index, [item_latitude, item_longitude]] of places.entries())
      await asha.items.upsert(student({ ...at, item_latitude, item_longitude, item_state: { index } }));
    await asha.items.upsert(student({ ...at, item_latitude: null, item_longitude: null }));
  });

  test('a box has what lies in it, across the 180th meridian too', async () => {
    const found = async (box: object) =>
      (await dpg.items.find<{ index: number }>({ ...at, ...box })).rows.map(
        ({ item_state }) => item_state.index,
      );
    expect(await found(world)).toEqual([3, 2, 1, 0]);
    expect(await found(boxOf([77, 12, 78, 13]))).toEqual([1, 0]);
    expect(await found(boxOf([179, -20, 181, -10]))).toEqual([3, 2]);
    expect(await found(boxOf([179, -20, 180, -10]))).toEqual([2]);
    expect(await dpg.items.count({ ...at, ...boxOf([539, -20, 541, -10]) })).toBe(2n);
    const around = { ...at, latitude: -17.6, longitude: 180, ...boxOf([179, -20, 181, -10]) };
    expect((await dpg.items.nearest(around)).rows.map((row) => row.item_state.index)).toEqual([3, 2]);
  });

  test('as many items as markers are each a marker with its key; of more, those of a cell are one', async () => {
    const each = await dpg.items.map({ ...at, ...world, max_markers: 4 });
    expect(each).toHaveLength(4);
    const bengaluru = each.find(({ latitude }) => latitude === 12.97);
    expect(bengaluru).toEqual({
      ...{ latitude: 12.97, longitude: 77.59, item_count: 1n },
      ...{ south: 12.97, west: 77.59, north: 12.97, east: 77.59 },
      ...{ item_domain: 'map', item_type: 'profile_1.0', item_id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    expect((await dpg.items.get({ ...at, ...(bengaluru as object) } as ItemRef)).item_state).toEqual({
      index: 0,
    });
    const cells = await dpg.items.map({ ...at, ...world, max_markers: 3 });
    expect(cells.reduce((sum, { item_count }) => sum + item_count, 0n)).toBe(4n);
    const [one, ...rest] = await dpg.items.map({ ...at, ...world, max_markers: 1 });
    expect([one?.item_count, one?.item_id, rest]).toEqual([4n, null, []]);
    expect(await dpg.items.map({ ...at, ...boxOf([0, 0, 1, 1]) })).toEqual([]);
  });

  test('items without a place come last, where they are asked for', async () => {
    const around = { ...at, latitude: 12.97, longitude: 77.59, page_size: 3 };
    const distances: (number | null)[] = [];
    for await (const { distance_meters } of dpg.items.nearest({ ...around, include_unplaced: true }))
      distances.push(distance_meters);
    expect(distances.map((distance) => distance !== null)).toEqual([true, true, true, true, false]);
    expect(distances[0]).toBe(0);
    expect((await dpg.items.nearest({ ...around, page_size: 9 })).rows).toHaveLength(4);
  });
});

describe('searches', () => {
  const at = { item_network: 'yellow_dot', item_domain: 'searched' };

  beforeAll(async () => {
    await dpg.items.defineSearch({ ...at, item_type: 'profile_1.0', fields: ['name', 'about'] });
    for (const item_state of [
      { name: 'Ravi', about: 'Teaches Mathematics' },
      { name: 'Mathilda', about: ['physics', 'chess'] },
      { name: 'Kabir', about: 'chess and music' },
    ])
      await asha.items.upsert(student({ ...at, item_state }));
  });

  const names = async (search: string, filter: object = {}) =>
    (await dpg.items.search<{ name: string }>({ ...at, search, ...filter })).rows.map(
      (row) => row.item_state.name,
    );

  test('are best first, the last word a prefix', async () => {
    expect(await names('math')).toEqual(['Mathilda', 'Ravi']);
    expect(await names('math ')).toEqual([]);
    expect(await names('chess')).toEqual(expect.arrayContaining(['Kabir', 'Mathilda']));
    expect(await names('chess -music')).toEqual(['Mathilda']);
    expect(await names('chess', { facets: { name: ['Kabir'] } })).toEqual(['Kabir']);
  });

  test('rows have their relevance, pages go on, and find filters by the same words', async () => {
    const relevances: number[] = [];
    for await (const row of dpg.items.search({ ...at, search: 'math', page_size: 1 }))
      relevances.push(row.relevance);
    expect(relevances).toHaveLength(2);
    expect(relevances[0]).toBeGreaterThan(relevances[1] as number);
    expect(await dpg.items.count({ ...at, search: 'math' })).toBe(2n);
    const { rows } = await dpg.items.find({ ...at, search: 'math' });
    expect(rows.map(({ item_state }) => item_state.name)).toEqual(['Mathilda', 'Ravi']);
  });

  test('are refreshed until there is nothing to do, and refused where nothing is defined', async () => {
    while ((await dpg.items.refreshSearch(at)) > 0);
    expect(await dpg.items.refreshSearch({ ...at, max_items: 1 })).toBe(0);
    await dpg.items.defineSearch({ ...at, item_type: 'profile_1.0', fields: null });
    expect(await errorOf(dpg.items.search({ ...at, search: 'math' }))).toMatchObject({ code: 'DP001' });
  });
});

test('an actor reads with the same object', async () => {
  const item = await asha.items.upsert(student());
  expect(await asha.items.get(item)).toEqual(item);
  expect(asha.actor).toBe('asha');
});
