// JavaScript has no compiler to refuse an argument: every method that is called with nothing, null or another type refuses it
// as InvalidArgumentError, which names the argument, and nothing is sent.

import { inspect } from 'node:util';
import { drizzle } from 'drizzle-orm/postgres-js';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  ensureActionEventPartition,
  ensureActionPartition,
  ensureItemPartition,
} from '../../sdk/drizzle/index.js';
import { createDpg, eventText, InvalidArgumentError } from '../../sdk/index.js';
import { migrate, migrationStatus } from '../../sdk/migrate/index.js';
import { loadNetwork, withNetwork } from '../../sdk/network/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, noting } from './story.js';

type Method = (...given: unknown[]) => unknown;

const database = await testDatabase();
const statements: string[] = [];
const sql = database.connect(noting(statements));
const dpg = createDpg(sql);
const network = loadNetwork({
  name: 'yellow_dot',
  domains: [{ name: 'student', item_schemas: { 'profile_1.0': true } }],
});
const held = withNetwork(dpg, network);
const db = drizzle(database.connect());

beforeAll(() => addUsers(database.sql, 'asha'));

const WRONG = [
  undefined,
  null,
  7,
  7n,
  Number.NaN,
  'text',
  true,
  [],
  [7],
  {},
  { bogus: 1 },
  new Date(),
  new Map(),
  Promise.resolve({}),
  () => 7,
  Symbol('s'),
];
const ref = {
  item_network: 'yellow_dot',
  item_domain: 'student',
  item_type: 'profile_1.0',
  item_id: '00000000-0000-4000-8000-000000000001',
};
const action = {
  partition_network: 'yellow_dot',
  action_type: 'connect',
  action_id: '00000000-0000-4000-8000-000000000002',
};

/** What takes more than one argument: valid ones, of which each in turn is a wrong one. */
const SEVERAL: Record<string, unknown[]> = {
  'items.update': [ref, { changes: { item_state: {} } }],
  'items.upsertMany': [[], {}],
  'items.setStatus': [ref, { item_status: 'paused' }],
  'actions.transition': [action, { action_status: 'accepted' }],
};

/** What may be left out, or be empty. */
const ALLOWED: Record<string, unknown[]> = {
  // what is wrong with an element is its result
  'actions.transitionMany': [[7]],
  'actions.find': [undefined, {}],
  'actions.counts': [undefined, {}],
  'actions.itemCounts': [[]],
  'events.find': [undefined, {}],
  'items.upsertMany': [undefined, [], {}],
  'items.getMany': [[]],
  'items.own': [undefined, {}],
  'subscriptions.list': [undefined, {}],
  'subscriptions.failures': [undefined, {}],
  'subscriptions.peers': WRONG, // it takes none
  'partitions.list': [undefined, {}],
  'networks.register': [{}, { bogus: 1 }], // a document, which the database reads
  'networks.list': [undefined, {}],
  'events.storeText': ['text'], // text that is no JSON: the database says so
};

/** Of one network: a search of everything in it. */
const ALLOWED_OF_NETWORK: Record<string, unknown[]> = { ...ALLOWED, 'items.find': [{}], 'items.count': [{}] };

function isAllowed(allowed: Record<string, unknown[]>, name: string, value: unknown): boolean {
  return (allowed[name] ?? []).some((one) => Object.is(one, value) || inspect(one) === inspect(value));
}

function methodsOf(subjects: object): [string, Method][] {
  return Object.entries(subjects).flatMap(([subject, methods]) =>
    typeof methods !== 'object' || methods === null || subject === 'network'
      ? []
      : Object.entries(methods).flatMap(([name, method]): [string, Method][] =>
          typeof method === 'function' ? [[`${subject}.${name}`, method as Method]] : [],
        ),
  );
}

async function refusalOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return 'no refusal';
}

/** What is wrong with the refusal of a wrong argument; undefined when all is well. */
async function mistake(call: () => unknown): Promise<string | undefined> {
  const before = statements.length;
  const error = await refusalOf(call);
  if (!(error instanceof InvalidArgumentError)) return inspect(error).split('\n')[0];
  const argument = error.detail?.argument;
  if (!argument || argument === 'argument') return `names no argument: ${error.message}`;
  if (!error.message.startsWith(argument) || !error.hint) return `does not say which: ${error.message}`;
  return statements.length > before ? 'sent a statement' : undefined;
}

