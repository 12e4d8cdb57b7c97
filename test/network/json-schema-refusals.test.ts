// Schemas that are refused when they are loaded, and what is said of a document that does not fit one.

import { expect, test } from 'vitest';
import { z } from 'zod';
import { InvalidArgumentError } from '../../sdk/index.js';
import { loadNetwork } from '../../sdk/network/index.js';

const load = (schema: unknown) =>
  loadNetwork({ name: 'net', domains: [{ name: 'any', item_schemas: { thing: schema } }] });
const accepts = (schema: unknown, value: unknown) =>
  load(schema).stateSchema('any', 'thing').safeParse(value).success;

test.each<[at: string, schema: unknown]>([
  ['/$schema', { $schema: 'http://json-schema.org/draft-07/schema#' }],
  ['/$dynamicRef', { $dynamicRef: '#a', $defs: { a: { $dynamicAnchor: 'a' } } }],
  ['/$defs/b/$anchor', { $defs: { a: { $anchor: 'x' }, b: { $anchor: 'x' } } }],
  ['/properties/a~1b', { properties: { 'a/b': 'string' } }],
  ['/properties', { properties: [] }],
  ['/items', { items: [{ type: 'string' }] }],
  ['/allOf', { allOf: {} }],
  ['/allOf', { allOf: [] }],
  ['/allOf/1', { allOf: [true, null] }],
  ['/if', { if: 'x' }],
  ['/dependentRequired/a', { dependentRequired: { a: 'b' } }],
  ['/title', { title: 5 }],
  ['/$ref', { $ref: 5 }],
  ['/properties/a/$ref', { properties: { a: { $ref: 'https://example.com/schema.json' } } }],
  ['/properties/a/$ref', { properties: { a: { $ref: 'https://json-schema.org/draft/2020-12/schema' } } }],
  ['/properties/a/$ref', { properties: { a: { $ref: '#/$defs/a' } }, $defs: { b: {} } }],
  ['/properties/a/$ref', { properties: { a: { $ref: '#/$defs/a/properties/b' } }, $defs: { a: {} } }],
  ['/properties/a/$ref', { properties: { a: { $ref: '#/examples/0' } }, examples: [{}] }],
  ['/properties/a/$ref', { properties: { a: { $ref: '#nowhere' } } }],
  ['', { $defs: { a: { $id: 'x' }, b: { $id: 'x' } } }],
  ['/properties/a/type', { properties: { a: { type: 'text' } } }],
  ['/properties/a/type', { properties: { a: { type: ['string', 'text'] } } }],
  ['/properties/a/type', { properties: { a: { type: [] } } }],
  ['/properties/a/type', { properties: { a: { type: null, minLength: 2 } } }],
  ['/required', { required: 'ab' }],
  ['/required/0', { required: [1] }],
  ['/required', { required: ['a', 'a'] }],
  ['/minProperties', { minProperties: '1' }],
  ['/properties/a/minLength', { properties: { a: { type: 'string', minLength: '2' } } }],
  ['/properties/a/maxItems', { properties: { a: { type: 'array', maxItems: 1.5 } } }],
  ['/properties/a/minimum', { properties: { a: { type: 'number', minimum: '0' } } }],
  ['/properties/a/exclusiveMinimum', { properties: { a: { type: 'number', exclusiveMinimum: true } } }],
  ['/properties/a/multipleOf', { properties: { a: { type: 'number', multipleOf: 0 } } }],
  ['/properties/a/uniqueItems', { properties: { a: { type: 'array', uniqueItems: 'yes' } } }],
  ['/properties/a/pattern', { properties: { a: { type: 'string', pattern: 5 } } }],
  ['/properties/a/format', { properties: { a: { type: 'string', format: ['date'] } } }],
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
  ['/not/$ref', { not: { $ref: '#' } }],
  ['/properties/a/else/$ref', { properties: { a: { if: true, else: { $ref: '#/properties/a' } } } }],
  ['/dependentSchemas/a/$ref', { dependentSchemas: { a: { $ref: '#' } } }],
  ['/properties/a/pattern', { properties: { a: { type: 'string', pattern: '(' } } }],
  // a pattern is read with the flag u
  ['/properties/a/pattern', { properties: { a: { pattern: '\\-' } } }],
  ['/patternProperties/(', { patternProperties: { '(': true } }],
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
])('a document %s is checked down to 400 levels, and one that is too deep is refused', (_, schema) => {
  const nested = (levels: number) => {
    let document = {};
    for (let level = 1; level < levels; level++) document = { next: document };
    return document;
  };
  expect(accepts(schema, nested(400))).toBe(true);
  const { error } = load(schema).stateSchema('any', 'thing').safeParse(nested(200_000));
  expect(error?.issues).toMatchObject([{ path: [], message: expect.stringContaining('nested too deep') }]);
});

