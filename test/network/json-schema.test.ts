// JSON Schemas are applied as JSON Schema 2020-12 says. Formats and refusals are in files beside; the official suite is in
// json-schema-suite.test.ts.

import { expect, test } from 'vitest';
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