async function mistakesOf(
  methods: [string, Method][],
  allowed: Record<string, unknown[]>,
): Promise<string[]> {
  const found: string[] = [];
  for (const [name, method] of methods) {
    const valid = SEVERAL[name] ?? [undefined];
    for (const position of valid.keys()) {
      for (const value of WRONG) {
        if (isAllowed(allowed, name, value)) continue;
        const given = valid.map((argument, index) => (index === position ? value : argument));
        const flaw = await mistake(() => method(...given));
        if (flaw !== undefined)
          found.push(`${name}(${given.map((argument) => inspect(argument)).join(', ')}): ${flaw}`);
      }
    }
  }
  return found;
}

describe('every method of', () => {
  test.each([
    ['dpg', () => methodsOf(dpg), 18, ALLOWED],
    ['dpg.as(actor)', () => methodsOf(dpg.as('asha')), 10, ALLOWED],
    ['dpg.with(sql)', () => methodsOf(dpg.with(sql)), 18, ALLOWED],
    ['withNetwork(dpg)', () => methodsOf(held), 18, ALLOWED_OF_NETWORK],
    ['withNetwork(dpg).as(actor)', () => methodsOf(held.as('asha')), 10, ALLOWED_OF_NETWORK],
  ])('%s', async (_, methods, least, allowed) => {
    expect(methods().length).toBeGreaterThan(least);
    expect(await mistakesOf(methods(), allowed)).toEqual([]);
  });

  test('the other functions', async () => {
    const partition: Method[] = [
      ensureItemPartition,
      ensureActionPartition,
      ensureActionEventPartition,
    ] as never;
    const end = createDpg('postgres://127.0.0.1:1/x').end as Method;
    const isNoOption = (value: unknown) =>
      ![undefined, '{}', '{ bogus: 1 }', '[Function (anonymous)]'].includes(
        value === undefined ? undefined : inspect(value),
      );
    const calls: [string, (value: unknown) => unknown, (value: unknown) => boolean][] = [
      ['createDpg', (value) => createDpg(value as never), (value) => value !== 'text'],
      [
        'its options',
        (value) => createDpg(sql, value as never),
        (value) => (typeof value !== 'object' ? value !== undefined : value === null || Array.isArray(value)),
      ],
      ['numbers', (value) => createDpg(sql, { numbers: value } as never), (value) => value !== undefined],
      ['as', (value) => dpg.as(value as never), (value) => value !== 'text'],
      ['with', (value) => dpg.with(value as never), () => true],
      ['end', (value) => end(value), (value) => isNoOption(value)],
      ['eventText', (value) => eventText(value as never), () => true],
      ['migrate', (value) => migrate(value as never), (value) => value !== 'text'],
      [
        'migrate, its options',
        (value) => migrate(database.url, value as never),
        (value) => isNoOption(value) && inspect(value) !== '{}',
      ],
      ['migrationStatus', (value) => migrationStatus(value as never), () => true],
      ...partition.flatMap((ensure): [string, (value: unknown) => unknown, (value: unknown) => boolean][] => [
        [`${ensure.name}, db`, (value) => ensure(value, 'yellow_dot', 'student'), () => true],
        [`${ensure.name}, network`, (value) => ensure(db, value, 'student'), (value) => value !== 'text'],
        [`${ensure.name}, key`, (value) => ensure(db, 'yellow_dot', value), (value) => value !== 'text'],
      ]),
    ];
    const found: string[] = [];
    for (const [name, call, isWrong] of calls) {
      for (const value of WRONG.filter(isWrong)) {
        const flaw = await mistake(() => call(value));
        if (flaw !== undefined) found.push(`${name}(${inspect(value)}): ${flaw}`);
      }
    }
    expect(found).toEqual([]);
  });
});

