// SDK and database take the same documents, and refuse the same by the same path.

import { expect, test } from 'vitest';
import { createDpg, InvalidArgumentError } from '../../sdk/index.js';
import { loadNetwork } from '../../sdk/network/index.js';
import { errorOf } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';
import yellowDot from './yellow_dot.json' with { type: 'json' };

const database = await testDatabase();
const dpg = createDpg(database.sql);

/** The document with another value at the path; undefined takes it away. */
function changed(path: string, value: unknown): unknown {
  const document = structuredClone(yellowDot) as object;
  const steps = path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = steps.pop() as string;
  const parent = steps.reduce((outer, step) => (outer as Record<string, object>)[step] as object, document);
  if (value === undefined) delete (parent as Record<string, unknown>)[last];
  else (parent as Record<string, unknown>)[last] = value;
  return document;
}

const connect = '/actions/connect/interactions/0';
const vouch = '/actions/refer/interactions/1';

test.each<[path: string, value: unknown, refusedAt?: string]>([
  ['/name', undefined],
  ['/name', 7],
  ['/name', '\u3000'],
  ['/name', 'x'.repeat(121)],
  ['/domains', undefined],
  ['/domains', {}],
  ['/domains/1', 'tutor'],
  ['/domains/1/name', undefined],
  ['/domains/1/name', 'student'],
  ['/domains/0/item_schemas', undefined],
  ['/domains/0/item_schemas', []],
  ['/domains/0/item_schemas/ ', {}],
  ['/domains/0/item_schemas/a~1b~0c', 'object'],
  ['/domains/0/item_schemas/profile_1.0', null],
  ['/instances', null],
  ['/instances', {}],
  ['/instances/1', 'https://tutor.yellowdot.example.com'],
  ['/instances/1/domain_name', undefined],
  ['/instances/1/domain_name', 'school'],
  ['/instances/1/instance_url', ''],
  ['/actions', []],
  ['/actions/', { interactions: [] }],
  ['/actions/connect', null],
  ['/actions/connect/interactions', undefined],
  ['/actions/connect/interactions', {}],
  [connect, 'student'],
  [`${connect}/from_item`, ['profile_1.0']],
  [`${connect}/from_domain`, undefined],
  [`${connect}/from_domain`, 'school'],
  [`${connect}/to_domain`, 'school'],
  [`${connect}/from_network`, ''],
  [`${connect}/to_network`, null],
  [`${vouch}/from_items`, []],
  [`${vouch}/from_items`, 'profile_1.0'],
  [`${vouch}/to_items`, ['offer_1.0', 3], `${vouch}/to_items/1`],
  [`${vouch}/to_items`, ['offer_2.0'], `${vouch}/to_items/0`],
  [`${connect}/requirement_schema`, []],
  [`${connect}/event_schema`, 'object'],
  [connect, { from_network: 'a', from_domain: 'b', to_network: 'c', to_domain: 'd' }],
])('%s: %j', async (path, value, refusedAt = path) => {
  const document = changed(path, value);
  const errors = [
    await errorOf((async () => loadNetwork(document))()),
    await errorOf(dpg.networks.register(document as never)),
  ] as InvalidArgumentError[];
  for (const error of errors) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.detail).toMatchObject({ argument: 'document', path: refusedAt });
    expect(error.message).toContain(`document at ${refusedAt} `);
    expect(error.hint).toMatch(/\.$/);
  }
  expect(errors[0]?.detail?.value).toEqual(errors[1]?.detail?.value);
  expect(errors[0]?.message.split(':')[0]).toBe(errors[1]?.message.split(':')[0]);
  expect(await dpg.networks.list()).toEqual([]);
});

test.each([[null], ['yellow_dot'], [[yellowDot]]])(
  'what is no object is no document: %j',
  async (document) => {
    const errors = [
      await errorOf((async () => loadNetwork(document))()),
      await errorOf(dpg.networks.register(document as never)),
    ] as InvalidArgumentError[];
    for (const error of errors) {
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(error.detail?.argument).toBe('document');
    }
  },
);

test('what may be left out, and what is not read, is no reason to refuse a document', async () => {
  const document = {
    name: 'small',
    title: 'A network of one domain',
    domains: [{ name: 'any', description: 'Everything', item_schemas: { thing: true } }],
    actions: {
      take: { interactions: [{ from_domain: 'any', to_domain: 'any' }] },
      never: { interactions: [] },
    },
  };
  expect(loadNetwork(document).document).toEqual(document);
  await dpg.networks.register(document);
  const [registered] = await dpg.networks.list({ network: 'small' });
  expect(registered).toEqual({
    network: 'small',
    document,
    item_types: { any: ['thing'] },
    interactions: {
      take: [
        {
          ...{ from_network: 'small', from_domain: 'any', from_items: ['thing'] },
          ...{ to_network: 'small', to_domain: 'any', to_items: ['thing'] },
        },
      ],
      never: [],
    },
    registered_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
  });
  expect(await dpg.networks.unregister({ network: 'small' })).toBe(true);
  expect(await dpg.networks.unregister({ network: 'small' })).toBe(false);
  expect(await dpg.networks.list()).toEqual([]);
});

test('a document that is changed after it was loaded changes nothing', () => {
  const document = structuredClone(yellowDot);
  const network = loadNetwork(document);
  document.domains.pop();
  expect(network.document).toEqual(yellowDot);
});

test('only dpg_admin registers', async () => {
  const app = createDpg(database.connect({ role: 'dpg_app', max: 1 }));
  await expect(app.networks.register(yellowDot)).rejects.toMatchObject({ code: '42501' });
  await expect(app.networks.unregister({ network: 'yellow_dot' })).rejects.toMatchObject({ code: '42501' });
  expect(await app.networks.list()).toEqual([]);
  const admin = createDpg(database.connect({ role: 'dpg_admin', max: 1 }));
  await admin.networks.register(yellowDot);
  expect((await app.networks.list()).map(({ network }) => network)).toEqual(['yellow_dot']);
});
