// The formats of JSON Schema: what each takes and what it refuses.

import { expect, test } from 'vitest';
import { loadNetwork } from '../../sdk/network/index.js';

const load = (schema: unknown) =>
  loadNetwork({ name: 'net', domains: [{ name: 'any', item_schemas: { thing: schema } }] });
const accepts = (schema: unknown, value: unknown) =>
  load(schema).stateSchema('any', 'thing').safeParse(value).success;

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
