import type postgres from 'postgres';
import { type ActorActions, actorActions, type InstanceActions, instanceActions } from './actions.js';
import { check, fields, key } from './arguments.js';
import type { Queryable } from './client.js';
import { type ConnectionOptions, connectTo } from './connection.js';
import { type ActorEvents, actorEvents, type InstanceEvents, instanceEvents } from './events.js';
import { type Subscriptions, subscriptionsOf } from './feed.js';
import { type ActorItems, actorItems, type ReadItems, readItems } from './items.js';
import { type Networks, networksOf } from './networks.js';
import { type Partitions, partitionsOf } from './partitions.js';

export type { ConnectionOptions };

const whoever = fields({ actor: key });

/** The data layer on a postgres.js instance or transaction. */
export interface Dpg<Sql extends Queryable = postgres.Sql> {
  /** The postgres.js instance or transaction, for statements of your own. */
  readonly sql: Sql;

  /** Reading items. Writing them takes an actor: `dpg.as(actor).items`. */
  readonly items: ReadItems;

  /** Declaring actions, and receiving them from other instances. The rest takes an actor: `dpg.as(actor).actions`. */
  readonly actions: InstanceActions;

  /** Storing the events of other instances. Finding events takes an actor: `dpg.as(actor).events`. */
  readonly events: InstanceEvents;

  readonly partitions: Partitions;

  /** The networks that the database holds to their documents. */
  readonly networks: Networks;

  /** The feed of this instance's events. */
  readonly subscriptions: Subscriptions;

  /**
   * On behalf of a user whom the application has authenticated: `actor` is the user's id.
   * @throws {InvalidArgumentError} at once, when it is no key
   */
  as(actor: string): ActorDpg;

  /**
   * The same API on a transaction: `dpg.sql.begin(async (tx) => { await dpg.with(tx).as(actor)… })`. A refusal ends the
   * transaction, as every error does in PostgreSQL; within `tx.savepoint(…)` it ends the savepoint.
   */
  with<Tx extends Queryable>(tx: Tx): Dpg<Tx>;

  /**
   * Closes the connections that the SDK made for a connection string; an instance that you passed is left as it is.
   * Waits for running statements, for `timeout` seconds at most when given.
   */
  end(how?: { timeout?: number }): Promise<void>;

  /** `await using dpg = createDpg(url)` ends it with the block. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The data layer on behalf of a user. */
export interface ActorDpg {
  readonly actor: string;
  readonly items: ActorItems;
  readonly actions: ActorActions;
  readonly events: ActorEvents;
}

/**
 * The data layer, by a connection string (`postgres://user:password@host:5432/database`) or by a postgres.js instance
 * of your own, however it is configured, or a transaction of it. Nothing is sent before the first call.
 *
 * Each method is one function of the database and sends one statement. It takes the function's arguments by their names
 * there, as one object; where it concerns one item or action, its reference comes first, and a row will do for it. Rows
 * come as the database has them. Refusals are thrown as the {@link DpgError} of their code.
 */
export function createDpg(url: string, options?: ConnectionOptions): Dpg<postgres.Sql>;
export function createDpg<Sql extends Queryable>(sql: Sql): Dpg<Sql>;
export function createDpg(
  urlOrSql: string | Queryable,
  options: ConnectionOptions = {},
): Dpg<postgres.Sql | Queryable> {
  if (typeof urlOrSql === 'string' && urlOrSql !== '') {
    const sql = connectTo(urlOrSql, options);
    return dpgOn(sql, (how) => sql.end(how));
  }
  if (isQueryable(urlOrSql)) return dpgOn(urlOrSql);
  throw new TypeError('createDpg takes a connection string, or an instance or transaction of postgres.js');
}

function isQueryable(given: unknown): given is Queryable {
  return typeof given === 'function' && 'unsafe' in given && 'typed' in given;
}

function dpgOn<Sql extends Queryable>(sql: Sql, end: Dpg['end'] = async () => undefined): Dpg<Sql> {
  return {
    sql,
    items: readItems(sql),
    actions: instanceActions(sql),
    events: instanceEvents(sql),
    partitions: partitionsOf(sql),
    networks: networksOf(sql),
    subscriptions: subscriptionsOf(sql),
    as(actor) {
      check(whoever, { actor });
      return {
        actor,
        items: actorItems(sql, actor),
        actions: actorActions(sql, actor),
        events: actorEvents(sql, actor),
      };
    },
    with: (tx) => dpgOn(tx),
    end,
    [Symbol.asyncDispose]: () => end(),
  };
}
