import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createDpg, InvalidArgumentError, schemas } from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, errorOf, noting, student } from './story.js';

const database = await testDatabase();
const statements: string[] = [];
const dpg = createDpg(database.connect(noting(statements)));
const asha = dpg.as('asha');
const item_id = randomUUID();
const ref = { item_network: 'yellow_dot', item_domain: 'student', item_type: 'profile_1.0', item_id };
const at = { item_network: 'yellow_dot', item_domain: 'student' };
const here = { latitude: 1, longitude: 2 };
const box = { south: 1, west: 2, north: 3, east: 4 };
const action = { partition_network: 'yellow_dot', action_type: 'connect', action_id: randomUUID() };

beforeAll(() => addUsers(database.sql, 'asha'));

const itself: Record<string, unknown> = {};
itself.itself = itself;
let deep: object = {};
for (let i = 0; i < 100_000; i++) deep = { deep };

const refused: Record<string, [argument: string, call: () => PromiseLike<unknown>][]> = {
  keys: [
    ['item_network', () => asha.items.upsert(student({ item_network: '' }))],
    ['item_network', () => asha.items.upsert(student({ item_network: ' \t\n\u00a0\u3000' }))],
    ['item_domain', () => asha.items.upsert(student({ item_domain: 'x'.repeat(121) }))],
    ['item_type', () => asha.items.upsert(student({ item_type: '🪷'.repeat(121) }))],
    ['item_type', () => asha.items.upsert(student({ item_type: 'a\0b' }))],
    ['item_type', () => asha.items.upsert(student({ item_type: 'a\ud800' }))],
    ['item_network', () => dpg.items.find({ ...at, item_network: null as never })],
    ['action_status', () => asha.actions.transition(action, { action_status: '' })],
    [
      'source.item_domain',
      () => asha.actions.perform({ action_type: 'x', source: { ...ref, item_domain: '' }, target: ref }),
    ],
    ['target', () => asha.actions.perform({ action_type: 'x', source: ref, target: undefined as never })],
    ['network', () => dpg.partitions.list({ network: '' })],
  ],
  urls: [
    ['item_instance_url', () => asha.items.upsert(student({ item_instance_url: '' }))],
    ['item_schema_url', () => asha.items.upsert(student({ item_schema_url: 'é'.repeat(513) }))],
    [
      'changes.item_schema_url',
      () => asha.items.update(ref, { changes: { item_schema_url: null as never } }),
    ],
  ],
  coordinates: [
    ['item_longitude', () => asha.items.upsert(student({ item_longitude: undefined }))],
    ['item_latitude', () => asha.items.upsert(student({ item_latitude: null }))],
    ['item_latitude', () => asha.items.upsert(student({ item_latitude: Number.NaN }))],
    ['item_latitude', () => asha.items.upsert(student({ item_latitude: 90.000001 }))],
    ['item_longitude', () => asha.items.upsert(student({ item_longitude: Number.NEGATIVE_INFINITY }))],
    ['changes.item_longitude', () => asha.items.update(ref, { changes: { item_longitude: 181 } })],
    ['radius_meters', () => dpg.items.find({ ...at, latitude: 1, longitude: 2 })],
    ['radius_meters', () => dpg.items.count({ ...at, latitude: 1, longitude: 2, radius_meters: -1 })],
    ['radius_meters', () => dpg.items.nearest({ ...at, latitude: 1, longitude: 2, radius_meters: Infinity })],
    ['latitude', () => dpg.items.nearest({ ...at, longitude: 2 } as never)],
  ],
  documents: [
    ['item_state', () => asha.items.upsert(student({ item_state: [] }))],
    ['item_state', () => asha.items.upsert(student({ item_state: null as never }))],
    ['item_state', () => asha.items.upsert(student({ item_state: '{}' as never }))],
    ['item_state', () => asha.items.upsert(student({ item_state: new Map() }))],
    ['item_state', () => asha.items.upsert(student({ item_state: { a: [1, Number.NaN] } }))],
    ['item_state', () => asha.items.upsert(student({ item_state: { a: 1n } }))],
    ['item_state', () => asha.items.upsert(student({ item_state: { a: () => 1 } }))],
    ['item_state', () => asha.items.upsert(student({ item_state: { a: [undefined] } }))],
    ['item_state', () => asha.items.upsert(student({ item_state: { a: new Date(Number.NaN) } }))],
    ['item_state', () => asha.items.upsert(student({ item_state: { a: { 'k\0': 1 } } }))],
    ['item_state', () => asha.items.upsert(student({ item_state: { a: '\udc00' } }))],
    ['item_state', () => asha.items.upsert(student({ item_state: itself }))],
    ['item_state', () => asha.items.upsert(student({ item_state: deep }))],
    ['item_state', () => dpg.items.find({ ...at, item_state: [] })],
    ['event_payload', () => asha.actions.transition(action, { action_status: 'x', event_payload: [] })],
  ],
  'fields and shapes': [
    ['item', () => asha.items.upsert(undefined as never)],
    ['transition', () => asha.actions.transition(action, 'accepted' as never)],
    ['item', () => dpg.items.get(item_id as never)],
    ['action', () => asha.actions.get(null as never)],
    ['items', () => asha.items.upsertMany(student() as never)],
    ['returning', () => asha.items.upsertMany([], { returning: 'counts' as never })],
    ['status', () => asha.actions.transition(action, { status: 'accepted' } as never)],
    ['itemNetwork', () => dpg.items.find({ itemNetwork: 'yellow_dot' } as never)],
    ['event', () => dpg.events.store(null as never)],
    ['item_color', () => asha.items.upsert({ ...student(), item_color: 'red' } as never)],
    ['created_by', () => asha.items.upsertMany([{ ...student(), created_by: 'ravi' } as never])],
    ['changes', () => asha.items.update(ref, { changes: {} })],
    ['changes', () => asha.items.update(ref, { changes: { item_state: undefined } })],
    ['changes.created_by', () => asha.items.update(ref, { changes: { created_by: 'ravi' } as never })],
    ['item_id', () => asha.items.delete({ ...ref, item_id: 'not-a-uuid' })],
    [
      'expected_updated_at',
      () => asha.items.update(ref, { changes: { item_state: {} }, expected_updated_at: 'now' }),
    ],
    [
      'expected_updated_at',
      () => asha.items.update(ref, { changes: { item_state: {} }, expected_updated_at: '2026-11-22 12:00' }),
    ],
    ['transitions', () => dpg.actions.define({ partition_network: 'a', action_type: 'b' } as never)],
    [
      'transitions.by',
      () =>
        dpg.actions.define({
          partition_network: 'a',
          action_type: 'b',
          transitions: [{ from: 'a', to: 'b', by: 'me' as never }],
        }),
    ],
    [
      'expected_update_count',
      () => asha.actions.transition(action, { action_status: 'x', expected_update_count: 0.5 }),
    ],
    ['ownership_role', () => asha.actions.find({ ownership_role: 'owner' as never })],
    ['ownership_role', () => asha.actions.counts({ ownership_role: 'owner' as never })],
    ['action_types', () => asha.actions.find({ action_types: 'connect' as never })],
    ['action_types', () => asha.actions.find({ action_types: ['connect', ''] })],
    ['action_types', () => asha.actions.find({ action_type: 'connect', action_types: [] })],
    ['action_statuses', () => asha.actions.find({ action_statuses: [null as never] })],
    ['action_statuses', () => asha.actions.find({ action_status: 'a', action_statuses: ['a'] })],
    ['action_id', () => asha.actions.find({ action_id: 'none' })],
    ['oldest_first', () => asha.actions.find({ oldest_first: 'yes' as never })],
    ['with_items', () => asha.actions.find({ with_items: 1 as never })],
    ['items', () => dpg.actions.itemCounts(ref as never)],
    ['items', () => dpg.actions.itemCounts(Array.from({ length: 1001 }, () => ref))],
    ['remarks', () => asha.actions.transition(action, { action_status: 'x', remarks: 'é'.repeat(32_769) })],
    ['event.partition_network', () => dpg.events.store({} as never)],
  ],
  domains: [
    ['item_domains', () => dpg.items.find({ ...at, item_domains: ['tutor'] } as never)],
    ['item_domains', () => dpg.items.count({ ...at, item_domains: [] } as never)],
    ['item_domains', () => dpg.items.nearest({ ...at, ...here, item_domains: ['tutor'] } as never)],
    ['item_domains', () => dpg.items.find({ item_network: 'a', item_domains: 'tutor' as never })],
    ['item_domains', () => dpg.items.find({ item_network: 'a', item_domains: ['tutor', ''] })],
    ['item_domains', () => dpg.items.count({ item_network: 'a', item_domains: ['x'.repeat(121)] })],
    ['item_domains', () => dpg.items.nearest({ ...here, item_network: 'a', item_domains: [null as never] })],
    ['item_domain', () => dpg.items.find({ item_network: 'a', item_domain: ' ' })],
  ],
  statuses: [
    ['item_status', () => asha.items.upsert(student({ item_status: ' ' }))],
    ['item_status', () => asha.items.setStatus(ref, {} as never)],
    [
      'expected_updated_at',
      () => asha.items.setStatus(ref, { item_status: 'a', expected_updated_at: 'now' }),
    ],
    ['item_statuses', () => dpg.items.find({ ...at, item_statuses: ['live', ''] })],
    ['item_statuses', () => asha.items.own({ item_statuses: 'live' as never })],
    ['item_statuses', () => dpg.items.count({ ...at, item_statuses: ['live'], any_status: true })],
    ['item_statuses', () => dpg.items.map({ ...at, ...box, item_statuses: [], any_status: true })],
    ['any_status', () => dpg.items.nearest({ ...at, ...here, any_status: 'yes' as never })],
    ['statuses', () => dpg.items.define({ ...at } as never)],
    ['statuses.status', () => dpg.items.define({ ...at, statuses: [{}] as never })],
    ['statuses.found', () => dpg.items.define({ ...at, statuses: [{ status: 'a', found: 1 as never }] })],
    ['statuses.fnial', () => dpg.items.define({ ...at, statuses: [{ status: 'a', fnial: true } as never] })],
    ['initial_status', () => dpg.items.define({ ...at, statuses: [], initial_status: '' })],
  ],
  boxes: [
    ['west', () => dpg.items.find({ ...at, south: 1 })],
    ['south', () => dpg.items.count({ ...at, west: 1, north: 1, east: 1 })],
    ['north', () => dpg.items.search({ ...at, ...box, search: 'a', north: null })],
    ['east', () => dpg.items.facets({ ...at, ...box, fields: [], east: undefined })],
    ['north', () => dpg.items.nearest({ ...at, ...here, ...box, north: 91 })],
    ['west', () => dpg.items.map({ ...at, ...box, west: -190 })],
    ['east', () => dpg.items.map({ ...at, ...box, east: Number.NaN })],
    ['south', () => dpg.items.map({ ...at, north: 1, west: 1, east: 1 } as never)],
    ['max_markers', () => dpg.items.map({ ...at, ...box, max_markers: 0 })],
    ['max_markers', () => dpg.items.map({ ...at, ...box, max_markers: 10_001 })],
    ['include_unplaced', () => dpg.items.nearest({ ...at, ...here, include_unplaced: 1 as never })],
    ['include_unplaced', () => dpg.items.find({ ...at, include_unplaced: true } as never)],
  ],
  facets: [
    ['facets', () => dpg.items.find({ ...at, facets: ['math'] as never })],
    ['facets', () => dpg.items.find({ ...at, facets: { subject: 'math' } as never })],
    ['facets', () => dpg.items.count({ ...at, facets: { subject: [['math']] } as never })],
    ['facets', () => dpg.items.count({ ...at, facets: { subject: [{}] } as never })],
    ['facets', () => dpg.items.count({ ...at, facets: { subject: null } as never })],
    ['facets', () => dpg.items.nearest({ ...at, ...here, facets: { grade: [Number.NaN] } })],
    ['facets', () => dpg.items.search({ ...at, search: 'a', facets: { subject: [undefined as never] } })],
    ['facets', () => dpg.items.map({ ...at, ...box, facets: { subject: ['a\0'] } })],
    ['facets', () => dpg.items.facets({ ...at, fields: [], facets: { 'a\ud800': [1] } })],
    ['facets', () => dpg.items.facets({ ...at, fields: [], facets: new Map() as never })],
    ['fields', () => dpg.items.facets({ ...at } as never)],
    ['fields', () => dpg.items.facets({ ...at, fields: 'subject' as never })],
    ['fields', () => dpg.items.facets({ ...at, fields: ['a\0'] })],
    ['max_values', () => dpg.items.facets({ ...at, fields: [], max_values: 1001 })],
  ],
  searches: [
    ['search', () => dpg.items.search({ ...at } as never)],
    ['search', () => dpg.items.search({ ...at, search: 7 as never })],
    ['search', () => dpg.items.find({ ...at, search: 'a\0' })],
    ['fields', () => dpg.items.defineSearch({ ...at, item_type: 'a' } as never)],
    ['fields', () => dpg.items.defineSearch({ ...at, item_type: 'a', fields: [null as never] })],
    ['language', () => dpg.items.defineSearch({ ...at, item_type: 'a', fields: [], language: 7 as never })],
    ['max_items', () => dpg.items.refreshSearch({ ...at, max_items: 0 })],
  ],
  'several keys': [
    ['items', () => dpg.items.getMany(ref as never)],
    ['item_id', () => dpg.items.getMany([ref, { ...ref, item_id: 'x' }])],
    ['items', () => dpg.items.getMany(Array.from({ length: 1001 }, () => ref))],
    ['item_domain', () => dpg.items.get({ item_network: 'a', item_id } as never)],
  ],
  pages: [
    ['page_size', () => dpg.items.find({ ...at, page_size: 0 })],
    ['page_size', () => asha.items.own({ page_size: 1001 })],
    ['page_token', () => dpg.items.search({ ...at, search: 'a', page_token: 'a\0' })],
    ['page_size', () => dpg.items.find({ ...at, page_size: 1001 })],
    ['page_size', () => asha.actions.find({ page_size: 1.5 })],
    ['page_size', () => asha.events.find({ page_size: '20' as never })],
    ['page_token', () => asha.events.find({ page_token: 7 as never })],
  ],
};

