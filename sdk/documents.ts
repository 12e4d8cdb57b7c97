// What a JSON document must be to be stored as it is, found without recursion: whoever sends a document that is nested a
// hundred thousand levels deep, or contains itself, gets the refusal and not the end of the stack.

import { isJsonNumber } from './numbers.js';

/**
 * The most levels that the limit `json_depth_per_document` of the database can be set to. It allows 512 unless it was
 * raised; between the two the database decides.
 */
export const MOST_LEVELS = 2048;

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** PostgreSQL stores no NUL, and UTF-8 has no lone surrogates. */
export const isStorable = (text: string) => !text.includes('\0') && !LONE_SURROGATE.test(text);

/** An object or array that the search is in, and how far it has come. */
interface Level {
  container: object;
  /** The names of an object's members; none for an array. */
  names?: string[];
  length: number;
  next: number;
}

/** What JSON.stringify would drop or change without a word, or PostgreSQL cannot store, as a sentence; else undefined. */
export function flawOfDocument(document: object): string | undefined {
  const levels: Level[] = [];
  const around = new Set<object>();

  const flaw = (problem: string) => `${problem}${place(levels)}.`;
  /** The flaw of a value, of which the members are looked at in their turn. */
  const look = (given: unknown): string | undefined => {
    if (isJsonNumber(given)) return undefined;
    let value = given;
    if (value instanceof Date && Number.isNaN(value.getTime())) return flaw('JSON has no invalid Date');
    // once, as JSON.stringify does
    if (
      typeof value === 'object' &&
      value !== null &&
      'toJSON' in value &&
      typeof value.toJSON === 'function'
    )
      value = value.toJSON();
    switch (typeof value) {
      case 'boolean':
        return undefined;
      case 'string':
        return isStorable(value) ? undefined : flaw('Text is stored without NUL and lone surrogates');
      case 'number':
        return Number.isFinite(value) ? undefined : flaw(`JSON has no ${value}`);
      case 'object':
        break;
      default:
        return flaw(`JSON has no ${typeof value}`);
    }
    if (value === null) return undefined;
    if (!Array.isArray(value) && !isPlainObject(value))
      return flaw(`JSON has no ${(value as object).constructor?.name ?? 'object of this kind'}`);
    if (around.has(value)) return flaw('A document must not contain itself');
    if (levels.length === MOST_LEVELS)
      return `A document has at most ${MOST_LEVELS.toLocaleString('en')} objects and arrays in one another.`;
    around.add(value);
    if (Array.isArray(value)) levels.push({ container: value, length: value.length, next: 0 });
    else {
      const names = Object.keys(value);
      levels.push({ container: value, names, length: names.length, next: 0 });
    }
    return undefined;
  };

  let found = look(document);
  while (!found) {
    const level = levels.at(-1);
    if (!level) return undefined;
    if (level.next === level.length) {
      around.delete(level.container);
      levels.pop();
      continue;
    }
    const name = level.names ? (level.names[level.next] as string) : level.next;
    level.next++;
    const member = (level.container as Record<PropertyKey, unknown>)[name];
    if (level.names) {
      if (member === undefined) continue; // left out, as JSON.stringify does
      if (!isStorable(name as string)) found = flaw('Text is stored without NUL and lone surrogates');
    }
    found ??= look(member);
  }
  return found;
}

/** Where the search is: the member of each level that it looks at. */
function place(levels: Level[]): string {
  const path = levels
    .map(({ names, next }) => (names ? `.${names[next - 1]}` : `[${next - 1}]`))
    .join('')
    .replace(/^\./, '');
  return path && ` (at ${path.length > 200 ? `${path.slice(0, 200)}...` : path})`;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  // an object of another realm has another Object.prototype
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether objects and arrays of a JSON text lie in one another more than so many levels deep. The text may be no JSON. */
export function isTextTooDeep(text: string, levels = MOST_LEVELS): boolean {
  if (text.length <= 2 * levels) return false; // a level takes two characters
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (inString) {
      if (character === BACKSLASH) i++;
      else if (character === QUOTE) inString = false;
    } else if (character === QUOTE) inString = true;
    else if (character === BRACKET || character === BRACE) {
      depth++;
      if (depth > levels) return true;
    } else if (character === BRACKET + 2 || character === BRACE + 2) depth--;
  }
  return false;
}

const QUOTE = 0x22;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
