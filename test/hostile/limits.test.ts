// What is too much, too far or not ours: the contract's error or the right answer, through the SDK and in plain SQL.

import { createHash } from 'node:crypto';
import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { createDpg, type Dpg, DpgError, type UpsertItem } from '../../sdk/index.js';
import { addUsers, errorOf, OTHER_URL, OUR_URL, student, tutor } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
let sql: postgres.Sql;
let dpg: Dpg;

beforeAll(async () => {
  sql = database.connect({ role: 'dpg_app', max: 4 });
  dpg = createDpg(sql);
  await addUsers(database.sql, 'asha', 'ravi');
});

/** The SQLSTATE of a statement, or its rows. */
async function outcome(statement: PromiseLike<unknown>): Promise<unknown> {
  try {
    return await statement;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

describe('100,000 items in one call', () => {
  const MANY = 100_000;
  const id = (i: number) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
  const items = Array.from({ length: MANY }, (_, i): UpsertItem => {
    const { item_state, ...rest } = student({
      item_network: 'many',
      item_id: id(i),
      item_latitude: (i % 18_000) / 100 - 90,
    });
    return { ...rest, item_state: { i } };
  });
  const count = () => dpg.items.count({ item_network: 'many', item_domain: 'student' });
  const sent = (changes: (items: UpsertItem[]) => void) => {
    const changed = [...items];
    changes(changed);
    return JSON.stringify(changed);
  };

  test('one that is wrong, the last, refuses all: by the SDK, and by the database', async () => {
    const wrong = student({ item_latitude: 91 });
    const refusal = (await errorOf(dpg.as('asha').items.upsertMany([...items.slice(1), wrong]))) as DpgError;
    expect(refusal.code).toBe('DP001');
    expect(refusal.detail).toEqual({ argument: 'item_latitude', value: 91, index: MANY - 1 });
    const json = sent((changed) => changed.splice(-1, 1, wrong));
    const error = (await errorOf(
      sql`select count(*) from dpg.upsert_items('asha', ${json}::text::jsonb)`,
    )) as postgres.PostgresError;
    expect(error.code).toBe('DP001');
    expect(JSON.parse(error.detail ?? '')).toEqual({ argument: 'item_latitude', value: 91, index: MANY - 1 });
    expect(await count()).toBe(0n);
  }, 120_000);

  test('an id twice, at both ends, refuses all', async () => {
    const json = sent((changed) => changed.splice(-1, 1, { ...student(), item_id: id(0) }));
    const error = (await errorOf(
      sql`select count(*) from dpg.upsert_items('asha', ${json}::text::jsonb)`,
    )) as postgres.PostgresError;
    expect(error.code).toBe('DP001');
    expect(JSON.parse(error.detail ?? '')).toEqual({ argument: 'item_id', value: id(0), index: MANY - 1 });
    expect(await count()).toBe(0n);
  }, 120_000);

  test('all are stored, in the order given; the same again changes nothing', async () => {
    expect(await dpg.as('asha').items.upsertMany(items, { returning: 'count' })).toBe(MANY);
    expect(await count()).toBe(100_000n);
    const [kept] = await database.sql`
      select count(*)::integer, count(*) filter (where (item_state ->> 'i')::integer = position - 1)::integer as in_order
      from (select item_state, row_number() over (order by created_at) as position from dpg.items where item_network = 'many') i`;
    expect(kept).toEqual({ count: MANY, in_order: MANY });

    const json = sent(() => {});
    const [again] = await sql`
      select count(*)::integer, count(*) filter (where r.updated_at <> r.created_at)::integer as changed
      from dpg.upsert_items('asha', ${json}::text::jsonb) r`;
    expect(again).toEqual({ count: MANY, changed: 0 });
    // all of them are another's now
    expect(await outcome(sql`select count(*) from dpg.upsert_items('ravi', ${json}::text::jsonb)`)).toBe(
      'DP003',
    );
  }, 180_000);
});

describe('page tokens', () => {
  const at = { item_network: 'pages', item_domain: 'student' };
  const NEAR = { latitude: 12.9, longitude: 77.5 };
  const ASKED = { item_type: 'profile_1.0', item_state: { level: 1 } };

  beforeAll(async () => {
    const asha = dpg.as('asha');
    const places = [1, 2, 3].map((i) =>
      student({ ...at, item_longitude: 77 + i / 10, item_state: { level: 1, i } }),
    );
    const [source] = await asha.items.upsertMany(places);
    const target = await dpg.as('ravi').items.upsert(tutor({ item_network: 'pages' }));
    if (!source) throw new Error('nothing was stored');
    for (let i = 0; i < 3; i++) {
      const action = await asha.actions.perform({ action_type: 'connect', source, target });
      await asha.actions.transition(action, { action_status: 'created' });
    }
  });

  type Lists = Record<
    string,
    {
      sdk: (token: string, changes?: object) => PromiseLike<{ rows: unknown[] }>;
      raw: (token: string) => PromiseLike<ArrayLike<unknown>>;
      others: object[];
    }
  >;

  const lists: Lists = {
    find_items: {
      sdk: (page_token, changes) => dpg.items.find({ ...at, ...ASKED, page_size: 1, page_token, ...changes }),
      raw: (token) => sql`
        select * from dpg.find_items('pages', 'student', 'profile_1.0', item_state => '{"level": 1}', page_size => 1, page_token => ${token})`,
      others: [
        { item_network: 'page' },
        { item_domain: 'tutor' },
        { item_type: 'profile_1' },
        { item_type: null },
        { created_by: 'asha' },
        { item_instance_url: OUR_URL },
        { item_schema_url: 'https://schemas.example.com/student_profile_v1.json' },
        { item_state: {} },
        { item_state: { level: 2 } },
        { item_state: null },
        { ...NEAR, radius_meters: 1e6 },
      ],
    },
    nearest_items: {
      sdk: (page_token, changes) =>
        dpg.items.nearest({ ...at, ...ASKED, ...NEAR, page_size: 1, page_token, ...changes }),
      raw: (token) => sql`
        select * from dpg.nearest_items('pages', 'student', 12.9, 77.5, item_type => 'profile_1.0', item_state => '{"level": 1}', page_size => 1, page_token => ${token})`,
      others: [
        { item_network: 'page' },
        { item_domain: 'tutor' },
        { latitude: 12.900000000000002 },
        { longitude: 77.6 },
        { radius_meters: 1e7 },
        { item_type: null },
        { item_state: {} },
      ],
    },
    find_actions: {
      sdk: (page_token, changes) =>
        dpg.as('asha').actions.find({
          partition_network: 'pages',
          action_type: 'connect',
          page_size: 1,
          page_token,
          ...changes,
        }),
      raw: (token) => sql`
        select * from dpg.find_actions('asha', partition_network => 'pages', action_type => 'connect', page_size => 1, page_token => ${token})`,
      others: [
        { ownership_role: 'initiated' },
        { ownership_role: 'received' },
        { partition_network: null },
        { action_type: null },
        { action_status: 'created' },
        { item_id: '11111111-1111-4111-8111-111111111111' },
      ],
    },
    find_events: {
      sdk: (page_token, changes) =>
        dpg.as('asha').events.find({
          partition_network: 'pages',
          action_type: 'connect',
          page_size: 1,
          page_token,
          ...changes,
        }),
      raw: (token) => sql`
        select * from dpg.find_events('asha', partition_network => 'pages', action_type => 'connect', page_size => 1, page_token => ${token})`,
      others: [
        { ownership_role: 'initiated' },
        { partition_network: null },
        { action_type: null },
        { action_id: '33333333-3333-4333-8333-333333333333' },
        { action_status: 'created' },
        { update_count: 0 },
        { item_id: '11111111-1111-4111-8111-111111111111' },
      ],
    },
  };

  async function tokenOf(name: string): Promise<string> {
    const { rows } = (await (lists[name] as Lists[string]).sdk(undefined as unknown as string)) as {
      rows: { next_page_token: string }[];
    };
    return rows[0]?.next_page_token as string;
  }

  for (const [name, list] of Object.entries(lists)) {
    test(`of ${name}: goes on where it ended, also with another page size; refused by every other call`, async () => {
      const token = await tokenOf(name);
      expect((await list.sdk(token)).rows.length).toBe(1);
      expect((await list.raw(token)).length).toBe(1);
      expect((await list.sdk(token, { page_size: 1000 })).rows.length).toBe(name === 'find_events' ? 5 : 2);
      for (const [other, { sdk, raw }] of Object.entries(lists)) {
        if (other === name) continue;
        expect([other, await outcome(sdk(token)), await outcome(raw(token))]).toEqual([
          other,
          'DP011',
          'DP011',
        ]);
      }
    });

    test(`of ${name}: refused with any other filter, or by another user`, async () => {
      const token = await tokenOf(name);
      for (const changes of list.others)
        expect([changes, await outcome(list.sdk(token, changes))]).toEqual([changes, 'DP011']);
      if (name === 'find_actions' || name === 'find_events') {
        const ravi = dpg.as('ravi');
        const asked = { partition_network: 'pages', action_type: 'connect', page_token: token };
        expect(
          await outcome(name === 'find_actions' ? ravi.actions.find(asked) : ravi.events.find(asked)),
        ).toBe('DP011');
      }
    });

    test(`of ${name}: refused with one byte altered, left out or added, at each position`, async () => {
      const token = await tokenOf(name);
      const altered = new Set<string>();
      for (let i = 0; i <= token.length; i++) {
        const [before, byte = '', after] = [token.slice(0, i), token[i], token.slice(i + 1)];
        const next = String.fromCharCode(byte.charCodeAt(0) ^ 1);
        for (const other of ['A', '-', '=', '+', "'", '\n', next, byte.toUpperCase(), byte.toLowerCase(), ''])
          if (byte !== '') altered.add(before + other + after);
        altered.add(`${before} ${byte}${after}`);
        altered.add(`${before}A${byte}${after}`);
      }
      altered.delete(token);
      expect(altered.size).toBeGreaterThan(8 * token.length);
      // in the server, which is asked a few hundred times for each kind of token
      const call = {
        find_items: `'pages', 'student', 'profile_1.0', item_state => '{"level": 1}'`,
        nearest_items: `'pages', 'student', 12.9, 77.5, item_type => 'profile_1.0', item_state => '{"level": 1}'`,
        find_actions: `'asha', partition_network => 'pages', action_type => 'connect'`,
        find_events: `'asha', partition_network => 'pages', action_type => 'connect'`,
      }[name];
      await sql.unsafe(`
        do $do$
        declare
          token text;
        begin
          foreach token in array string_to_array($tokens$${[...altered, token].join('|')}$tokens$, '|') loop
            begin
              perform from dpg.${name}(${call}, page_token => token);
              if token <> '${token}' then
                raise exception 'accepted: %', token;
              end if;
            exception when sqlstate 'DP011' then
              if token = '${token}' then
                raise exception 'refused: %', token;
              end if;
            end;
          end loop;
        end $do$`);
      // and through the SDK at a few places
      for (const i of [0, 7, 15, 16, 17, token.length - 2, token.length - 1]) {
        const other = token[i] === 'A' ? 'B' : 'A';
        expect(await outcome(list.sdk(token.slice(0, i) + other + token.slice(i + 1)))).toBe('DP011');
      }
    }, 60_000);
  }

  test('that are no tokens at all', async () => {
    for (const token of [
      '',
      ' ',
      'null',
      '0',
      '[]',
      "'; drop table dpg.items; --",
      '%s%n',
      'A'.repeat(16),
      'A'.repeat(100_000),
      '日本',
      '\u{10ffff}',
    ])
      for (const { sdk, raw } of Object.values(lists))
        expect([token.slice(0, 50), await outcome(sdk(token)), await outcome(raw(token))]).toEqual([
          token.slice(0, 50),
          'DP011',
          'DP011',
        ]);
    expect(await outcome(dpg.items.find({ ...at, page_token: '\0' }))).toBe('DP001');
  });

  test('made by hand: who knows how a token is made lacks the seal of this database', async () => {
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    const scope = hash('find_items["pages", "student", null, null, null, null, null, null, null, null]');
    for (const position of [
      '{}',
      '[]',
      '["x", "t", "y"]',
      '["infinity", "t", "11111111-1111-4111-8111-111111111111"]',
    ]) {
      const body = Buffer.from(position).toString('base64url');
      const page_token = hash(scope + body).slice(0, 16) + body;
      expect(await outcome(dpg.items.find({ ...at, page_token }))).toBe('DP011');
    }
    expect(await outcome(sql`select * from dpg_private.page_seal`)).toBe('42501');
  });
});

test('places along a road, stored in the order of travel, leave the index as small as any others', async () => {
  // split one to all others, page by page, it had 6 MB here
  const road = Array.from({ length: 600 }, (_, i) =>
    student({ item_network: 'road', item_latitude: 45 + i / 1000, item_longitude: 10 + i / 1000 }),
  );
  for (const step of road) await dpg.as('asha').items.upsert(step);
  const [index] = await database.sql`
    select pg_relation_size(x.indexrelid)::integer as bytes
    from pg_index x
    where x.indrelid = 'dpg.i_p_road_student'::regclass
      and x.indexrelid in (select relid from pg_partition_tree('dpg.items_place_idx'))`;
  expect(index?.bytes).toBeGreaterThan(8192);
  expect(index?.bytes).toBeLessThan(300_000);
});

describe('circles', () => {
  const at = { item_network: 'globe', item_domain: 'place' };
  // a sphere of 6,378,168 m: from the equator to a pole 10,018,802.8 m, half way round 20,037,605.7 m
  const PLACES: [string, number, number][] = [
    ['here', 0, 0],
    ['a metre east', 0, 0.000009],
    ['a quarter east', 0, 90],
    ['a quarter west', 0, -90],
    ['north pole', 90, 0],
    ['south pole', -90, 123],
    ['antipode', 0, 180],
    ['antipode again', 0, -180],
    ['nearly the antipode', 0, 179.9],
  ];

  beforeAll(async () => {
    await dpg
      .as('asha')
      .items.upsertMany(
        PLACES.map(([name, item_latitude, item_longitude]) =>
          student({ ...at, item_latitude, item_longitude, item_state: { name } }),
        ),
      );
    await dpg
      .as('asha')
      .items.upsert(
        student({ ...at, item_latitude: null, item_longitude: null, item_state: { name: 'nowhere' } }),
      );
  });

  const NEAREST_FIRST = [
    'here',
    'a metre east',
    'a quarter east',
    'a quarter west',
    'north pole',
    'south pole',
    'nearly the antipode',
    'antipode',
    'antipode again',
  ];
  const half = Math.PI * 6378168;

  test.each([
    ['0', 0, 1],
    ['-0', -0, 1],
    ['the smallest', 5e-324, 1],
    ['half a metre', 0.5, 1],
    ['two metres', 2, 2],
    ['a metre less than a quarter of the way round', half / 2 - 1, 2],
    ['a metre more than a quarter', half / 2 + 1, 6],
    ['a metre less than to the place before the antipode', 20_026_472.8, 6],
    ['a metre more', 20_026_474.8, 7],
    ['a metre less than half the globe', half - 1, 7],
    ['half the globe', half, 9],
    ['half the globe by a larger radius of it', 20_037_509, 7],
    ['20,040 km', 20_040_000, 9],
    ['once round the globe', 40_075_210, 9],
    ['the largest', 1.7976931348623157e308, 9],
  ])('radius %s', async (_name, radius_meters, holds) => {
    const circle = { latitude: 0, longitude: 0, radius_meters };
    const right = NEAREST_FIRST.slice(0, holds).sort();
    const names = (rows: { item_state: { name?: unknown } }[]) =>
      rows.map((row) => row.item_state.name).sort();
    expect(names((await dpg.items.find({ ...at, ...circle })).rows)).toEqual(right);
    expect(await dpg.items.count({ ...at, ...circle })).toBe(BigInt(holds));
    const nearest = (await dpg.items.nearest({ ...at, ...circle })).rows;
    expect(names(nearest)).toEqual(right);
    const distances = nearest.map((row) => row.distance_meters);
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
    const radius = String(radius_meters);
    expect(
      names(
        (await sql`select * from dpg.find_items('globe', 'place', latitude => 0, longitude => 0, radius_meters => ${radius}::text::float8)`) as never,
      ),
    ).toEqual(right);
    expect(
      names(
        (await sql`select * from dpg.nearest_items('globe', 'place', 0, 0, ${radius}::text::float8)`) as never,
      ),
    ).toEqual(right);
  });

  test.each([
    ['negative', -1],
    ['a little negative', -5e-324],
    ['NaN', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
    ['negative infinite', Number.NEGATIVE_INFINITY],
  ])('radius %s is DP001', async (_name, radius_meters) => {
    const circle = { ...at, latitude: 0, longitude: 0, radius_meters };
    const refusals = [dpg.items.find(circle), dpg.items.count(circle), dpg.items.nearest(circle)];
    for (const refusal of refusals) {
      const error = (await errorOf(refusal)) as DpgError;
      expect(error).toBeInstanceOf(DpgError);
      expect([error.code, (error.detail as { argument: string }).argument]).toEqual([
        'DP001',
        'radius_meters',
      ]);
    }
    const radius = String(radius_meters);
    for (const call of [
      sql`select * from dpg.find_items('globe', 'place', latitude => 0, longitude => 0, radius_meters => ${radius}::text::float8)`,
      sql`select dpg.count_items('globe', 'place', latitude => 0, longitude => 0, radius_meters => ${radius}::text::float8)`,
      sql`select * from dpg.nearest_items('globe', 'place', 0, 0, ${radius}::text::float8)`,
    ])
      expect(await outcome(call)).toBe('DP001');
  });

  test.each([
    [Number.NaN, 0],
    [0, Number.NaN],
    [Number.POSITIVE_INFINITY, 0],
    [0, Number.NEGATIVE_INFINITY],
    [90.00000000000001, 0],
    [0, -180.00000000000003],
  ])('a centre at %d, %d is DP001', async (latitude, longitude) => {
    expect(await outcome(dpg.items.nearest({ ...at, latitude, longitude }))).toBe('DP001');
    expect(await outcome(dpg.items.find({ ...at, latitude, longitude, radius_meters: 1 }))).toBe('DP001');
    const [lat, lon] = [String(latitude), String(longitude)];
    expect(
      await outcome(
        sql`select * from dpg.nearest_items('globe', 'place', ${lat}::text::float8, ${lon}::text::float8)`,
      ),
    ).toBe('DP001');
    expect(
      await outcome(
        sql`select dpg.count_items('globe', 'place', latitude => ${lat}::text::float8, longitude => ${lon}::text::float8, radius_meters => 1)`,
      ),
    ).toBe('DP001');
  });
});

test('the greatest expected_update_count beside an event that was used before is DP008', async () => {
  const target = await dpg.as('ravi').items.upsert(tutor());
  const received = { source_item_instance_url: OTHER_URL, source_item_owner: 'olga' };
  const source = {
    item_network: 'yellow_dot',
    item_domain: 'student',
    item_type: 't',
    item_id: '55555555-5555-4555-8555-555555555555',
  };
  const action = await dpg.actions.receive({ action_type: 'connect', source, ...received, target });
  const move = { action_status: 'accepted', event_id: '44444444-4444-4444-8444-444444444444' };
  await dpg.as('ravi').actions.transition(action, move);
  expect(
    await outcome(
      dpg.as('ravi').actions.transition(action, { ...move, expected_update_count: 2_147_483_647 }),
    ),
  ).toBe('DP008');
});

describe('NUL and lone surrogates', () => {
  const BAD = ['\0', 'a\0b', '\ud800', 'a\udfff', '\udc00\ud800', '😀\ud83d'];
  const ref = {
    item_network: 'n',
    item_domain: 'd',
    item_type: 't',
    item_id: '11111111-1111-4111-8111-111111111111',
  };
  const action = {
    partition_network: 'n',
    action_type: 't',
    action_id: '33333333-3333-4333-8333-333333333333',
  };

  test.each(BAD)('%j is refused by the SDK wherever it stands', async (bad) => {
    expect(() => dpg.as(bad)).toThrow(DpgError);
    const asha = dpg.as('asha');
    for (const name of ['item_network', 'item_domain', 'item_type', 'item_instance_url', 'item_schema_url']) {
      expect(await outcome(asha.items.upsert(student({ [name]: bad })))).toBe('DP001');
      expect(await outcome(asha.items.upsertMany([student({ [name]: bad })]))).toBe('DP001');
      expect(await outcome(dpg.items.find({ item_network: 'n', item_domain: 'd', [name]: bad }))).toBe(
        'DP001',
      );
    }
    for (const item_state of [{ [bad]: 1 }, { a: bad }, { a: [{ b: [bad] }] }]) {
      expect(await outcome(asha.items.upsert(student({ item_state })))).toBe('DP001');
      expect(await outcome(asha.items.update(ref, { changes: { item_state } }))).toBe('DP001');
      expect(
        await outcome(
          asha.actions.perform({ action_type: 't', source: ref, target: ref, event_payload: item_state }),
        ),
      ).toBe('DP001');
      expect(
        await outcome(asha.actions.transition(action, { action_status: 's', event_payload: item_state })),
      ).toBe('DP001');
    }
    expect(await outcome(asha.actions.transition(action, { action_status: bad }))).toBe('DP001');
    expect(await outcome(asha.actions.transition(action, { action_status: 's', remarks: bad }))).toBe(
      'DP001',
    );
    expect(
      await outcome(dpg.actions.define({ ...action, initial_status: bad, transitions: null } as never)),
    ).toBe('DP001');
    expect(await outcome(asha.actions.find({ action_status: bad }))).toBe('DP001');
    expect(await outcome(asha.events.find({ action_type: bad }))).toBe('DP001');
  });

  test("in plain SQL they are PostgreSQL's own errors", async () => {
    for (const json of ['{"a": "\\u0000"}', '{"\\u0000": 1}'])
      expect(
        await outcome(sql`select dpg.upsert_item('asha', 'n', 'd', 't', 'u', 's', ${json}::text::jsonb)`),
      ).toBe('22P05');
    for (const json of ['{"a": "\\ud800"}', '{"a": "\\udc00\\ud800"}'])
      expect(
        await outcome(sql`select dpg.upsert_item('asha', 'n', 'd', 't', 'u', 's', ${json}::text::jsonb)`),
      ).toBe('22P02');
  });
});
