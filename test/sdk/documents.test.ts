// Documents that are nested deeply, contain themselves or hold what JSON has not: DP001 from the SDK and from the database
// alike, never the end of somebody's stack. And times that have no form everywhere.

import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { flawOfDocument, isTextTooDeep } from '../../sdk/documents.js';
import { createDpg, InvalidArgumentError } from '../../sdk/index.js';
import { loadNetwork } from '../../sdk/network/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, errorOf, noting, OTHER_URL, student, tutor } from './story.js';

const database = await testDatabase();
const statements: string[] = [];
const dpg = createDpg(database.connect(noting(statements)));
const asha = dpg.as('asha');
const item_id = randomUUID();
const target_id = randomUUID();
const action_id = randomUUID();

beforeAll(async () => {
  await addUsers(database.sql, 'asha', 'ravi');
  await asha.items.upsert(student({ item_id }));
  await dpg.as('ravi').items.upsert(tutor({ item_id: target_id }));
});

/** An object of so many levels in all. */
function nested(levels: number, wrap: (inner: unknown) => unknown = (inner) => ({ a: inner })): object {
  let inner: unknown = {};
  for (let i = 1; i < levels; i++) inner = i === levels - 1 ? { a: inner } : wrap(inner);
  return inner as object;
}
const array = (inner: unknown) => [inner];

const source = { ...student(), item_id };
const target = { ...tutor(), item_id: target_id };
const ref = ({ item_network, item_domain, item_type, item_id }: Record<string, unknown>) =>
  ({ item_network, item_domain, item_type, item_id }) as never;
const action = { partition_network: 'yellow_dot', action_type: 'connect', action_id };
const at = { item_network: 'yellow_dot', item_domain: 'student' };
const event = {
  ...{ ...action, event_id: randomUUID(), action_status: 'created', update_count: 0 },
  ...{ origin_instance_domain: OTHER_URL, created_at: '2026-01-01T00:00:00Z' },
  ...{
    source_item_network: 'yellow_dot',
    source_item_domain: 'student',
    source_item_type: 't',
    source_item_id: item_id,
  },
  ...{ source_item_instance_url: 'https://s.example.com', source_item_owner: 'asha' },
  ...{
    target_item_network: 'yellow_dot',
    target_item_domain: 'tutor',
    target_item_type: 't',
    target_item_id: target_id,
  },
  ...{ target_item_instance_url: OTHER_URL, target_item_owner: 'ravi' },
};

/** Every way in which a document reaches the database. */
const WAYS: Record<string, (document: object) => PromiseLike<unknown>> = {
  'items.upsert': (item_state) => asha.items.upsert({ ...source, item_state }),
  'items.upsertMany': (item_state) => asha.items.upsertMany([student(), { ...student(), item_state }]),
  'items.update': (item_state) => asha.items.update(ref(source), { changes: { item_state } }),
  'items.find': (item_state) => dpg.items.find({ ...at, item_state }),
  'items.count': (item_state) => dpg.items.count({ ...at, item_state }),
  'items.nearest': (item_state) => dpg.items.nearest({ ...at, latitude: 1, longitude: 1, item_state }),
  'actions.perform, requirements': (requirements_snapshot) =>
    asha.actions.perform({
      action_type: 'connect',
      source: ref(source),
      target: ref(target),
      requirements_snapshot,
    }),
  'actions.perform, payload': (event_payload) =>
    asha.actions.perform({ action_type: 'connect', source: ref(source), target: ref(target), event_payload }),
  'actions.receive': (requirements_snapshot) =>
    dpg.actions.receive({
      ...{ action_type: 'connect', source: ref(source), source_item_instance_url: OTHER_URL },
      ...{ source_item_owner: 'far', target: ref(target), requirements_snapshot },
    }),
  'actions.transition': (event_payload) =>
    asha.actions.transition(action, { action_status: 'x', event_payload }),
  'actions.receiveTransition': (event_payload) =>
    dpg.actions.receiveTransition({
      ...{ source_item_instance_url: OTHER_URL, source_item_owner: 'far', ...action },
      ...{ action_status: 'x', event_payload },
    }),
  'events.store': (event_payload) => dpg.events.store({ ...event, event_payload }),
  'events.storeText': (event_payload) => {
    let depth = 0;
    for (
      let inner: unknown = event_payload;
      typeof inner === 'object' && inner;
      inner = Object.values(inner)[0]
    )
      depth++;
    const text = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    return dpg.events.storeText(`${JSON.stringify(event).slice(0, -1)},"event_payload":${text}}`);
  },
};

describe.each(Object.entries(WAYS))('%s', (_name, call) => {
  test.each([513, 2048, 2049, 20_000, 200_000])('of %i levels is DP001', async (levels) => {
    statements.length = 0;
    const error = (await errorOf(call(nested(levels)))) as InvalidArgumentError;
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.code).toBe('DP001');
    expect(error.hint).toMatch(/objects and arrays/);
    expect(JSON.stringify(error.detail).length).toBeLessThan(2000);
    if (levels > 2100) expect(statements).toEqual([]);
  });
});

