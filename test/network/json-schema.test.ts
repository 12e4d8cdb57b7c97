// JSON Schemas are applied as JSON Schema 2020-12 says; what zod's reader would pass over is refused by its path.

import { expect, test } from 'vitest';
import { InvalidArgumentError } from '../../sdk/index.js';
import { loadNetwork } from '../../sdk/network/index.js';

const load = (schema: unknown) =>
  loadNetwork({ name: 'net', domains: [{ name: 'any', item_schemas: { thing: schema } }] });
const accepts = (schema: unknown, value: unknown) =>
  load(schema).stateSchema('any', 'thing').safeParse(value).success;

test.each<[name: string, schema: unknown, accepted: unknown[], refused: unknown[]]>([
  ['true', true, [{}, { a: 1 }], []],
  ['false', false, [], [{}]],
  ['{}, of a document', {}, [{}, { a: [null] }], [[], 'text', null]],
  ['properties, open', { properties: { a: { type: 'string' } } }, [{}, { a: '' }, { b: 1 }], [{ a: 1 }]],
  ['required', { required: ['a'] }, [{ a: null }], [{}, { b: 1 }]],
  [
    'required, with a schema for the rest',
    { required: ['a'], additionalProperties: { type: 'number' } },
    [{ a: 1 }, { a: 1, b: 2 }],
    [{}, { a: 'x' }],
  ],
  [
    'required with a default',
    { properties: { a: { type: 'string', default: 'x' } }, required: ['a'] },
    [{ a: 'y' }],
    [{}],
  ],
  [
    'additionalProperties: false',
    { properties: { a: true }, additionalProperties: false },
    [{}, { a: 1 }],
    [{ b: 1 }],
  ],
  [
    'patternProperties',
    { patternProperties: { '^n_': { type: 'number' } } },
    [{ n_a: 1, b: 'x' }],
    [{ n_a: 'x' }],
  ],
  ['propertyNames', { propertyNames: { pattern: '^[a-z]+$' } }, [{ ab: 1 }], [{ A: 1 }]],
  [
    'minProperties, maxProperties',
    { minProperties: 1, maxProperties: 2 },
    [{ a: 1 }],
    [{}, { a: 1, b: 2, c: 3 }],
  ],
  [
    'arrays',
    {
      properties: {
        a: { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 3, uniqueItems: true },
      },
    },
    [{ a: [1, 2] }],
    [{ a: [] }, { a: [1, 1] }, { a: [1.5] }, { a: [1, 2, 3, 4] }],
  ],
  [
    'tuples and contains',
    {
      properties: {
        a: { type: 'array', prefixItems: [{ type: 'string' }], items: false },
        b: { type: 'array', contains: { const: 1 } },
      },
    },
    [{ a: ['x'], b: [2, 1] }],
    [{ a: ['x', 'y'] }, { a: [1] }, { b: [2] }],
  ],
  [
    'numbers',
    { properties: { a: { type: 'number', minimum: 0, exclusiveMaximum: 10, multipleOf: 0.5 } } },
    [{ a: 0 }, { a: 9.5 }],
    [{ a: -0.5 }, { a: 10 }, { a: 0.3 }, { a: '1' }],
  ],
  [
    'text',
    { properties: { a: { type: 'string', minLength: 2, maxLength: 3, pattern: 'b' } } },
    [{ a: 'ab' }, { a: 'abc' }],
    [{ a: 'b' }, { a: 'abcd' }, { a: 'aa' }],
  ],
  [
    'formats',
    { properties: { a: { type: 'string', format: 'date' }, b: { type: 'string', format: 'email' } } },
    [{ a: '2026-11-22', b: 'asha@example.com' }],
    [{ a: '22.11.2026' }, { a: '2026-02-30' }, { b: 'asha' }],
  ],
  [
    'an unknown format is a remark',
    { properties: { a: { type: 'string', format: 'name' } } },
    [{ a: 'x' }],
    [{ a: 1 }],
  ],
  [
    'enum and const',
    { properties: { a: { enum: ['x', 1, null] }, b: { const: true } } },
    [{ a: 'x' }, { a: null, b: true }],
    [{ a: 'y' }, { b: false }],
  ],
  [
    'several types',
    { properties: { a: { type: ['string', 'null'] } } },
    [{ a: 'x' }, { a: null }],
    [{ a: 1 }],
  ],
  [
    'anyOf, oneOf, allOf',
    {
      properties: {
        a: { anyOf: [{ type: 'string' }, { type: 'number' }] },
        b: {
          oneOf: [
            { type: 'number', minimum: 2 },
            { type: 'number', maximum: 4 },
          ],
        },
        c: {
          allOf: [
            { type: 'number', minimum: 2 },
            { type: 'number', maximum: 4 },
          ],
        },
      },
    },
    [
      { a: 'x', b: 5, c: 3 },
      { a: 1, b: 1 },
    ],
    [{ a: true }, { b: 3 }, { c: 5 }],
  ],
  [
    '$ref, also to itself',
    {
      type: 'object',
      properties: { a: { $ref: '#/$defs/a~1b' }, next: { $ref: '#' } },
      $defs: { 'a/b': { type: 'number' } },
    },
    [{ a: 1, next: { a: 2, next: {} } }],
    [{ a: 'x' }, { next: { next: { a: 'x' } } }],
  ],
  [
    '$ref, back and forth with a property or an item between',
    {
      properties: { a: { $ref: '#/$defs/a' } },
      $defs: {
        a: { anyOf: [{ type: 'number' }, { $ref: '#/$defs/b' }] },
        b: { type: 'array', items: { $ref: '#/$defs/a' } },
      },
    },
    [{ a: 1 }, { a: [1, [2, []]] }],
    [{ a: 'x' }, { a: [1, ['x']] }],
  ],
  [
    'values of several types',
    {
      properties: {
        a: { type: ['string', 'null'], enum: ['x', null] },
        b: { type: 'integer', const: 2 },
        c: { type: 'boolean', enum: [true] },
      },
    },
    [{ a: 'x', b: 2, c: true }, { a: null }],
    [{ a: 'y' }, { b: 1 }, { c: false }],
  ],
  [
    'the length of arrays, without items',
    { properties: { a: { type: 'array', minItems: 1, maxItems: 2 } } },
    [{ a: [1] }, { a: ['x', null] }],
    [{ a: [] }, { a: [1, 2, 3] }],
  ],
  [
    'names as objects have them by birth, in documents',
    { additionalProperties: { type: 'string' } },
    [{ toString: 'x' }],
    [{ toString: 5 }, JSON.parse('{"__proto__": 5}'), JSON.parse('{"__proto__": "x"}')],
  ],
  [
    '__proto__ at any depth',
    {},
    [{ a: [{ b: {} }] }],
    [JSON.parse('{"__proto__": {}}'), JSON.parse('{"a": [{"__proto__": {}}]}')],
  ],
  ['not: {}', { properties: { a: { not: {} } } }, [{}], [{ a: 1 }]],
])('%s', (_, schema, accepted, refused) => {
  for (const value of accepted) expect([value, accepts(schema, value)]).toEqual([value, true]);
  for (const value of refused) expect([value, accepts(schema, value)]).toEqual([value, false]);
});

