// The way of each call where networks have several homes.

import { type Called, call, type Queryable, type Route, type Send } from '../client.js';
import { OutcomeUnknownError } from '../connection-loss.js';
import { NetworkElsewhereError, toDpgError, UserNotFoundError } from '../errors.js';
import { pause } from '../mirror/pause.js';
import { Feeds } from './feeds.js';
import type { Home } from './home.js';
import { Journey } from './journey.js';
import { byBytes, mergedPage } from './lists.js';
import { type Way, wayOf } from './networks.js';
import { type Registry, severalHomes } from './registry.js';

/** How long a user who has just signed up is waited for. */
const USER_PATIENCE_MILLISECONDS = 3000;

export function routeOf(registry: Registry): Route {
  const feeds = new Feeds(registry);
  return (called, send) => {
    const way = wayOf(called.name);
    switch (way?.how) {
      case undefined:
        return viewed(registry, called, send);
      case 'one':
        return atHome(registry, called, send, way.networksOf(called.given));
      case 'split':
        return split(registry, called, send, way);
      case 'list':
      case 'counts': {
        const networks = way.networksOf(called.given);
        if (networks.length > 0) return atHome(registry, called, send, networks);
        return way.how === 'list' ? listed(registry, called, send) : counted(registry, send);
      }
      case 'read':
        return feeds.read(send);
      case 'leased':
        return feeds.leased(called, send);
      case 'everywhere':
        return feeds.everywhere(called, send);
    }
  };
}

/** The way of calls that are for one server, on its connections or a transaction: what it refuses is learned from. */
export function learningRouteOf(registry: Registry, home: Home, sql: Queryable): Route {
  return async (_, send) => {
    try {
      return await send(sql);
    } catch (error) {
      if (error instanceof NetworkElsewhereError && error.detail && !error.detail.is_moving) {
        const { network, server } = error.detail;
        const next = registry.at(server, home, network);
        if (next) registry.learn(network, next);
      }
      throw error;
    }
  };
}

/**
 * To the one server on which these networks live. Where one of several has moved, nothing is sent until it is known that the
 * others have moved with it: a server that never had a network would take it for a new one.
 */
async function atHome<Row>(
  registry: Registry,
  called: Called,
  send: Send<Row>,
  named: readonly unknown[],
): Promise<Row[]> {
  const networks = [...new Set(named)] as string[];
  const areTogether = () => new Set(networks.map((network) => registry.homeOf(network))).size <= 1;
  const journey = new Journey(registry);
  let hasWaited = false;
  for (;;) {
    if (!areTogether()) {
      await registry.look();
      if (!areTogether()) throw apart(called, networks, registry);
    }
    const home = registry.homeOf(networks[0]);
    try {
      return await send(home.way);
    } catch (error) {
      if (error instanceof NetworkElsewhereError) await journey.follow(error, home);
      else if (
        error instanceof UserNotFoundError &&
        !hasWaited &&
        (await arrives(called, registry.default, home))
      )
        hasWaited = true;
      else throw error;
    }
  }
}

/** Why a call is refused whose networks are not all on one server. */
function apart({ name, given }: Called, networks: string[], registry: Registry): Error {
  if (name !== 'perform_action') return severalHomes('items' in given ? 'items' : 'network', networks);
  const [target, source] = networks as [string, string];
  return new NetworkElsewhereError(
    'DP017',
    `the networks '${source}' and '${target}' have different homes, so there is no new action between their items`,
    {
      detail: { network: source, server: registry.homeOf(source).server },
      hint: 'An action is made in one transaction, which reads both items: move one network to the home of the other.',
    },
  );
}

/**
 * Users are written on one server and replicated to the others. One who signs up and writes at once may be faster than that:
 * where the server on which users are written knows the user, the other is waited for.
 */
async function arrives({ given: { actor } }: Called, usual: Home, home: Home): Promise<boolean> {
  if (home === usual || typeof actor !== 'string' || !(await isUser(usual, actor))) return false;
  const until = performance.now() + USER_PATIENCE_MILLISECONDS;
  for (let milliseconds = 10; performance.now() < until; milliseconds = Math.min(200, milliseconds * 2)) {
    if (await isUser(home, actor)) return true;
    await pause(milliseconds, undefined);
  }
  return false;
}

/** Writing no items checks the actor, and takes no rights to read the table of users. */
async function isUser(home: Home, actor: string): Promise<boolean> {
  try {
    await call(home.primary, 'upsert_items', { actor, items: [] });
    return true;
  } catch (error) {
    if (error instanceof UserNotFoundError) return false;
    throw error;
  }
}

type Split = Extract<Way, { how: 'split' }>;
type AnyRow = Record<string, unknown>;

