// Numbers of JSON that JavaScript's cannot hold: jsonb keeps as many digits as it was given. With `{ numbers: 'exact' }`
// they are read as JsonNumber; they are written as they are in any case.

import { inspect } from 'node:util';
import { isSafeNumber, parse, stringify } from 'lossless-json';

/** How numbers of JSON documents are read: as JavaScript has them, or those that it would alter as {@link JsonNumber}. */
export type Numbers = 'javascript' | 'exact';

const BRAND = Symbol.for('dpg-database.JsonNumber');
const A_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** `JSON.rawJSON`, which Node has from 22 on. */
const rawJson = (JSON as { rawJSON?: (text: string) => unknown }).rawJSON;

/** How many were met by JSON.stringify; one count, should this module be there twice (ESM and CommonJS). */
const shared = globalThis as { [BRAND]?: { count: number } };
const met = shared[BRAND] ?? { count: 0 };
shared[BRAND] = met;

/**
 * A number of a JSON document, digit for digit: `new JsonNumber('9007199254740993')`. Documents with it are written as
 * they are. `String(it)` is its text, `Number(it)` the nearest of JavaScript's, `BigInt(String(it))` that of an integer.
 */
export class JsonNumber {
  readonly #text: string;

  constructor(text: string) {
    if (!A_NUMBER.test(text)) throw new TypeError(`${inspect(text)} is no number of JSON`);
    this.#text = text;
  }

  get [BRAND](): true {
    return true;
  }

  toString(): string {
    return this.#text;
  }

  /** For JSON.stringify: the number itself from Node 22 on, before that its text as a string. `stringifyJson` is exact. */
  toJSON(): unknown {
    met.count += 1;
    return rawJson ? rawJson(this.#text) : this.#text;
  }

  [inspect.custom](): string {
    return `JsonNumber(${this.#text})`;
  }
}

export function isJsonNumber(value: unknown): value is JsonNumber {
  return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true;
}

const stringifiers = [{ test: isJsonNumber, stringify: String }];

/** A JSON value as text. Each {@link JsonNumber} is the number that it is. */
export function stringifyJson(value: unknown): string {
  const before = met.count;
  const text = JSON.stringify(value);
  return met.count === before || rawJson ? text : (stringify(value, null, undefined, stringifiers) as string);
}

/** A number of at most 15 digits is held. */
const MAY_BE_LONG = /[\d.]{16}/;
const parseNumber = (text: string) => (isSafeNumber(text) ? Number(text) : new JsonNumber(text));

/** The text of a jsonb, which has no exponents. Numbers that JavaScript's would alter are {@link JsonNumber}. */
export function parseExactly(text: string): unknown {
  return MAY_BE_LONG.test(text) ? parse(text, null, { parseNumber }) : JSON.parse(text);
}

const MAY_BE_ALTERED = /[\d.]{16}|\d[eE]/;

/**
 * The same for a JSON text that somebody else wrote, which may have exponents. Of a name that an object has twice the last
 * one counts, as in JSON.parse and jsonb. Recursive: ask first whether the text is nested too deep.
 */
export function parseSentExactly(text: string): unknown {
  if (!MAY_BE_ALTERED.test(text)) return JSON.parse(text);
  return parse(text, null, { parseNumber, onDuplicateKey: ({ newValue }) => newValue });
}

/** Whether there is one in a JSON value. */
export function hasJsonNumber(value: unknown): boolean {
  const before = met.count;
  JSON.stringify(value);
  return met.count !== before;
}

/** A JSON value as it would be read without them. */
export function withoutJsonNumbers(value: unknown): unknown {
  return JSON.parse(stringifyJson(value));
}
