// A network written in TypeScript is the document that it would be as JSON.

import { expect, test } from 'vitest';
import { z } from 'zod';
import { createDpg, InvalidArgumentError } from '../../sdk/index.js';
import { defineNetwork, loadNetwork } from '../../sdk/network/index.js';
import { testDatabase } from '../support/test-database.js';
import yellowDotDocument from './yellow_dot.json' with { type: 'json' };
import { yellowDot } from './yellow-dot.js';

const database = await testDatabase();

test('its document has JSON Schemas of what is given', () => {
  const network = defineNetwork({
    name: 'net',
    domains: [
      {
        name: 'any',
        item_schemas: {
          thing: z.object({
            name: z.string(),
            count: z.int().min(0).default(1),
            text: z.string().transform(Number),
          }),
          closed: z.strictObject({ name: z.string().optional() }),
        },
      },
    ],
    actions: {
      take: { interactions: [{ from_domain: 'any', to_domain: 'any', event_schema: z.object({}) }] },
    },
  });
  const $schema = 'https://json-schema.org/draft/2020-12/schema';
  expect(network.toJSON()).toEqual({
    name: 'net',
    domains: [
      {
        name: 'any',
        item_schemas: {
          thing: {
            $schema,
            type: 'object',
            properties: {
              name: { type: 'string' },
              count: { type: 'integer', minimum: 0, maximum: 9007199254740991, default: 1 },
              text: { type: 'string' },
            },
            required: ['name', 'text'],
          },
          closed: {
            $schema,
            type: 'object',
            properties: { name: { type: 'string' } },
            additionalProperties: false,
          },
        },
      },
    ],
    actions: {
      take: {
        interactions: [
          { from_domain: 'any', to_domain: 'any', event_schema: { $schema, type: 'object', properties: {} } },
        ],
      },
    },
  });
  expect(JSON.parse(JSON.stringify(network))).toEqual(network.document);
});

test('loaded again it says the same, and the database enforces the same', async () => {
  const loaded = loadNetwork(JSON.parse(JSON.stringify(yellowDot)));
  const schemas = [
    yellowDot.stateSchema('student', 'profile_1.0'),
    loaded.stateSchema('student', 'profile_1.0'),
  ];
  for (const [value, fits] of [
    [{ name: 'Asha', goal: 'board_exam', grade: 9 }, true],
    [{ name: 'Asha', grade: 13 }, false],
    [{ goal: 'board_exam' }, false],
  ] as const)
    expect(schemas.map((schema) => schema.safeParse(value).success)).toEqual([fits, fits]);

  const dpg = createDpg(database.sql);
  await dpg.networks.register(yellowDot);
  const [written] = await dpg.networks.list();
  await dpg.networks.register(yellowDotDocument);
  const [given] = await dpg.networks.list();
  expect(written?.item_types).toEqual(given?.item_types);
  expect(written?.interactions).toEqual(given?.interactions);
  expect(given?.item_types).toEqual({ student: ['profile_1.0'], tutor: ['offer_1.0', 'profile_1.0'] });
});

const thing = (schema: unknown) => () =>
  defineNetwork({ name: 'net', domains: [{ name: 'any', item_schemas: { thing: schema as z.ZodType } }] });

test.each<[path: string, define: () => unknown]>([
  ['/domains/0/item_schemas/thing/properties/born', thing(z.object({ born: z.date() }))],
  ['/domains/0/item_schemas/thing/properties/all/items', thing(z.object({ all: z.array(z.bigint()) }))],
  ['/domains/0/item_schemas/thing', thing({ type: 'object' })],
  ['/domains/0/item_schemas/thing', thing(undefined)],
  ['/domains', () => defineNetwork({ name: 'net' } as never)],
  ['/name', () => defineNetwork({ domains: [] } as never)],
  [
    '/actions/take/interactions/0/to_domain',
    () =>
      defineNetwork({
        name: 'net',
        domains: [{ name: 'any', item_schemas: {} }],
        actions: { take: { interactions: [{ from_domain: 'any', to_domain: 'other' }] } },
      }),
  ],
])('what is no network document is refused at %s', (path, define) => {
  let error: InvalidArgumentError | undefined;
  try {
    define();
  } catch (caught) {
    error = caught as InvalidArgumentError;
  }
  expect(error).toBeInstanceOf(InvalidArgumentError);
  expect(error?.detail).toMatchObject({ argument: 'document', path });
});