test.each<[at: string, schema: unknown]>([
  ['/$schema', { $schema: 'http://json-schema.org/draft-07/schema#' }],
  ['/not', { not: { required: ['a'] } }],
  ['/if', { if: { required: ['a'] } }],
  ['/dependentRequired', { dependentRequired: { a: ['b'] } }],
  ['/unevaluatedProperties', { unevaluatedProperties: false }],
  ['/properties/a/minLength', { properties: { a: { minLength: 1 } } }],
  ['/properties/a/properties', { properties: { a: { properties: {} } } }],
  ['/properties/a/items/required', { properties: { a: { type: 'array', items: { required: ['x'] } } } }],
  ['/properties/a~1b', { properties: { 'a/b': 'string' } }],
  ['/properties', { properties: [] }],
  ['/allOf', { allOf: {} }],
  ['/properties/a/enum', { properties: { a: { enum: [{}] } } }],
  ['/properties/a/const', { properties: { a: { const: [] } } }],
  ['/properties/a/pattern', { properties: { a: { enum: ['x'], pattern: 'y' } } }],
  ['/properties/a/pattern', { properties: { a: { type: 'string', pattern: '^\\p{L}$' } } }],
  ['/patternProperties', { patternProperties: { '^\\p{L}$': { type: 'string' } } }],
  ['/properties/a/format', { properties: { a: { type: 'string', format: 'uri-reference' } } }],
  ['/properties/a/$ref', { properties: { a: { $ref: 'https://example.com/schema.json' } } }],
  ['/properties/a/$ref', { properties: { a: { $ref: '#/$defs/a' } }, $defs: { b: {} } }],
  ['/properties/a/$ref', { properties: { a: { $ref: '#/$defs/a/properties/b' } }, $defs: { a: {} } }],
  ['/properties/a/type', { properties: { a: { $ref: '#/$defs/a', type: 'string' } }, $defs: { a: {} } }],
  ['/additionalProperties', { patternProperties: { a: {} }, additionalProperties: { type: 'string' } }],
  ['/allOf', { allOf: [{ type: 'object', properties: { a: {} }, additionalProperties: false }] }],
  [
    '/anyOf',
    {
      type: 'object',
      anyOf: [{ $ref: '#/$defs/a' }],
      $defs: { a: { type: 'object', additionalProperties: false } },
    },
  ],
  ['/$defs/a/not', { $defs: { a: { not: { type: 'string' } } } }],
  ['/properties/a/type', { properties: { a: { type: 'text' } } }],
  ['/properties/a/type', { properties: { a: { type: ['string', 'text'] } } }],
  ['/properties/a/type', { properties: { a: { type: [] } } }],
  ['/properties/a/type', { properties: { a: { type: null, minLength: 2 } } }],
  ['/required', { required: 'ab' }],
  ['/required', { required: [1] }],
  ['/minProperties', { minProperties: '1' }],
  ['/properties/a/minLength', { properties: { a: { type: 'string', minLength: '2' } } }],
  ['/properties/a/maxItems', { properties: { a: { type: 'array', maxItems: 1.5 } } }],
  ['/properties/a/minimum', { properties: { a: { type: 'number', minimum: '0' } } }],
  ['/properties/a/exclusiveMinimum', { properties: { a: { type: 'number', exclusiveMinimum: true } } }],
  ['/properties/a/multipleOf', { properties: { a: { type: 'number', multipleOf: 0 } } }],
  ['/properties/a/uniqueItems', { properties: { a: { type: 'array', uniqueItems: 'yes' } } }],
  ['/properties/a/pattern', { properties: { a: { type: 'string', pattern: 5 } } }],
  ['/properties/a/format', { properties: { a: { type: 'string', format: ['date'] } } }],
  // values that are not of the type, which would be taken
  ['/properties/a/enum', { properties: { a: { type: 'string', enum: ['a', 1] } } }],
  ['/properties/a/enum', { properties: { a: { type: 'integer', enum: [1.5] } } }],
  ['/properties/a/enum', { properties: { a: { type: ['string', 'null'], enum: ['a', null, false] } } }],
  ['/properties/a/const', { properties: { a: { type: 'number', const: '1' } } }],
  ['/properties/a/const', { properties: { a: { enum: ['a', 'b'], const: 'a' } } }],
  // names that {} has by birth
  ['/required', { required: ['toString'] }],
  ['/properties', { properties: { constructor: { type: 'string' } } }],
  ['/properties', { properties: JSON.parse('{"__proto__": {"type": "string"}}') }],
  ['/properties/a/$ref', { properties: { a: { $ref: '#/$defs/toString' } }, $defs: {} }],
  // schemas that never end
  ['/$ref', { $ref: '#' }],
  ['/allOf/0/$ref', { type: 'object', allOf: [{ $ref: '#' }] }],
  ['/$defs/a/$ref', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } }],
  [
    '/$defs/a/$ref',
    {
      properties: { x: { $ref: '#/$defs/a' } },
      $defs: { a: { $ref: '#/$defs/b' }, b: { oneOf: [{ type: 'string' }, { $ref: '#/$defs/a' }] } },
    },
  ],
  // without a type zod reads one of them
  [
    '/properties/a/allOf',
    { properties: { a: { anyOf: [{ type: 'string' }], allOf: [{ type: 'string', minLength: 2 }] } } },
  ],
  ['/properties/a/not', { properties: { a: { anyOf: [{ type: 'string' }], not: {} } } }],
  [
    '/allOf',
    {
      allOf: [{ $ref: '#/$defs/a' }],
      $defs: { a: { $ref: '#/$defs/b' }, b: { type: 'object', additionalProperties: false } },
    },
  ],
  ['', { properties: { a: { type: 'string', pattern: '(' } } }],
])('%s of %j is refused', (at, schema) => {
  let error: InvalidArgumentError | undefined;
  try {
    load(schema);
  } catch (caught) {
    error = caught as InvalidArgumentError;
  }
  expect(error).toBeInstanceOf(InvalidArgumentError);
  expect(error?.detail).toMatchObject({ argument: 'document', path: `/domains/0/item_schemas/thing${at}` });
  expect(error?.hint).toMatch(/\.$/);
});

