// Lists over several servers: one order, one page, and tokens that continue on each.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { GivenArguments } from '../client.js';
import { InvalidPageTokenError } from '../errors.js';
import type { Home } from './home.js';
import type { Departures } from './registry.js';

type Row = Record<string, unknown> & { next_page_token: string };

/** How a list is ordered: by time and count, and rows of one time by their key. */
interface Order {
  time: string;
  /** After the time, the highest first. */
  count?: string;
  network: string;
  id: string;
  key: readonly string[];
}

const ORDERS: Readonly<Record<string, Order>> = {
  find_actions: {
    time: 'updated_at',
    network: 'partition_network',
    id: 'action_id',
    key: ['partition_network', 'action_type', 'action_id', 'target_item_instance_url'],
  },
  find_events: {
    time: 'created_at',
    count: 'update_count',
    network: 'partition_network',
    id: 'event_id',
    key: ['partition_network', 'action_type', 'event_id'],
  },
  find_own_items: {
    time: 'created_at',
    network: 'item_network',
    id: 'item_id',
    key: ['item_network', 'item_domain', 'item_type', 'item_id'],
  },
};

/** A page, merged out of those of all servers. A server is asked again as long as it may have more for this page. */
export async function mergedPage(
  name: string,
  given: GivenArguments,
  homes: readonly Home[],
  departures: Departures,
  load: (home: Home, given: GivenArguments) => Promise<Row[]>,
): Promise<Row[]> {
  const order = ORDERS[name] as Order;
  const size = Number(given.page_size ?? 20);
  const start = typeof given.page_token === 'string' ? readToken(given.page_token) : undefined;
  const direction = given.oldest_first === true ? 1 : -1;
  const isVisible = (home: Home, row: Row) =>
    !departures.get(home)?.has(row[order.network] as string) &&
    (!start || isAfter(row, start, order, direction));

  const sources = await Promise.all(
    homes.map((home) =>
      rowsOf(home, size, start, (page_token) => load(home, { ...given, page_token }), isVisible).catch(
        (error) => {
          throw error instanceof InvalidPageTokenError ? refusal(String(given.page_token)) : error;
        },
      ),
    ),
  );

  const tokens: Record<string, string | null> = {};
  for (const home of homes) tokens[home.id] = start?.tokens[home.id] ?? null;
  const page: Row[] = [];
  const taken = new Set<string>();
  while (page.length < size) {
    let next: Source | undefined;
    for (const source of sources)
      if (source.rows.length > 0 && (!next || compare(first(source), first(next), order, direction) < 0))
        next = source;
    if (!next) break;
    const row = next.rows.shift() as Row;
    tokens[next.home.id] = row.next_page_token;
    // one server by two names, or a row that was copied while it was looked for
    const key = JSON.stringify(keyOf(row, order));
    if (taken.has(key)) continue;
    taken.add(key);
    const place = { time: String(row[order.time]), key: keyOf(row, order), from: next.home.id, tokens };
    page.push({ ...row, next_page_token: writeToken(place) });
  }
  return page;
}

interface Source {
  home: Home;
  rows: Row[];
}

const first = ({ rows }: Source) => rows[0] as Row;

/** The rows of one server that may be in the page. */
async function rowsOf(
  home: Home,
  size: number,
  start: Place | undefined,
  load: (token: string | null) => Promise<Row[]>,
  isVisible: (home: Home, row: Row) => boolean,
): Promise<Source> {
  const rows: Row[] = [];
  let token: string | null = null;
  let loaded: Row[] | undefined;
  if (start && home.id in start.tokens) token = start.tokens[home.id] ?? null;
  // A server that the list has not met: after a move it takes the token of the old one. Else its rows are gone through
  // from the first on.
  else if (start) loaded = await load(start.tokens[start.from] ?? null).catch(nothingIfRefused);
  for (;;) {
    loaded ??= await load(token);
    for (const row of loaded) if (isVisible(home, row)) rows.push(row);
    const last = loaded.at(-1);
    if (!last || loaded.length < size || rows.length >= size) return { home, rows };
    token = last.next_page_token;
    loaded = undefined;
  }
}

function nothingIfRefused(error: unknown): undefined {
  if (error instanceof InvalidPageTokenError) return undefined;
  throw error;
}

/** Which of two rows of different servers comes first. Rows of one server come as they are ordered there. */
function compare(left: Row, right: Row, order: Order, direction: number): number {
  const [earlier, later] = [String(left[order.time]), String(right[order.time])];
  if (earlier !== later) return earlier < later ? -direction : direction;
  if (order.count && left[order.count] !== right[order.count])
    return Number(right[order.count]) - Number(left[order.count]);
  return byBytes(String(left[order.network]), String(right[order.network]));
}

export function byBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** By which rows of one time are told apart: in this order, but for the count, which is the highest first. */
function keyOf(row: Row, { count, key }: Order): string[] {
  return [...(count ? [count] : []), ...key].map((column) => String(row[column]));
}

/**
 * A network that has moved between two pages brings rows that the list has had. Of rows of one time, names are ordered by the
 * collation of the database, which is not known here: where only that would tell, the row comes again rather than never.
 */
function isAfter(row: Row, { time, key }: Place, order: Order, direction: number): boolean {
  const of = String(row[order.time]);
  if (of !== time) return of > time === direction > 0;
  const own = keyOf(row, order);
  const place = own.findIndex((part, index) => part !== key[index]);
  if (place < 0) return false;
  const column = [...(order.count ? [order.count] : []), ...order.key][place];
  if (column === order.count) return Number(own[place]) < Number(key[place]);
  return column !== order.id || String(own[place]) > String(key[place]);
}

/** Where a list goes on: after this row, and on each server after the last row that came before it there. */
interface Place {
  time: string;
  key: readonly string[];
  /** The server of the row. */
  from: string;
  /** By server; null: from its first row on. */
  tokens: Readonly<Record<string, string | null>>;
}

const check = (body: string) => createHash('sha256').update(body).digest('hex').slice(0, 8);

const writtenPlace = z.tuple([
  z.string(),
  z.array(z.string()),
  z.string(),
  z.record(z.string(), z.string().nullable()),
]);

function writeToken({ time, key, from, tokens }: Place): string {
  const body = Buffer.from(JSON.stringify([time, key, from, tokens])).toString('base64url');
  return `homes.${check(body)}.${body}`;
}

function readToken(text: string): Place {
  const [kind, checked, body = '', ...more] = text.split('.');
  if (kind !== 'homes' || more.length > 0 || checked !== check(body)) throw refusal(text);
  try {
    const written: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
    const [time, key, from, tokens] = writtenPlace.parse(written);
    return { time, key, from, tokens };
  } catch {
    throw refusal(text); // anybody can calculate the checksum
  }
}

/** As the database refuses one. */
function refusal(token: string): InvalidPageTokenError {
  return new InvalidPageTokenError('DP011', `page_token is not one of this call: '${token.slice(0, 80)}'`, {
    detail: { page_token: token.slice(0, 200) },
    hint: 'Pass next_page_token of a row that the same call returned with the same filters, or null for the first page.',
  });
}
