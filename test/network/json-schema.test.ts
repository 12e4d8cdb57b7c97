// JSON Schemas are applied as JSON Schema 2020-12 says; what is no schema, or not supported, is refused by its path. The
// official suite is in json-schema-suite.test.ts.

import { expect, test } from 'vitest';
import { z } from 'zod';
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
    [{ toString: 'x' }, JSON.parse('{"__proto__": "x"}')],
    [{ toString: 5 }, JSON.parse('{"__proto__": 5}')],
  ],
  [
    'and in schemas',
    {
      required: ['toString'],
      properties: JSON.parse('{"__proto__": {"type": "string"}, "constructor": {"type": "number"}}'),
      additionalProperties: { type: 'boolean' },
    },
    [{ toString: true }, JSON.parse('{"toString": true, "__proto__": "x", "constructor": 1}')],
    [
      {},
      { toString: 1 },
      JSON.parse('{"toString": true, "__proto__": 5}'),
      JSON.parse('{"toString": true, "constructor": "x"}'),
    ],
  ],
  ['not', { not: { required: ['a'] }, properties: { b: { not: {} } } }, [{}, { c: 1 }], [{ a: 1 }, { b: 1 }]],
  [
    'if, then, else',
    {
      if: { properties: { kind: { const: 'person' } }, required: ['kind'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword
      then: { required: ['name'] },
      else: { required: ['title'] },
    },
    [{ kind: 'person', name: 'Asha' }, { kind: 'book', title: 'x' }, { title: 'x' }],
    [{ kind: 'person', title: 'x' }, { kind: 'book' }, {}],
  ],
  [
    'dependentRequired and dependentSchemas',
    {
      dependentRequired: { card: ['address'] },
      dependentSchemas: { grade: { properties: { school: { type: 'string' } }, required: ['school'] } },
    },
    [{}, { card: 1, address: 'x' }, { grade: 9, school: 'x' }],
    [{ card: 1 }, { grade: 9 }, { grade: 9, school: 1 }],
  ],
  [
    'unevaluatedProperties over allOf and $ref',
    {
      allOf: [{ $ref: '#/$defs/named' }],
      properties: { b: true },
      unevaluatedProperties: false,
      $defs: { named: { properties: { name: { type: 'string' } } } },
    },
    [{}, { name: 'x', b: 1 }],
    [{ c: 1 }, { name: 1 }],
  ],
  [
    'unevaluatedItems, contains with its bounds',
    {
      properties: {
        a: { prefixItems: [{ type: 'string' }], contains: { type: 'number' }, unevaluatedItems: false },
        b: { contains: { const: 1 }, minContains: 2, maxContains: 3 },
      },
    },
    [{ a: ['x', 1], b: [1, 2, 1] }],
    [{ a: ['x', 1, true] }, { b: [1] }, { b: [1, 1, 1, 1] }],
  ],
  [
    '$ref with siblings, at any depth, and by $anchor and $id',
    {
      $id: 'https://schemas.example.com/thing.json',
      properties: {
        short: { $ref: '#/$defs/text', maxLength: 3 },
        inner: { $ref: '#/properties/short' },
        named: { $ref: '#text' },
        whole: { $ref: 'https://schemas.example.com/thing.json' },
        other: { $ref: 'other.json' },
      },
      $defs: {
        text: { $anchor: 'text', type: 'string' },
        other: { $id: 'other.json', type: 'number' },
      },
    },
    [{ short: 'abc', inner: 'x', named: 'abcd', whole: { short: 'x' }, other: 1 }],
    [
      { short: 'abcd' },
      { short: 1 },
      { inner: 'abcd' },
      { named: 1 },
      { whole: { short: 1 } },
      { other: 'x' },
    ],
  ],
  [
    'keywords without a type beside them, on values of another type too',
    {
      properties: {
        a: { minLength: 2, minimum: 5, minItems: 1, required: ['x'] },
        b: { anyOf: [{ minLength: 2 }], allOf: [{ maxLength: 3 }], oneOf: [true], not: { const: 'no!' } },
      },
    },
    [{ a: 'xy' }, { a: 5 }, { a: [0] }, { a: { x: 1 } }, { a: null }, { b: 'abc' }],
    [{ a: 'x' }, { a: 4 }, { a: [] }, { a: {} }, { b: 'a' }, { b: 'abcd' }, { b: 'no!' }],
  ],
  [
    'values of enum and const of any kind and beside anything',
    {
      properties: {
        a: { enum: [{ x: [1, { y: null }] }, [1, 2], 'text', 1] },
        b: { const: { x: 1, y: 2 } },
        c: { type: 'string', enum: ['a', 1, 'bc'], pattern: '^.$' },
        d: { enum: [] },
      },
    },
    [{ a: { x: [1, { y: null }] } }, { a: [1, 2] }, { b: { y: 2, x: 1 } }, { c: 'a' }],
    [{ a: { x: [1, {}] } }, { a: [2, 1] }, { b: { x: 1 } }, { c: 1 }, { c: 'bc' }, { d: 1 }],
  ],
  [
    'patternProperties beside additionalProperties, names as Unicode',
    {
      patternProperties: { '^\\p{Lu}': { type: 'number' } },
      additionalProperties: { type: 'string', pattern: '^\\p{L}+$' },
    },
    [
      { Ä: 1, b: 'नमस्ते'.normalize().slice(0, 1) },
      { A: 1, b: 'x' },
    ],
    [{ Ä: 'x' }, { b: 1 }, { b: 'x1' }],
  ],
  ['lengths count characters', { properties: { a: { maxLength: 2 } } }, [{ a: '🪷🪷' }], [{ a: 'abc' }]],
  [
    'integers beyond 2^53, and numbers of any size',
    { properties: { a: { type: 'integer' }, b: { type: 'number', minimum: 1e300 } } },
    [{ a: 2 ** 53 + 2 }, { a: 1e21 }, { a: 1.0 }, { b: 1e301 }],
    [{ a: 1.5 }, { a: '1' }, { b: 1 }],
  ],
  [
    'additionalProperties: false within allOf is for its own properties',
    { allOf: [{ properties: { a: true }, additionalProperties: false }], properties: { b: true } },
    [{ a: 1 }],
    [{ b: 1 }],
  ],
  [
    'a schema of false, anywhere',
    { properties: { a: false, b: { items: false } } },
    [{}, { b: [] }],
    [{ a: null }, { b: [1] }],
  ],
  [
    'what is unknown is a remark, whatever it looks like',
    {
      id: 'http://[',
      $recursiveRef: '#',
      'x-form': { $ref: 'nowhere', $id: 'x', required: 'no' },
      properties: { a: { format: 'constructor' }, b: { format: '__proto__', type: 'string' } },
      examples: [{ $ref: '#/nowhere' }],
      default: { $ref: '#/nowhere' },
    },
    [{}, { a: 'x', b: 'x' }],
    [{ b: 1 }],
  ],
  [
    'a Date and what has toJSON as they are stored; undefined is not there',
    {
      properties: { when: { type: 'string', format: 'date-time' }, b: { type: 'string' } },
      required: ['when'],
    },
    [{ when: new Date(0), b: undefined }, { when: { toJSON: () => '2026-11-22T12:00:00Z' } }],
    [{ when: undefined }, { when: 0 }, { when: { toJSON: () => 1 } }],
  ],
])('%s', (_, schema, accepted, refused) => {
  for (const value of accepted) expect([value, accepts(schema, value)]).toEqual([value, true]);
  for (const value of refused) expect([value, accepts(schema, value)]).toEqual([value, false]);
});

