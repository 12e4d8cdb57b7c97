// ensureItemPartition and its siblings, as the seed describes them: for both levels, create if not exists, then a look
// whether the table is attached.

import { sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';

export const ensureItemPartition = (db: NodePgDatabase, network: string, domain: string) =>
  ensure(db, { parent: 'items', prefix: 'i_p_', subkey: 'item_domain' }, network, domain);

export const ensureActionPartition = (db: NodePgDatabase, network: string, actionType: string) =>
  ensure(db, { parent: 'item_actions', prefix: 'a_p_', subkey: 'action_type' }, network, actionType);

export const ensureActionEventPartition = (db: NodePgDatabase, network: string, actionType: string) =>
  ensure(db, { parent: 'action_events', prefix: 'e_p_', subkey: 'action_type' }, network, actionType);

interface Root {
  parent: string;
  prefix: string;
  subkey: string;
}

async function ensure(db: NodePgDatabase, root: Root, network: string, key: string): Promise<void> {
  const networkTable = `${root.prefix}${normalized(network)}`;
  const leaf = `${networkTable}_${normalized(key)}`;
  await db.execute(
    sql`create table if not exists ${sql.identifier(networkTable)} partition of ${sql.identifier(root.parent)}
      for values in (${literal(network)}) partition by list (${sql.identifier(root.subkey)})`,
  );
  await checkAttached(db, root.parent, networkTable);
  await db.execute(
    sql`create table if not exists ${sql.identifier(leaf)} partition of ${sql.identifier(networkTable)}
      for values in (${literal(key)})`,
  );
  await checkAttached(db, networkTable, leaf);
}

async function checkAttached(db: NodePgDatabase, parent: string, child: string): Promise<void> {
  const { rows } = await db.execute(
    sql`select 1 from pg_inherits where inhparent = ${parent}::regclass and inhrelid = ${child}::regclass`,
  );
  if (rows.length === 0) throw new Error(`${child} is not attached to ${parent}`);
}

const normalized = (key: string) => key.toLowerCase().replace(/[^a-z0-9]/g, '');

/** A bound is no expression: it cannot be a parameter. */
const literal = (key: string) => sql.raw(`'${key.replaceAll("'", "''")}'`);
