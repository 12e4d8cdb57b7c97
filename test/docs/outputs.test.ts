// How an output is compared with what a document says of it: what is left out in the document may be anything, or nothing.

import { expect, test } from 'vitest';
import { isAsWritten } from './documents/blocks.js';

const same = (actual: string[], written: string[]) => isAsWritten(actual.join('\n'), written.join('\n'));

test.each<[string, string[], boolean]>([
  ['none at the end', ['one', 'two', '…'], true],
  ['none at the beginning', ['…', 'one', 'two'], true],
  ['none in the middle', ['one', '…', 'two'], true],
  ['none anywhere', ['…', 'one', '…', 'two', '…'], true],
  ['none, twice in a row', ['one', '…', '…', 'two'], true],
  ['the first', ['…', 'two'], true],
  ['the last', ['one', '…'], true],
  ['all', ['…'], true],
  ['with white space around it', ['one', '  …'], true],
  ['not half a line', ['on', '…'], false],
  ['not half a line at the end', ['…', 'wo'], false],
  ['not a line that is named', ['…', 'three', '…'], false],
  ['not the other order', ['two', '…', 'one'], false],
  ['within a line, the rest of it', ['o…', 'two'], true],
  ['within a line, nothing', ['one…', 'two'], true],
  ['within a line, some of it', ['…e', '…w…'], true],
  ['within a line, but not another beginning', ['w…'], false],
])('a line of … stands for any number of lines: %s', (_, written, expected) => {
  expect(same(['one', 'two'], written)).toBe(expected);
});

test('no output at all', () => {
  expect(same([], ['…'])).toBe(true);
  expect(same([], [])).toBe(true);
  expect(same([], ['one'])).toBe(false);
  expect(same(['one'], [])).toBe(false);
});

test('empty lines count', () => {
  expect(same(['one', '', 'two'], ['one', '', '…', 'two'])).toBe(true);
  expect(same(['one', '', 'two'], ['one', '…', 'two'])).toBe(true);
  expect(same(['one', 'two'], ['one', '', '…', 'two'])).toBe(false);
});

test('row counts may be left out, trailing white space does not count', () => {
  expect(same([' n', '---', ' 1'], [' n  ', '---', ' 1', '(1 row)'])).toBe(true);
});

test('signs of regular expressions are signs', () => {
  expect(same(['a.b (c) [d] $1 ^x | \\n'], ['a.b (c) [d] $1 ^x | \\n'])).toBe(true);
  expect(same(['axb'], ['a.b'])).toBe(false);
});
