// SDK and database take the same documents, and refuse the same by the same path.

import { expect, test } from 'vitest';
import { createDpg, InvalidArgumentError } from '../../sdk/index.js';
import { loadNetwork, withNetwork } from '../../sdk/network/index.js';
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
  [`${connect}/to_itmes`, ['profile_1.0']],
  [`${connect}/fromDomain`, 'student'],
  [`${connect}/o_network`, 'x'],
  [`${connect}/to_domains`, 'x'],
  ['/id', 'green_dot'],
  ['/domains/0/id', null],
  ['/domains/0', { id: '', item_schemas: {} }, '/domains/0/id'],
  ['/domains/0', { id: 'tutor', item_schemas: {} }, '/domains/1/name'],
  ['/instances/0/domain_id', 'tutor'],
  ['/instances/0', { domain_id: 'school', instance_url: 'https://a.example.com' }, '/instances/0/domain_id'],
  [`${vouch}/from_items`, 'profile_1.0'],
  [`${vouch}/to_items`, ['offer_1.0', 3], `${vouch}/to_items/1`],
  [`${vouch}/to_items`, ['offer_2.0'], `${vouch}/to_items/0`],
  [`${connect}/requirement_schema`, []],
  [`${connect}/event_schema`, 'object'],
  [connect, { from_domian: 'student', to_domain: 'tutor' }, `${connect}/from_domian`],
  [connect, { from_domain: 'student', todomain: 'tutor' }, `${connect}/todomain`],
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
    item_fields: { any: {} },
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

/** A network as those in use have it, and the same as we write it. */
const inUse = {
  id: 'in_use',
  max_actions_per_pair: 2,
  domains: [
    { id: 'seeker', item_schemas: { profile: true } },
    { id: 'provider', name: 'provider', item_schemas: { job: {} } },
  ],
  instances: [
    { domain_id: 'seeker', instance_url: 'https://seek.example.com' },
    {
      domain_id: 'provider',
      instance_url: 'https://give.example.com',
      custom_item_schema_urls: { 'job "2"': 'https://give.example.com/job.json' },
    },
  ],
  actions: {
    apply: {
      interactions: [
        {
          from_domain: 'seeker',
          from_items: [],
          to_domain: 'provider',
          to_items: ['job', 'job "2"'],
          metric_categories: { accept: ['accepted'] },
          reveals_pii_on_status: ['accepted'],
          requirements: 'kept',
          from: 'kept',
        },
      ],
    },
  },
};

test('a document of a network in use is taken by both; what only an instance declares is a warning', async () => {
  const notices: { severity?: string; message?: string; hint?: string }[] = [];
  const listening = createDpg(database.connect({ max: 1, onnotice: (notice) => notices.push(notice) }));
  const network = loadNetwork(inUse);
  expect(network.name).toBe('in_use');
  expect(network.document).toEqual(inUse);
  await listening.networks.register(network);
  expect(notices.map(({ severity, message, hint }) => [severity, message, hint])).toEqual([
    [
      'WARNING',
      `document at /actions/apply/interactions/0/to_items/1: no schema of domain 'provider' declares item type 'job "2"': it takes no part in actions`,
      'Only an instance has a schema of it. Add the item type to the item_schemas of the domain.',
    ],
  ]);
  const [registered] = await dpg.networks.list({ network: 'in_use' });
  expect(registered?.document).toEqual(inUse);

  // both refuse the type when it is used, and take the one beside it
  const place = { item_instance_url: 'https://in-use.example.com', item_schema_url: 'https://s.example.com' };
  await database.sql`insert into "user" (id, name, email) values ('asha', 'Asha', 'asha@example.com')`;
  const held = withNetwork(dpg, network).as('asha');
  const seeker = await held.items.upsert({ ...place, item_domain: 'seeker', item_type: 'profile' });
  const job = await held.items.upsert({ ...place, item_domain: 'provider', item_type: 'job' });
  const other = { ...place, item_network: 'in_use', item_domain: 'provider', item_type: 'job "2"' };
  for (const refused of [() => held.items.upsert(other), () => dpg.as('asha').items.upsert(other)])
    await expect(refused()).rejects.toMatchObject({ code: 'DP014', detail: { undeclared: 'item_type' } });
  for (const actions of [held.actions, dpg.as('asha').actions]) {
    await expect(
      actions.perform({
        action_type: 'apply',
        source: seeker,
        target: { ...job, item_type: 'job "2"' },
      }),
    ).rejects.toMatchObject({ code: 'DP014', detail: { undeclared: 'interaction' } });
    await actions.perform({ action_type: 'apply', source: seeker, target: job });
  }
  await dpg.networks.unregister({ network: 'in_use' });
});

/** Every way to change a name in one place: a character added, taken away, replaced. */
function* changedNames(name: string): Generator<string> {
  const letters = [...name];
  for (let at = 0; at <= letters.length; at += 1)
    for (const [added, taken] of [
      ['é', 0],
      ['', 1],
      ['😀', 1],
    ] as const)
      yield letters.toSpliced(at, taken, added).join('');
}

test('both refuse the same misspelt fields, and keep the same unknown ones', async () => {
  const known = ['from_network', 'from_domain', 'from_items', 'to_network', 'to_domain', 'to_items'];
  const once = known.flatMap((name) => [...changedNames(name)]);
  const unknown = [
    'from',
    'to',
    'items',
    'from_item_ids',
    'to_place',
    'requirements_schema',
    'from_',
    '',
    'form',
  ];
  // two and three changes, a different place each time
  const twice = once
    .filter((_, index) => index % 7 === 0)
    .flatMap((name) => [[...changedNames(name)][4] ?? name]);
  const thrice = twice.map((name) => `${name}zz`);
  let refused = 0;
  for (const field of new Set([...once, ...twice, ...thrice, ...unknown])) {
    if (known.includes(field)) continue;
    const document = changed(`${connect}/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`, ['x']);
    const here = await hintOf(async () => loadNetwork(document));
    const there = await hintOf(async () => {
      await database.sql`select dpg_private.check_network_actions(
        ${JSON.stringify(document)}::text::jsonb, dpg_private.network_item_types(${JSON.stringify(document)}::text::jsonb)
      )`;
    });
    expect(there, field).toBe(here);
    if (here) refused += 1;
    else expect([...thrice, ...unknown], field).toContain(field);
  }
  expect(refused).toBeGreaterThan(150);
});

async function hintOf(call: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return (error as { hint: string }).hint;
  }
}

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
