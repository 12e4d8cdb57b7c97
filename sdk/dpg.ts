import type postgres from 'postgres';
import { z } from 'zod';
import { type ActorActions, actorActions, type InstanceActions, instanceActions } from './actions.js';
import { check, type ExactJsonObject, fields, type JsonObject, key } from './arguments.js';
import { type OnCall, onCallOption } from './calls.js';
import { type CallSettings, type Queryable, serverOf } from './client.js';
import { type ConnectionOptions, checkUrl, connectTo } from './connection.js';
import { takesActor, takesNoActor, withHints } from './elsewhere.js';
import { InvalidArgumentError } from './errors.js';
import { type ActorEvents, actorEvents, type InstanceEvents, instanceEvents } from './events.js';
import { type FeedEvent, type Subscriptions, subscriptionsOf } from './feed.js';
import { type AskHealth, askHealth, type Health, healthOf, healthOfTransaction } from './health.js';
import type { Home } from './homes/home.js';
import { type Homes, isHomes, Servers } from './homes.js';
import type { ItemChange, ReadItemChanges } from './item-changes.js';
import { type ActorItems, actorItems, type InstanceItems, instanceItems } from './items.js';
import { type Networks, networksOf } from './networks.js';
import type { Numbers } from './numbers.js';
import { type Partitions, partitionsOf } from './partitions.js';
import {
  type Reads,
  type ReplicaOptions,
  Replicas,
  readsOn,
  replicaOptions,
  startingAt,
} from './replicas.js';

export type { ConnectionOptions };

const whoever = fields({ actor: key });
const ofNetwork = fields({ network: key });

/** The feed, whose events have such payloads. */
type SubscriptionsOf<Json> = Omit<Subscriptions, 'read' | 'readRetries' | 'readItemChanges'> & {
  read(...given: Parameters<Subscriptions['read']>): Promise<FeedEvent<Json>[]>;
  readRetries(...given: Parameters<Subscriptions['readRetries']>): Promise<FeedEvent<Json>[]>;
  readItemChanges<State = Json>(reader: ReadItemChanges): Promise<ItemChange<State>[]>;
};

/** The data layer on a postgres.js instance or transaction. `Json` is what JSON documents are read as. */
export interface Dpg<Sql extends Queryable = postgres.Sql, Json = JsonObject> {
  /** The postgres.js instance or transaction, for statements of your own. */
  readonly sql: Sql;

  /** Reading items, and declaring what they may be. Writing them takes an actor: `dpg.as(actor).items`. */
  readonly items: InstanceItems<Json>;

  /** Declaring actions, and receiving them from other instances. The rest takes an actor: `dpg.as(actor).actions`. */
  readonly actions: InstanceActions<Json>;

  /** Storing the events of other instances. Finding events takes an actor: `dpg.as(actor).events`. */
  readonly events: InstanceEvents<Json>;

  readonly partitions: Partitions;

  /** The networks that the database holds to their documents. */
  readonly networks: Networks<Json>;

  /** The feeds of this instance: its events, and changes of its items. */
  readonly subscriptions: SubscriptionsOf<Json>;

  /**
   * On behalf of a user whom the application has authenticated: `actor` is the user's id.
   * @throws {InvalidArgumentError} at once, when it is no key
   */
  as(actor: string): ActorDpg<Json>;

  /**
   * The same API on a transaction: `dpg.sql.begin(async (tx) => { await dpg.with(tx).as(actor)… })`. A refusal ends the
   * transaction, as every error does in PostgreSQL; within `tx.savepoint(…)` it ends the savepoint.
   */
  with<Tx extends Queryable>(tx: Tx): Dpg<Tx, Json>;

  /**
   * The data layer on the home of a network, as far as it is known, and on no other server: for transactions
   * (`dpg.home('yellow_dot').sql.begin(…)`), and for feeds, positions and lists of one server. What is refused because the
   * network has moved is refused (`NetworkElsewhereError`), and `dpg.home` knows the new home then. Where there are no
   * `homes`, or on a transaction, it is the same dpg.
   */
  home(network: string): Dpg<Sql, Json>;

  /** One for each server; where there are no `homes`, the same dpg alone. Each is asked where networks have moved to. */
  homes(): Promise<Dpg<Sql, Json>[]>;

  /**
   * Where the log of the database stands after what was written by this `dpg` and its `as(actor)`: a text for
   * {@link Dpg.at}, in any process, such as the one that gets the next request of the same browser. Asks the
   * primary only where something was written since it was last asked, or nothing is known yet. Transactions of `dpg.sql.begin` count;
   * a single statement of your own by `dpg.sql` is not noticed. In a transaction it is refused (DP001): ask afterwards.
   */
  position(): Promise<string>;

  /**
   * The same connections, with reads that see what was written before `position` was asked for; `null`: that wait for
   * nothing. What is written through the one that comes back is seen by its own reads, and does not make others wait: use one for
   * each request. Without replicas all calls go to one server, and there is nothing to wait for.
   * @throws {InvalidArgumentError} at once, when it is no text of `position()`
   */
  at(position: string | null): Dpg<Sql, Json>;