describe.each(Object.entries(refused))('of %s', (_, cases) => {
  test.each(cases)('%s is refused, and the database is not asked (%#)', async (argument, call) => {
    statements.length = 0;
    const error = (await errorOf(call())) as InvalidArgumentError;
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.detail?.argument).toBe(argument);
    expect(error.hint).toMatch(/\.$/);
    expect(() => JSON.stringify(error.detail)).not.toThrow();
    expect(statements).toEqual([]);
  });
});

describe('the edges are taken, by SDK and database', () => {
  test.each([
    [
      'keys of 120 characters, of four bytes each',
      { item_network: '🪷'.repeat(120), item_type: 'x'.repeat(120) },
    ],
    ['a key that is not trimmed', { item_type: ' x ' }],
    ['URLs of 1,024 bytes', { item_schema_url: 'é'.repeat(512), item_instance_url: 'x'.repeat(1024) }],
    ['the south pole and the antimeridian', { item_latitude: -90, item_longitude: 180 }],
    ['an id of no version', { item_id: '11111111-1111-1111-1111-111111111111' }],
    ['the id of all zeros', { item_id: '00000000-0000-0000-0000-000000000000' }],
    ['a document of another realm', { item_state: Object.create(null) }],
  ])('%s', async (_, changes) => {
    expect(await asha.items.upsert(student(changes))).toMatchObject(changes);
  });
});