test.each<[schema: unknown, value: object, path: unknown[], hint: RegExp]>([
  [{ properties: { a: { type: 'string' } } }, { a: 1 }, ['a'], /Expected "string"/],
  [{ required: ['a b"c'] }, {}, ['a b"c'], /required/],
  [
    { properties: { 'a/~b %#': { items: { minimum: 1 } } } },
    { 'a/~b %#': [1, 0] },
    ['a/~b %#', 1],
    /less than 1/,
  ],
  [{ properties: { a: { anyOf: [{ type: 'string' }, { minimum: 5 }] } } }, { a: 1 }, ['a'], /any subschemas/],
  [{ dependentRequired: { a: ['b'] } }, { a: 1 }, ['b'], /"a" but does not have "b"/],
  [
    { allOf: [{ $ref: '#/$defs/x' }], $defs: { x: { properties: { a: { const: 1 } } } } },
    { a: 2 },
    ['a'],
    /match 1/,
  ],
  [{ propertyNames: { maxLength: 1 } }, { ok: 1 }, ['ok'], /Property name "ok"/],
  [{ properties: { a: { contains: { const: 1 } } } }, { a: [2] }, ['a'], /contain/],
])('of %j the flaw of %j is named', (schema, value, path, hint) => {
  const { error } = load(schema).stateSchema('any', 'thing').safeParse(value);
  expect(error?.issues).toMatchObject([{ path, message: expect.stringMatching(hint) }]);
});

test('a property that is not allowed is unknown', () => {
  for (const keyword of ['additionalProperties', 'unevaluatedProperties']) {
    const schema = { properties: { inner: { properties: { a: true }, [keyword]: false } } };
    const { error } = load(schema)
      .stateSchema('any', 'thing')
      .safeParse({ inner: { a: 1, b: 2 } });
    expect(error?.issues).toMatchObject([{ code: 'unrecognized_keys', path: ['inner'], keys: ['b'] }]);
  }
});

test('a schema that is changed after it was loaded, or is frozen, is the one that was loaded', () => {
  const schema = { properties: { a: { type: 'string' } } };
  const before = structuredClone(schema);
  const stateSchema = load(schema).stateSchema('any', 'thing');
  expect(schema).toEqual(before);
  schema.properties.a.type = 'number';
  expect(stateSchema.safeParse({ a: 'x' }).success).toBe(true);
  expect(accepts(Object.freeze({ properties: Object.freeze({}) }), {})).toBe(true);
  expect(z.toJSONSchema(stateSchema, { unrepresentable: 'any' })).toMatchObject(before);
});

test('of an interaction the path leads there', () => {
  const interaction = { from_domain: 'any', to_domain: 'any', event_schema: { if: 1 } };
  const document = {
    name: 'net',
    domains: [{ name: 'any', item_schemas: {} }],
    actions: { take: { interactions: [interaction] } },
  };
  expect(() => loadNetwork(document)).toThrow(
    'document at /actions/take/interactions/0/event_schema/if is not of JSON Schema',
  );
});