  /**
   * Whether calls can be answered now, for a probe: one statement to each server, and an answer in any case, after
   * `timeoutMilliseconds` (2,000) at the latest. `ok` is false where a server is away, does not answer, refuses the login, or
   * has an older database than this SDK needs (`not_migrated`): `reason` and `code` say which. In a transaction it is
   * refused (DP001).
   */
  health(how?: AskHealth): Promise<Health>;

  /**
   * Closes the connections that the SDK made for a connection string; an instance that you passed is left as it is.
   * Waits for running statements, for `timeout` seconds at most when given.
   */
  end(how?: { timeout?: number }): Promise<void>;

  /** `await using dpg = createDpg(url)` ends it with the block. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The data layer on behalf of a user. */
export interface ActorDpg<Json = JsonObject> {
  readonly actor: string;
  readonly items: ActorItems<Json>;
  readonly actions: ActorActions<Json>;
  readonly events: ActorEvents<Json>;
}

/** What does not concern connections. */
export interface DpgOptions<N extends Numbers = Numbers> {
  /**
   * How numbers in JSON documents are read. JavaScript's hold 15 to 17 digits, so that a row which is read, changed and
   * written back has other numbers where it had longer ones. With `exact` those that would be altered are read as
   * `JsonNumber`, which is written digit for digit; all others stay plain numbers.
   */
  numbers?: N;
  /**
   * Is told of each call when it has ended: its name, how long it took, how many rows came, the code of a refusal. For a
   * log, a measurement or a trace. It is called where the call was awaited from, so that a span gets the right parent. A
   * call that is sent again, to another server, is told each time. What it throws, or rejects with, is not heard.
   */
  onCall?: OnCall;
}

type JsonOf<N extends Numbers> = N extends 'exact' ? ExactJsonObject : JsonObject;

/**
 * The data layer, by a connection string (`postgres://user:password@host:5432/database`) or by a postgres.js instance
 * of your own, however it is configured, or a transaction of it. Nothing is sent before the first call.
 *
 * Each method is one function of the database and sends one statement. It takes the function's arguments by their names
 * there, as one object; where it concerns one item or action, its reference comes first, and a row will do for it. Rows
 * come as the database has them. Refusals are thrown as the {@link DpgError} of their code.
 */
export function createDpg<const N extends Numbers = 'javascript'>(
  url: string,
  options?: ConnectionOptions & DpgOptions<N> & ReplicaOptions,
): Dpg<postgres.Sql, JsonOf<N>>;
export function createDpg<Sql extends Queryable, const N extends Numbers = 'javascript'>(
  sql: Sql,
  options?: DpgOptions<N>,
): Dpg<Sql, JsonOf<N>>;
/**
 * The data layer where networks live on several servers: `createDpg({ homes: { yellow_dot: url }, default: url })`. Each
 * call goes to the home of the network that it names. One that has moved is found (the old server refuses and says where it
 * is), and that is remembered. What names no network (`actions.find`, `events.find`, `items.own`, `actions.counts`) asks
 * all servers and merges their answers: a server that cannot be reached is an error.
 *
 * A write is one transaction on one server: `upsertMany` of networks with different homes is refused, and so is an action
 * between their items. `dpg.sql` and `dpg.with(tx)` are the default server's; `dpg.home(network)` is the one for a transaction
 * elsewhere.
 *
 * Users are written on the default server and reach the others a moment later. The first write of a user who has just signed
 * up may be there sooner: it is repeated when the user is known there, for 3 seconds at most.
 */
export function createDpg<const N extends Numbers = 'javascript'>(
  homes: Homes,
  options?: ConnectionOptions & DpgOptions<N>,
): Dpg<postgres.Sql, JsonOf<N>>;
export function createDpg(
  urlOrSql: string | Queryable | Homes,
  given: ConnectionOptions & DpgOptions = {},
): unknown {
  const { numbers, onCall, replicas, staleness, patience, onLeftOut, ...options } = check(
    dpgOptions,
    given,
    'options',
  ) as ConnectionOptions & DpgOptions & ReplicaOptions;
  const settings: CallSettings = { isExact: numbers === 'exact', onCall };
  if (isHomes(urlOrSql)) {
    if (replicas) throw replicasOfHomes(replicas.length);
    return dpgOfHomes(new Servers(urlOrSql, options, settings), settings);
  }
  if (isQueryable(urlOrSql)) {
    if (replicas) throw replicasOfAnInstance(replicas.length);
    return dpgOn(readsOn(urlOrSql, settings), settings);
  }
  checkUrl(urlOrSql, 'createDpg takes an instance or transaction of postgres.js, or a connection string');
  const sql = connectTo(urlOrSql, options);
  const servers = replicas && new Replicas(sql, { replicas, staleness, patience, onLeftOut }, options);
  const reads = servers ? servers.reads([], settings) : readsOn(sql, settings);
  return dpgOn(reads, settings, async (how = {}) =>
    (servers ?? sql).end(check(howToEnd, how, 'how') as { timeout?: number }),
  );
}

function replicasOfHomes(count: number): InvalidArgumentError {
  return new InvalidArgumentError('DP001', 'replicas is refused: which home they are of is not said', {
    detail: { argument: 'replicas', value: count },
    hint: 'Make a dpg of one server for reads on its replicas: createDpg(url, { replicas })',
  });
}

function replicasOfAnInstance(count: number): InvalidArgumentError {
  return new InvalidArgumentError(
    'DP001',
    'replicas is refused: all calls go to the instance that was passed',
    {
      detail: { argument: 'replicas', value: count },
      hint: 'Pass the connection string of the primary: createDpg(url, { replicas })',
    },
  );
}

const dpgOptions = z.looseObject(
  {
    numbers: z.enum(['javascript', 'exact'], 'Numbers are javascript or exact.').optional(),
    ...onCallOption,
    ...replicaOptions,
  },
  'Pass an object of options.',
);
const howToEnd = fields({ timeout: z.number('Pass a number of seconds.').optional() });
const onTransaction = fields({
  tx: z.custom<Queryable>(isQueryable, 'Pass an instance or a transaction of postgres.js.'),
});

function isQueryable(given: unknown): given is Queryable {
  return typeof given === 'function' && 'unsafe' in given && 'typed' in given;
}

/** What there is, by its names alone. */
const nowhere = {} as Queryable;
const OF_ACTORS = {
  items: actorItems(nowhere, ''),
  actions: actorActions(nowhere, ''),
  events: actorEvents(nowhere, ''),
};
const OF_INSTANCES = {
  items: instanceItems(nowhere),
  actions: instanceActions(nowhere),
  events: instanceEvents(nowhere),
};

/** Where networks live on several servers. */
function dpgOfHomes(servers: Servers, settings: CallSettings): Dpg<postgres.Sql, never> {
  const dpgOf = (
    home: Home,
    end?: Dpg['end'],
    way = servers.wayOf(home, home.way),
  ): Dpg<postgres.Sql, never> => ({
    ...dpgOn(readsOn(home.sql, settings), settings, end, way),
    with: (tx) => {
      check(onTransaction, { tx });
      const reads = readsOn(tx, settings, serverOf(home.sql));
      return dpgOn(reads, settings, undefined, servers.wayOf(home, reads.way));
    },
    health: async (how = {}) => {
      const asked = way === servers.way ? servers.known : [home];
      return healthOf(
        asked.map(({ sql }) => ({ sql, isReplica: false })),
        check(askHealth, how, 'how') as AskHealth,
      );
    },
    home: (network) => dpgOf(servers.homeOf(check(ofNetwork, { network }).network)),
    homes: async () => (await servers.all()).map((one) => dpgOf(one)),
    at: (position) => {
      check(startingAt, { position });
      return dpgOf(home, undefined, way);
    },
  });
  const end: Dpg['end'] = async (how = {}) =>
    servers.end(check(howToEnd, how, 'how') as { timeout?: number });
  return dpgOf(servers.default, end, servers.way);
}

function dpgOn<Sql extends Queryable>(
  reads: Reads<Sql>,
  settings: CallSettings,
  end: Dpg['end'] = async () => undefined,
  way = reads.way,
): Dpg<Sql, never> {
  const { sql } = reads;
  const dpg: Dpg<Sql, never> = {
    sql,
    items: withHints(instanceItems<never>(way), OF_ACTORS.items, takesActor('items')),
    actions: withHints(instanceActions(way), OF_ACTORS.actions, takesActor('actions')),
    events: withHints(instanceEvents(way), OF_ACTORS.events, takesActor('events')),
    partitions: partitionsOf(way),
    networks: networksOf(way),
    subscriptions: subscriptionsOf(way) as SubscriptionsOf<never>,
    as(actor) {
      check(whoever, { actor });
      return {
        actor,
        items: withHints(actorItems<never>(way, actor), OF_INSTANCES.items, takesNoActor('items')),
        actions: withHints(actorActions(way, actor), OF_INSTANCES.actions, takesNoActor('actions')),
        events: withHints(actorEvents(way, actor), OF_INSTANCES.events, takesNoActor('events')),
      };
    },
    with: (tx) => {
      check(onTransaction, { tx });
      return dpgOn(readsOn(tx, settings, reads.server), settings);
    },
    home: (network) => {
      check(ofNetwork, { network });
      return dpg;
    },
    homes: async () => [dpg],
    position: () => reads.position(),
    async health(how = {}) {
      const asked = reads.servers();
      if (asked.length === 0) throw healthOfTransaction();
      return healthOf(asked, check(askHealth, how, 'how') as AskHealth);
    },
    at: (position) => dpgOn(reads.at(check(startingAt, { position }).position), settings),
    end,
    [Symbol.asyncDispose]: () => end(),
  };
  return dpg;
}