describe('the SDK refuses nothing that the database would take, and takes nothing that it would refuse', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 130 }),
    fc.string({
      unit: fc.constantFrom(...' \t\n\v\f\r\u0085\u00a0\u1680\u2003\u2028\u202f\u205f\u3000\ufeff\u200b'),
      maxLength: 4,
    }),
    fc.string({ unit: fc.constantFrom('a', '🪷', 'é'), minLength: 100, maxLength: 140 }),
  );

  test('keys', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        fc.pre(!text.includes('\0'));
        const [row] = await database.sql`select dpg_private.is_key(${text}) as taken`;
        expect(schemas.key.safeParse(text).success).toBe(row?.taken);
      }),
      { numRuns: 500 },
    );
  });

  test('URLs', async () => {
    const longText = fc.oneof(
      anyText,
      fc.string({ unit: fc.constantFrom('a', 'é', '🪷'), minLength: 300, maxLength: 1100 }),
    );
    await fc.assert(
      fc.asyncProperty(longText, async (text) => {
        fc.pre(!text.includes('\0'));
        const [row] = await database.sql`select dpg_private.is_url(${text}) as taken`;
        expect(schemas.url.safeParse(text).success).toBe(row?.taken);
      }),
      { numRuns: 300 },
    );
  });

  test('domains, alike to the element', async () => {
    const domain = fc.oneof(anyText, fc.constant(null)).filter((text) => !text?.includes('\0'));
    await fc.assert(
      fc.asyncProperty(fc.array(domain, { maxLength: 4 }), fc.boolean(), async (given, isBeside) => {
        const one = isBeside ? 'student' : null;
        const count = { item_network: 'a', item_domain: one, item_domains: given } as never;
        const [bySdk, byDatabase] = await Promise.all([
          dpg.items.count(count).then(
            () => undefined,
            (error) => error.detail,
          ),
          database.sql`select dpg.count_items('a', ${one}, item_domains => ${given})`.then(
            () => undefined,
            (error) => JSON.parse(error.detail),
          ),
        ]);
        if (isBeside)
          expect([bySdk?.argument, byDatabase?.argument]).toEqual(['item_domains', 'item_domains']);
        else expect(bySdk?.index).toBe(byDatabase?.index);
        expect(bySdk?.argument).toBe(byDatabase?.argument);
      }),
      { numRuns: 200 },
    );
  });

  test('documents come back as JSON.stringify would send them', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((s) => !s.includes('\0'));
    const document = fc.dictionary(text, fc.jsonValue({ stringUnit: 'binary' }), { maxKeys: 5 });
    const { item_id } = await asha.items.upsert(student({ item_domain: 'documents' }));
    await fc.assert(
      fc.asyncProperty(document, async (item_state) => {
        fc.pre(!JSON.stringify(item_state).includes('\\u0000'));
        const item = await asha.items.upsert(student({ item_domain: 'documents', item_id, item_state }));
        expect(item.item_state).toEqual(JSON.parse(JSON.stringify(item_state)));
      }),
      { numRuns: 200 },
    );
  });
});

test('the schemas can be described as JSON Schema', () => {
  for (const schema of Object.values(schemas)) {
    expect(z.toJSONSchema(schema, { io: 'input' })).toHaveProperty('$schema');
  }
});

test('a schema makes what would be sent, with its id', () => {
  const { item_state: _, ...least } = student();
  const parsed = schemas.upsertItem.parse(least);
  expect(parsed).toEqual({ ...least, item_state: {}, item_id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
});