test('512 levels are stored and read, found and compared; with a raised limit 2,048 are', async () => {
  const trips = async (levels: number, wrap?: (inner: unknown) => unknown) => {
    const item_state = nested(levels, wrap);
    const stored = await asha.items.upsert({ ...source, item_state });
    expect(JSON.stringify(stored.item_state)).toBe(JSON.stringify(item_state));
    expect(await dpg.items.count({ ...at, item_state })).toBe(1n);
    expect((await asha.items.upsert({ ...source, item_state })).updated_at).toBe(stored.updated_at);
    const { action_id } = await asha.actions.perform({
      ...{ action_type: 'connect', source: ref(source), target: ref(target) },
      ...{ requirements_snapshot: item_state, event_payload: item_state },
    });
    const { rows } = await asha.events.find({ ...action, action_id });
    expect(JSON.stringify(rows[0]?.event_payload)).toBe(JSON.stringify(item_state));
    await dpg.events.store({
      ...{ ...event, event_id: randomUUID(), action_id: randomUUID() },
      event_payload: item_state,
    });
  };
  await trips(512);
  await trips(512, array);
  await database.sql`update dpg.limits set limit_value = 2048 where limit_name = 'json_depth_per_document'`;
  try {
    await trips(2048);
    await trips(2048, array);
    const error = (await errorOf(trips(2049))) as InvalidArgumentError;
    expect(error.code).toBe('DP001');
  } finally {
    await database.sql`update dpg.limits set limit_value = 512 where limit_name = 'json_depth_per_document'`;
  }
});

test('what contains itself is refused at once, however wide it is', async () => {
  const wide: Record<string, unknown> = { list: Array.from({ length: 1_000_000 }, (_, i) => i) };
  wide.inner = { again: [wide] };
  expect(flawOfDocument(wide)).toBe('A document must not contain itself (at inner.again[0]).');
  // beside one another the same object may occur
  const shared = { x: 1 };
  expect(flawOfDocument({ a: shared, b: [shared, shared] })).toBe(undefined);
});

test('toJSON is asked once, as JSON.stringify does', () => {
  const endless = { toJSON: () => ({ again: endless }) };
  expect(flawOfDocument({ a: endless })).toMatch(/objects and arrays in one another/);
  const itself = { x: 1, toJSON: () => ({ date: new Date(0) }) };
  expect(flawOfDocument({ a: itself })).toBe(undefined);
  expect(flawOfDocument({ a: [{ b: new Date(Number.NaN) }] })).toBe('JSON has no invalid Date (at a[0].b).');
});

test('what is found to be right is what JSON.stringify keeps', () => {
  const value = fc.anything({
    withDate: true,
    withBigInt: true,
    withNullPrototype: true,
    withSparseArray: true,
  });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value), (document) => {
      if (flawOfDocument(document)) return;
      const copy = JSON.parse(JSON.stringify(document));
      expect(JSON.stringify(copy)).toBe(JSON.stringify(document));
      expect(flawOfDocument(copy)).toBe(undefined);
    }),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (document) => {
      const text = JSON.stringify(document);
      expect(flawOfDocument(document)).toBe(
        text.includes('\\u0000') ? expect.stringContaining('NUL') : undefined,
      );
    }),
  );
});

test('the depth of a text is that of its value', () => {
  const text = (levels: number) =>
    `{"a[[[":"]]\\"[{",${'"b":{'.repeat(levels - 1)}${'}'.repeat(levels - 1)}}`;
  for (const levels of [1, 2, 100, 2048])
    expect(isTextTooDeep(text(levels), levels), `${levels}`).toBe(false);
  for (const levels of [2, 100, 2049])
    expect(isTextTooDeep(text(levels), levels - 1), `${levels}`).toBe(true);
  expect(isTextTooDeep('"'.repeat(100_000))).toBe(false);
  expect(isTextTooDeep(`["${'\\'.repeat(100_001)}`)).toBe(false);
});

test('a network of a document that is nested too deep, or contains itself, is DP001', () => {
  const network = (schema: object) => () =>
    loadNetwork({ name: 'n', domains: [{ name: 'd', item_schemas: { t: schema } }] });
  const itself: Record<string, unknown> = {};
  itself.default = itself;
  for (const schema of [{ default: nested(100_000) }, itself])
    expect(network(schema)).toThrow(InvalidArgumentError);
});

describe('times', () => {
  test.each([
    '0000-12-31T23:59:59Z',
    '0001-01-01T00:00:00+14:00',
    '9999-12-31T23:59:59-14:00',
    '10000-01-01T00:00:00Z',
    'infinity',
  ])('%s is DP001, by the SDK and by the database', async (time) => {
    for (const refused of [
      asha.items.update(ref(source), { changes: { item_state: {} }, expected_updated_at: time }),
      dpg.events.store({ ...event, event_payload: {}, created_at: time }),
      dpg.events.storeText(JSON.stringify({ ...event, event_payload: {}, created_at: time })),
    ])
      expect(((await errorOf(refused)) as InvalidArgumentError).code).toBe('DP001');
  });

  test.each([
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z'],
    ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
    ['0001-01-01T14:00:00+14:00', '0001-01-01T00:00:00.000000Z'],
  ])('%s is stored', async (time, read) => {
    const ids = { event_id: randomUUID(), action_id: randomUUID() };
    const stored = await dpg.events.store({ ...event, ...ids, event_payload: {}, created_at: time });
    expect(stored.created_at).toBe(read);
    expect(await dpg.events.store(stored)).toEqual(stored);
  });
});