/** Each element to the home of its network. The results come in the order of the elements. */
async function split<Row>(registry: Registry, called: Called, send: Send<Row>, way: Split): Promise<Row[]> {
  const elements = called.given[way.elements] as readonly unknown[];
  if (elements.length === 0) return send(registry.default.way);
  const journey = new Journey(registry);
  const results: Row[][] = elements.map(() => []);
  let hasWritten = false;

  const sendPart = async (home: Home, indices: number[]): Promise<number[]> => {
    const part = { ...called.given, [way.elements]: indices.map((index) => elements[index]) };
    let rows: Row[];
    try {
      rows = await send(home.way, part);
    } catch (error) {
      if (!(error instanceof NetworkElsewhereError)) throw error;
      await journey.follow(error, home);
      return indices;
    }
    hasWritten ||= !called.isReading;
    if (way.answers !== 'indexed') {
      placeItems(rows, indices, elements, results, way.answers);
      return [];
    }
    return journey.followEach(placeIndexed(rows, indices, results), home);
  };

  let waiting = elements.map((_, index) => index);
  while (waiting.length > 0) {
    const parts = new Map<Home, number[]>();
    for (const index of waiting.sort((left, right) => left - right)) {
      const home = registry.homeOf(way.networkOf(elements[index]));
      parts.set(home, [...(parts.get(home) ?? []), index]);
    }
    const outcomes = await Promise.allSettled([...parts].map(([home, indices]) => sendPart(home, indices)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) {
      const { reason } = failed;
      // with the ids that were sent it is no harm to repeat what is done
      if (!hasWritten && !(reason instanceof OutcomeUnknownError)) throw reason;
      throw new OutcomeUnknownError(called.name, called.given, { cause: reason, isPartDone: hasWritten });
    }
    waiting = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
  }
  return results.flat();
}

/** Puts results beside their elements. Returns what was refused, since the network lives elsewhere. */
function placeIndexed<Row>(
  rows: Row[],
  indices: number[],
  results: Row[][],
): { index: number; refusal: NetworkElsewhereError }[] {
  const refusals: { index: number; refusal: NetworkElsewhereError }[] = [];
  for (const row of rows as (Row & AnyRow)[]) {
    const index = indices[row.index as number] as number;
    results[index] = [{ ...row, index }];
    if (row.code !== 'DP017') continue;
    const { code, message, hint, detail } = row as AnyRow;
    const raised = Object.assign(new Error(String(message)), { code, hint, detail: JSON.stringify(detail) });
    refusals.push({ index, refusal: toDpgError(raised) as NetworkElsewhereError });
  }
  return refusals;
}

/** Puts the rows of items beside the elements that ask for them. */
function placeItems<Row>(
  rows: Row[],
  indices: number[],
  elements: readonly unknown[],
  results: Row[][],
  answers: 'one' | 'many',
): void {
  let next = 0;
  for (const index of indices) {
    const asked = elements[index] as AnyRow;
    const isOf = (row: unknown) =>
      ITEM_KEY.every((column) => isSameText((row as AnyRow)[column], asked[column]));
    const found: Row[] = [];
    while (next < rows.length && isOf(rows[next]) && (answers === 'many' || found.length === 0)) {
      found.push(rows[next] as Row);
      next += 1;
    }
    results[index] = found;
  }
}

const ITEM_KEY = ['item_id', 'item_type', 'item_domain', 'item_network'];
const UUID = /^[0-9a-f-]{36}$/i;

/** Ids may be given in upper case. */
function isSameText(stored: unknown, given: unknown): boolean {
  const [left, right] = [String(stored), String(given)];
  return left === right || (UUID.test(right) && left === right.toLowerCase());
}

async function listed<Row>(registry: Registry, { name, given }: Called, send: Send<Row>): Promise<Row[]> {
  const page = registry.settled((homes, departures) =>
    mergedPage(
      name,
      given,
      homes,
      departures,
      (home, asked) => send(home.primary, asked) as Promise<never[]>,
    ),
  );
  return page as Promise<unknown> as Promise<Row[]>;
}

const COUNTED = ['ownership_role', 'partition_network', 'action_type', 'action_status'];

/** A network has one home, so that nothing has to be added up. */
async function counted<Row>(registry: Registry, send: Send<Row>): Promise<Row[]> {
  const rows = await ofAll(registry, send, 'partition_network', (row) =>
    COUNTED.map((column) => row[column]),
  );
  return rows.sort((left, right) => {
    for (const column of COUNTED) {
      const order = byBytes(String((left as AnyRow)[column]), String((right as AnyRow)[column]));
      if (order !== 0) return order;
    }
    return 0;
  });
}

/** The rows of all servers, without what is left on one of a network that lives elsewhere. */
async function ofAll<Row>(
  registry: Registry,
  send: Send<Row>,
  network: string,
  keyOf: (row: AnyRow) => unknown,
): Promise<Row[]> {
  return registry.settled(async (homes, departures) => {
    const told = await Promise.all(homes.map((home) => send(home.primary)));
    const rows = new Map<string, Row>();
    homes.forEach((home, number) => {
      for (const row of told[number] as (Row & AnyRow)[])
        if (!departures.get(home)?.has(row[network] as string)) rows.set(JSON.stringify(keyOf(row)), row);
    });
    return [...rows.values()];
  });
}

/** What the views say of networks is said by their homes; of feeds each server says its own. */
const VIEWS: Readonly<Record<string, (row: AnyRow) => unknown>> = {
  networks: ({ network }) => network,
  partitions: ({ root, network, key }) => [root, network, key],
};

async function viewed<Row>(registry: Registry, { name }: Called, send: Send<Row>): Promise<Row[]> {
  const keyOf = VIEWS[name];
  if (keyOf) return ofAll(registry, send, 'network', keyOf);
  const rows = (await Promise.all(registry.homes.map((home) => send(home.primary)))).flat();
  if (name !== 'peers') return rows;
  return [...new Map((rows as AnyRow[]).map((row) => [row.instance_url, row as Row])).values()];
}