describe('without a connection string', () => {
  test.each([
    ['undefined', undefined],
    ['null', null],
    ['an empty text', ''],
  ])('%s: whether DATABASE_URL is set', async (got, url) => {
    const expected = {
      name: 'InvalidArgumentError',
      code: 'DP001',
      message: `url is missing: got ${got}: is DATABASE_URL set?`,
      detail: { argument: 'url', value: null },
      hint: expect.stringContaining('postgres://user:password@host:5432/database'),
    };
    expect(await refusalOf(() => createDpg(url as never))).toMatchObject(expected);
    expect(await refusalOf(() => migrate(url as never))).toMatchObject(expected);
  });

  test('one that cannot be read is not repeated, since it may hold a password', async () => {
    for (const url of ['postgres://me:geheim@[127.0.0.1:5432/x', 'postgres://me:ge%heim@127.0.0.1/x'])
      for (const call of [() => createDpg(url), () => migrate(url)]) {
        const error = await refusalOf(call);
        expect(error).toMatchObject({ name: 'InvalidArgumentError', message: 'url cannot be read' });
        expect(inspect(error, { showHidden: true, depth: 9 })).not.toMatch(/ge%?heim/);
      }
  });
});

test('a search that names no network, or one domain and several, is told what a search names', async () => {
  const circle = { latitude: 1, longitude: 1, radius_meters: 1 };
  const { find, count, nearest, search: byWords, map, facets } = dpg.items;
  for (const [search, others] of [
    [find, circle],
    [count, circle],
    [nearest, circle],
    [byWords, { search: 'a' }],
    [map, { south: 1, west: 1, north: 1, east: 1 }],
    [facets, { fields: [] }],
  ] as [Method, object][]) {
    expect(await refusalOf(() => search({ item_domain: 'student', ...others }))).toMatchObject({
      message: 'item_network is missing',
      hint: 'Every search names its network: pass item_network.',
    });
    expect(
      await refusalOf(() => search({ item_network: 'a', item_domain: 'b', item_domains: ['c'], ...others })),
    ).toMatchObject({
      message: "item_domains is refused: [ 'c' ]",
      hint: 'Pass item_domain for one domain, item_domains for several, or neither for all domains of the network.',
    });
    expect(await refusalOf(() => search())).toMatchObject({
      message: 'filter is missing',
      detail: { argument: 'filter', value: null },
    });
  }
});

describe('a method that is looked for in the wrong place says where it is', () => {
  const surface = dpg as unknown as Record<string, Record<string, Method>>;
  const actor = dpg.as('asha') as unknown as typeof surface;

  test.each([
    'items.upsert',
    'items.upsertMany',
    'items.update',
    'items.delete',
    'items.setStatus',
    'items.own',
    'actions.perform',
    'actions.transition',
    'actions.get',
    'actions.find',
    'events.find',
  ])('dpg.%s takes an actor', async (name) => {
    const [subject = '', method = ''] = name.split('.');
    expect(await refusalOf(() => surface[subject]?.[method]?.({}))).toMatchObject({
      name: 'InvalidArgumentError',
      message: `${name} takes an actor`,
      detail: { argument: 'actor', value: null },
      hint: `It is done on behalf of a user: dpg.as(actor).${name}(...)`,
    });
    expect(Object.keys(surface[subject] ?? {})).not.toContain(method);
  });

  test.each([
    ['events', 'find'],
    ['items', 'own'],
  ])('iterated as well: %s.%s', async (subject, method) => {
    const iterate = async () => {
      const found = surface[subject]?.[method]?.({}) as AsyncIterable<unknown>;
      for await (const _ of found) throw new Error('a row');
    };
    expect(await refusalOf(iterate)).toMatchObject({ message: `${subject}.${method} takes an actor` });
  });

  test.each([
    'items.define',
    'items.defineSearch',
    'items.refreshSearch',
    'actions.define',
    'actions.receive',
    'actions.receiveTransition',
    'events.store',
    'events.storeText',
  ])('dpg.as(actor).%s takes none', async (name) => {
    const [subject = '', method = ''] = name.split('.');
    expect(await refusalOf(() => actor[subject]?.[method]?.({}))).toMatchObject({
      message: `${name} takes no actor`,
      hint: `It is done on behalf of no user of this instance: dpg.${name}(...)`,
    });
  });
});