const formats: Record<string, [accepted: string[], refused: string[]]> = {
  date: [['2026-11-22'], ['22.11.2026', '2026-02-30']],
  time: [
    ['12:00:00Z', '12:00:00.5+05:30'],
    ['12:00', '25:00:00Z'],
  ],
  'date-time': [
    ['2026-11-22T12:00:00Z', '2026-11-22T12:00:00.123456+05:30'],
    ['2026-11-22', '2026-11-22T12:00Z'],
  ],
  duration: [['P1DT2H'], ['1 day']],
  email: [
    ['asha@example.com', 'a+b@example.co.in'],
    ['asha', 'a@b@c', 'आशा@उदाहरण.भारत'],
  ],
  hostname: [['example.com'], ['-example', 'a b']],
  ipv4: [['127.0.0.1'], ['256.0.0.1']],
  ipv6: [['::1'], ['1::2::3']],
  uuid: [
    // of any version, also of none
    [
      '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      '00000000-0000-0000-0000-000000000000',
      'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
      '018f7a3e-0000-7000-0000-000000000000',
    ],
    ['6ba7b8109dad11d180b400c04fd430c8', 'x'],
  ],
  uri: [
    ['https://example.com/a?b#c', 'urn:isbn:1'],
    ['/relative', 'a b'],
  ],
  'uri-reference': [
    ['/relative', '#c', 'https://example.com'],
    ['a b', '\\\\x'],
  ],
  'uri-template': [['/a/{b}'], ['/a/{b']],
  'json-pointer': [['/a~1b'], ['a', '/a~2']],
  'relative-json-pointer': [['0/a'], ['/a']],
  regex: [['^\\p{L}$'], ['(']],
  // remarks: those that the validator does not know, and those that nobody knows
  'idn-email': [['आशा@उदाहरण.भारत', 'asha'], []],
  iri: [['https://उदाहरण.भारत/'], []],
  url: [['x'], []],
  name: [['x'], []],
};
test.each(Object.entries(formats))('format %s', (format, [accepted, refused]) => {
  const schema = { properties: { a: { format } } };
  for (const a of accepted) expect([a, accepts(schema, { a })]).toEqual([a, true]);
  for (const a of refused) expect([a, accepts(schema, { a })]).toEqual([a, false]);
  // of text only
  expect(accepts(schema, { a: 1 })).toBe(true);
});

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
