import { type SQL, sql } from 'drizzle-orm';
import { z } from 'zod';
import { check, fields, key } from '../arguments.js';
import { DpgError, toDpgError } from '../errors.js';
import { NotMigratedError, toNotMigratedError } from '../not-migrated.js';

/** A drizzle database for PostgreSQL, whatever its driver and schema, or a transaction of one. */
export interface DrizzleDatabase {
  execute(query: SQL): PromiseLike<unknown>;
}

const db = z.custom<DrizzleDatabase>(
  (given) => typeof Object(given).execute === 'function',
  'Pass a database or a transaction of drizzle-orm.',
);
const ofItems = fields({ db, network: key, domain: key });
const ofActions = fields({ db, network: key, actionType: key });

/**
 * Makes the partition for the items of a network and domain where it is missing, and returns its name:
 * `dpg.i_p_yellowdot_student`. Safe under any concurrency. In a transaction, a partition that it makes stays locked until
 * the transaction ends, so call it before.
 * @throws {InvalidArgumentError} {@link PartitionUnavailableError} {@link NotInNetworkError}
 */
export async function ensureItemPartition(
  db: DrizzleDatabase,
  network: string,
  domain: string,
): Promise<string> {
  check(ofItems, { db, network, domain });
  return leaf(db, sql`dpg.ensure_item_partition(item_network => ${network}, item_domain => ${domain})`);
}

/**
 * The same for the actions of a type whose targets are in a network: `dpg.a_p_yellowdot_connect`.
 * @throws {InvalidArgumentError} {@link PartitionUnavailableError} {@link NotInNetworkError}
 */
export async function ensureActionPartition(
  db: DrizzleDatabase,
  network: string,
  actionType: string,
): Promise<string> {
  check(ofActions, { db, network, actionType });
  return leaf(
    db,
    sql`dpg.ensure_action_partition(partition_network => ${network}, action_type => ${actionType})`,
  );
}

/**
 * The same for the events of those actions: `dpg.e_p_yellowdot_connect`.
 * @throws {InvalidArgumentError} {@link PartitionUnavailableError} {@link NotInNetworkError}
 */
export async function ensureActionEventPartition(
  db: DrizzleDatabase,
  network: string,
  actionType: string,
): Promise<string> {
  check(ofActions, { db, network, actionType });
  return leaf(
    db,
    sql`dpg.ensure_action_event_partition(partition_network => ${network}, action_type => ${actionType})`,
  );
}

/** By `execute`, which goes to the primary where the database has replicas to read from. */
async function leaf(db: DrizzleDatabase, call: SQL): Promise<string> {
  try {
    // as regclass the name would be without its schema where search_path has that
    const result = await db.execute(
      sql`select (pg_identify_object('pg_class'::regclass, leaf::oid, 0)).identity as leaf from ${call} as leaf`,
    );
    // what a driver returns: the rows, or an object with them
    const [row] = (Array.isArray(result) ? result : (result as { rows: unknown[] }).rows) as [
      { leaf: string },
    ];
    return row.leaf;
  } catch (error) {
    // drizzle wraps what the driver throws
    const thrown = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const refusal = toNotMigratedError(toDpgError(thrown));
    throw refusal instanceof DpgError || refusal instanceof NotMigratedError ? refusal : error;
  }
}