test.each([
  ['of any kind', {}],
  ['of a schema within itself', { properties: { next: { $ref: '#' } } }],
])('a document %s has at most 200 levels', (_, schema) => {
  const nested = (levels: number) => {
    let document = {};
    for (let level = 1; level < levels; level++) document = { next: document };
    return document;
  };
  expect(accepts(schema, nested(200))).toBe(true);
  expect(accepts(schema, nested(201))).toBe(false);
  expect(accepts(schema, nested(20_000))).toBe(false);
});

test('what is not checked is refused as a whole, and the message leads there', () => {
  const { error } = load({})
    .stateSchema('any', 'thing')
    .safeParse(JSON.parse('{"a": [0, {"__proto__": 5}]}'));
  expect(error?.issues).toMatchObject([
    { path: [], message: 'A property of this name is not checked: /a/1/__proto__.' },
  ]);
});

test('of an interaction the path leads there', () => {
  const interaction = { from_domain: 'any', to_domain: 'any', event_schema: { if: {} } };
  const document = {
    name: 'net',
    domains: [{ name: 'any', item_schemas: {} }],
    actions: { take: { interactions: [interaction] } },
  };
  expect(() => loadNetwork(document)).toThrow(
    'document at /actions/take/interactions/0/event_schema/if is not read by zod',
  );
});
