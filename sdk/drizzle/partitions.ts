import { type SQL, sql } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { DpgError, toDpgError } from '../errors.js';

/** A drizzle database for PostgreSQL, whatever its driver and schema, or a transaction of one. */
export type DrizzleDatabase = Pick<PgDatabase<PgQueryResultHKT>, 'select'>;

/**
 * Makes the partition for the items of a network and domain where it is missing, and returns its name:
 * `dpg.i_p_yellowdot_student`. Safe under any concurrency. In a transaction, a partition that it makes stays locked until
 * the transaction ends, so call it before.
 * @throws {InvalidArgumentError} {@link PartitionUnavailableError} {@link NotInNetworkError}
 */
export function ensureItemPartition(db: DrizzleDatabase, network: string, domain: string): Promise<string> {
  return leaf(db, sql`dpg.ensure_item_partition(item_network => ${network}, item_domain => ${domain})`);
}

/**
 * The same for the actions of a type whose targets are in a network: `dpg.a_p_yellowdot_connect`.
 * @throws {InvalidArgumentError} {@link PartitionUnavailableError} {@link NotInNetworkError}
 */
export function ensureActionPartition(
  db: DrizzleDatabase,
  network: string,
  actionType: string,
): Promise<string> {
  return leaf(
    db,
    sql`dpg.ensure_action_partition(partition_network => ${network}, action_type => ${actionType})`,
  );
}

/**
 * The same for the events of those actions: `dpg.e_p_yellowdot_connect`.
 * @throws {InvalidArgumentError} {@link PartitionUnavailableError} {@link NotInNetworkError}
 */
export function ensureActionEventPartition(
  db: DrizzleDatabase,
  network: string,
  actionType: string,
): Promise<string> {
  return leaf(
    db,
    sql`dpg.ensure_action_event_partition(partition_network => ${network}, action_type => ${actionType})`,
  );
}

/** By `select`, since what `execute` returns differs from driver to driver. */
async function leaf(db: DrizzleDatabase, call: SQL): Promise<string> {
  try {
    const [row] = await db
      // as regclass it would be written without its schema where search_path has that
      .select({ leaf: sql<string>`(pg_identify_object('pg_class'::regclass, leaf::oid, 0)).identity` })
      .from(sql`${call} as leaf`);
    return (row as { leaf: string }).leaf;
  } catch (error) {
    // drizzle wraps what the driver throws
    const refusal = toDpgError(error instanceof Error && error.cause instanceof Error ? error.cause : error);
    throw refusal instanceof DpgError ? refusal : error;
  }
}
