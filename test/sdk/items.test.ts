import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { createDpg, VersionConflictError } from '../../sdk/index.js';
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

test('an actor reads with the same object', async () => {
  const item = await asha.items.upsert(student());
  expect(await asha.items.get(item)).toEqual(item);
  expect(asha.actor).toBe('asha');
});
