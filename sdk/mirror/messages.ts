// What instances say to each other: which version a message has, which fields a version knows, what an answer looks like.
// The sender and the handler both go by this file.

import { receiveAction, receiveTransition } from '../actions.js';
import { storeEvent } from '../events.js';
import { parseSentExactly } from '../numbers.js';
import type { Call } from './signature.js';

/** The version of messages, and since which version there are fields that the first messages did not have. */
export interface Protocol {
  version: number;
  newerFields: { readonly [call in Call]?: { readonly [field: string]: number } };
}

/**
 * Version 0 is what 0.1.0 speaks: it names no version, and refuses fields that it does not know. Whoever adds a field to a
 * message raises the version by one and names the field here, with the version that has it first.
 */
export const PROTOCOL: Protocol = {
  version: 2,
  newerFields: {
    store_event: { performed_by: 2, acting_side: 2 },
    receive_action: { performed_by: 2 },
    receive_transition: { performed_by: 2 },
  },
};

/** Of a message that was written for an older version than the receiver's: write it again. */
export const UPGRADE_REQUIRED = 426;

/** What is read of the answer to an event at most: the ids are at its beginning. */
export const MOST_BYTES_OF_RECEIPT = 16 * 1024;

/** What answers store_event: the event is kept. Version 0 answers the whole row, and is answered so. */
export interface Receipt {
  event_id: string;
  action_id: string;
  update_count: number;
}

export function receiptOf({ event_id, action_id, update_count }: Receipt): Receipt {
  return { event_id, action_id, update_count };
}

const ID: Record<Call, 'event_id' | 'action_id'> = {
  store_event: 'event_id',
  receive_action: 'action_id',
  receive_transition: 'event_id',
};

/** The field by which the answer says which message it answers. The row of an action has no event: version 0 cannot. */
export function idField(call: Call, version = PROTOCOL.version): 'event_id' | 'action_id' {
  return version === 0 && call === 'receive_transition' ? 'action_id' : ID[call];
}

/** Whether two texts are the same id: PostgreSQL takes one in several spellings, and writes it in one. */
export function isSameId(left: unknown, right: unknown): boolean {
  return typeof left === 'string' && typeof right === 'string' && plain(left) === plain(right);
}

const plain = (id: string) => id.replace(/[{}-]/g, '').toLowerCase();

const FIELDS: Record<Call, ReadonlySet<string>> = {
  store_event: new Set(Object.keys(storeEvent.shape)),
  receive_action: new Set(Object.keys(receiveAction.shape)),
  receive_transition: new Set(Object.keys(receiveTransition.shape)),
};

/** A message without the fields that this version does not know: what a newer instance says beyond that is not for us. */
export function knownPart(call: Call, text: string, { newerFields }: Protocol): string {
  return onlyMembers(text, (name) => FIELDS[call].has(name) || name in (newerFields[call] ?? {})).text;
}

/** A message as an older version knows it, and whether anything but a null was left out. */
export function writtenFor(
  call: Call,
  text: string,
  version: number,
  { newerFields }: Protocol,
): { text: string; lacks: boolean } {
  const since = newerFields[call] ?? {};
  if (Object.values(since).every((first) => first <= version)) return { text, lacks: false };
  return onlyMembers(text, (name) => !(Object.hasOwn(since, name) && (since[name] ?? 0) > version));
}

function onlyMembers(text: string, isKept: (name: string) => boolean): { text: string; lacks: boolean } {
  const kept: string[] = [];
  let isWhole = true;
  let lacks = false;
  for (const { name, value } of membersOf(text)) {
    if (isKept(name)) kept.push(`${JSON.stringify(name)}:${value}`);
    else {
      isWhole = false;
      lacks ||= value !== 'null';
    }
  }
  return isWhole ? { text, lacks } : { text: `{${kept.join(',')}}`, lacks };
}

/** The documents of a message, digit for digit; all else of it is short. */
const DOCUMENTS = ['requirements_snapshot', 'event_payload'];

/** A message as an object, of which the documents keep digits that JavaScript's numbers would lose. */
export function withExactDocuments(message: Record<string, unknown>, text: string): Record<string, unknown> {
  const exact = { ...message };
  for (const { name, value } of membersOf(text))
    if (DOCUMENTS.includes(name)) exact[name] = parseSentExactly(value);
  return exact;
}

/**
 * The members of the JSON object that a text is, each value as it stands there. Of an object that is cut off, those that
 * are whole. What is no JSON gives anything: parse it first.
 */
export function* membersOf(text: string): Generator<{ name: string; value: string }, void, undefined> {
  let at = afterSpace(text, 0);
  if (text[at] !== '{') return;
  at = afterSpace(text, at + 1);
  while (text[at] === '"') {
    const nameEnd = afterString(text, at);
    const colon = afterSpace(text, nameEnd);
    const start = afterSpace(text, colon + 1);
    const end = afterValue(text, start);
    if (end >= text.length) return;
    yield {
      name: JSON.parse(text.slice(at, nameEnd)) as string,
      value: text.slice(start, end).trimEnd(),
    };
    if (text[end] !== ',') return;
    at = afterSpace(text, end + 1);
  }
}

function afterSpace(text: string, at: number): number {
  let end = at;
  while (/[ \t\n\r]/.test(text.charAt(end))) end++;
  return end;
}

function afterString(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return end + 1;
}

/** Where the comma or the brace after a value is. */
function afterValue(text: string, at: number): number {
  let depth = 0;
  let end = at;
  while (end < text.length) {
    const character = text[end];
    if (character === '"') {
      end = afterString(text, end);
      continue;
    }
    if (character === '{' || character === '[') depth++;
    else if (depth === 0 && (character === ',' || character === '}')) return end;
    else if (character === '}' || character === ']') depth--;
    end++;
  }
  return end;
}
