// The official JSON-Schema-Test-Suite, draft 2020-12: github.com/json-schema-org/JSON-Schema-Test-Suite at 44401e0c0469,
// copyright (c) 2012 Julian Berman, MIT licence. It is in no npm package that can be installed, so json-schema-test-suite.jsonl
// has it, a group of tests a line.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { InvalidArgumentError } from '../../sdk/index.js';
import { readSchema } from '../../sdk/network/json-schema.js';

interface Group {
  file: string;
  description: string;
  schema: unknown;
  tests: { description: string; data: unknown; valid: boolean }[];
}

const groups = readFileSync(new URL('json-schema-test-suite.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Group);

/** Groups whose schema is refused when it is loaded, with the end of the path that is named. Nothing is checked wrongly. */
const REFUSED: [file: RegExp, description: RegExp, at: RegExp][] = [
  // the validator does not read it
  [/dynamicRef$/, /./, /\/\$(dynamicRef|ref)$/],
  [/^unevaluated(Items|Properties)$/, /with \$dynamicRef$/, /\/\$dynamicRef$/],
  // the validator would take the wrong one
  [/^(ref|anchor|optional\/anchor)$/, /anchor/i, /\/\$anchor$/],
  // nothing is loaded from elsewhere, the meta-schema neither
  [/^refRemote$/, /./, /\/\$ref$/],
  [/^defs$/, /./, /\/\$ref$/],
  [/^ref$/, /^remote ref, containing refs itself$/, /\/\$ref$/],
  [/^(optional\/)?(vocabulary|cross-draft|format-assertion)$/, /./, /\/(\$schema|\$ref)$/],
  // a reference leads to a schema, and what is in an unknown keyword is none
  [/^optional\/refOfUnknownKeyword$/, /./, /\/\$ref$/],
];

/** How many tests of a file are taken though the suite has them refused: formats of which the validator takes somewhat more. */
const TAKEN: Record<string, number> = {
  'optional/format/hostname': 23,
  'optional/format/uri': 3,
  'optional/format/uri-reference': 6,
  // these are remarks, as every format is that is unknown
  'optional/format/idn-email': 2,
  'optional/format/idn-hostname': 54,
  'optional/format/iri': 6,
  'optional/format/iri-reference': 2,
};

describe.each([...new Set(groups.map(({ file }) => file))])('%s', (file) => {
  const ofFile = groups.filter((group) => group.file === file);

  test.each(ofFile.map((group) => [group.description, group] as const))('%s', (description, group) => {
    const refused = REFUSED.filter(([ofFile, of]) => ofFile.test(file) && of.test(description));
    let flawsOf: (value: unknown) => unknown[];
    try {
      flawsOf = readSchema(group.schema, []);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidArgumentError);
      const { path, argument } = (error as InvalidArgumentError).detail ?? {};
      expect([argument, refused.some(([, , at]) => at.test(path ?? ''))], path).toEqual(['document', true]);
      return;
    }
    for (const { description, data, valid } of group.tests) {
      const isValid = flawsOf(data).length === 0;
      const isTaken = isValid && !valid && file in TAKEN;
      // a format is asserted where the validator knows it; whether it is, the suite leaves open
      const isAsserted =
        file === 'format' && !isValid && /is only an annotation by default$/.test(description);
      if (!isTaken && !isAsserted) expect([description, isValid]).toEqual([description, valid]);
    }
  });
});

test('little is refused when it is loaded, or taken though it should not be', () => {
  const taken: Record<string, number> = {};
  let tests = 0;
  let refused = 0;
  for (const group of groups) {
    tests += group.tests.length;
    try {
      const flawsOf = readSchema(group.schema, []);
      const found = group.tests.filter(({ data, valid }) => !valid && flawsOf(data).length === 0).length;
      if (found > 0) taken[group.file] = (taken[group.file] ?? 0) + found;
    } catch {
      refused += group.tests.length;
    }
  }
  expect(taken).toEqual(TAKEN);
  expect([tests, refused]).toEqual([2225, 107]);
});
