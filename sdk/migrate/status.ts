import { z } from 'zod';
import { check, fields } from '../arguments.js';
import { MigrationError } from './migration-error.js';
import type { ShippedMigration } from './shipped.js';
import { migrationsFolder, shippedMigrations } from './shipped.js';

/** What is needed of postgres.js: an instance, or a transaction of it. */
export interface Readable {
  unsafe(query: string): PromiseLike<ArrayLike<unknown>>;
}

export interface MigrationStatus {
  /** The file, `000001-the-data-layer.sql`; as recorded, `000002.sql`, where this package does not have it. */
  name: string;
  /**
   * - `applied`: it was run on this database.
   * - `pending`: it was not.
   * - `altered`: one of this name was run, with other content.
   * - `unknown`: it was run, and this package does not have it: the database is newer.
   * - `foreign`: another project of graphile-migrate, which keeps one record a database, has recorded this number.
   */
  state: 'applied' | 'pending' | 'altered' | 'unknown' | 'foreign';
  /** ISO 8601 in UTC with microseconds; null when pending. */
  applied_at: string | null;
  /** Of the content that this package has, and that the database has recorded. */
  shipped_hash: string | null;
  recorded_hash: string | null;
}

interface Recorded {
  filename: string;
  hash: string;
  applied_at: string;
  /** Whether our schema is there, which our first migration makes. */
  has_schema: boolean;
}

const read = fields({
  sql: z.custom<Readable>(
    (given) => typeof Object(given).unsafe === 'function',
    'Pass an instance or a transaction of postgres.js.',
  ),
});

export interface StatusOptions {
  /** The folder that holds `committed/`; the package's own unless told. */
  migrationsFolder?: string | undefined;
}

/**
 * Which migrations of this package the database has, in order. Changes nothing, and needs no graphile-migrate: the
 * database's record is read as it is. The role must be the one that migrates, or a superuser.
 * @throws {MigrationError} when the record may not be read, or the files of the package were changed
 */
export async function migrationStatus(
  sql: Readable,
  { migrationsFolder: folder = migrationsFolder() }: StatusOptions = {},
): Promise<MigrationStatus[]> {
  check(read, { sql });
  return compare(await shippedMigrations(folder), await recordedMigrations(sql));
}

export function compare(shipped: ShippedMigration[], recorded: Recorded[]): MigrationStatus[] {
  const left = new Map(recorded.map((record) => [record.filename, record]));
  const isForeign = isOfAnother(shipped, recorded);
  const ours = shipped.map(({ name, filename, hash }): MigrationStatus => {
    const record = left.get(filename);
    left.delete(filename);
    return {
      name,
      state: !record ? 'pending' : isForeign ? 'foreign' : record.hash === hash ? 'applied' : 'altered',
      applied_at: record?.applied_at ?? null,
      shipped_hash: hash,
      recorded_hash: record?.hash ?? null,
    };
  });
  const others = [...left.values()].map(
    (record): MigrationStatus => ({
      name: record.filename,
      state: isForeign ? 'foreign' : 'unknown',
      applied_at: record.applied_at,
      shipped_hash: null,
      recorded_hash: record.hash,
    }),
  );
  return [...ours, ...others];
}

/**
 * Whether the record is another project's: the first migration has other content than ours, and our schema, which ours would have
 * made, is not there. The later ones follow the first, since each record refers to the one before.
 */
function isOfAnother([first]: ShippedMigration[], [recorded]: Recorded[]): boolean {
  return recorded !== undefined && recorded.hash !== first?.hash && !recorded.has_schema;
}

/** What graphile-migrate has recorded. */
export async function recordedMigrations(sql: Readable): Promise<Recorded[]> {
  const [found] = await rowsOf<{ exists: boolean; readable: boolean; role: string; owner: string }>(
    sql,
    `
    select c.oid is not null as exists,
      has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as readable,
      current_user as role, pg_get_userbyid(c.relowner) as owner
    from pg_namespace n
    left join pg_class c on c.relnamespace = n.oid and c.relname = 'migrations' and c.relkind = 'r'
    where n.nspname = 'graphile_migrate'`,
  );
  if (!found?.exists) return [];
  if (!found.readable) {
    throw new MigrationError(`role ${found.role} may not read which migrations were run`, {
      code: '42501',
      hint: `Connect as ${found.owner}, the role that migrates, or as a superuser.`,
    });
  }
  return rowsOf<Recorded>(
    sql,
    `
    select filename, hash, to_regnamespace('dpg') is not null as has_schema,
      to_char(date at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as applied_at
    from graphile_migrate.migrations
    order by filename`,
  );
}

async function rowsOf<Row>(sql: Readable, query: string): Promise<Row[]> {
  return Array.from((await sql.unsafe(query)) as ArrayLike<Row>);
}
