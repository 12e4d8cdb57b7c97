import { connectTo } from '../connection.js';
import { runMigrations } from './graphile-migrate.js';
import { MigrationError } from './migration-error.js';
import { migrationsFolder } from './shipped.js';
import { type MigrationStatus, migrationStatus } from './status.js';

export interface MigrateOptions {
  /** The folder that holds `committed/`; the package's own unless told. */
  migrationsFolder?: string;
  /** For how long to wait while another process migrates the same database; 60 unless told. */
  waitSeconds?: number;
}

export interface Migrated {
  /** The files that were run by this call, or meanwhile by another that it waited for. */
  applied: string[];
  /** How the database stands now. */
  migrations: MigrationStatus[];
}

/** What to do where two projects share a record. */
export const FOREIGN_HINT =
  'graphile-migrate has one record in a database, graphile_migrate.migrations, and goes by the number alone: of two projects the numbers that one has run are skipped by the other. Migrate dpg-database by itself in a database of its own, or take the text of its migrations/committed into those of the application.';

/** As it stands in the record: 000001.sql. */
const recordedName = ({ name }: MigrationStatus) => name.replace(/^(\d+).*$/, '$1.sql');

const PAUSE_MILLISECONDS = 250;

/**
 * Brings a database up to date: runs the migrations of this package that it has not run yet, each in a transaction. Where
 * there are none it changes nothing. `url` names the database and a role that may create schemas in it; it goes to the
 * server directly, not through a pooler of transactions. Needs the package graphile-migrate when there is something to
 * run, and keeps the same record, so that its own command finds the database up to date.
 *
 * Several processes may call it at once: one works, the others wait.
 * @throws {MigrationError} with a hint that says what to do: what the role may not do itself is named as a statement
 */
export async function migrate(
  url: string,
  { migrationsFolder: folder = migrationsFolder(), waitSeconds = 60 }: MigrateOptions = {},
): Promise<Migrated> {
  const before = await statusOf(url, folder);
  refuseAltered(before);
  refuseForeign(before);
  if (!before.some(({ state }) => state === 'pending')) return { applied: [], migrations: before };

  await runWithin(waitSeconds, url, folder);
  const migrations = await statusOf(url, folder);
  const pending = new Set(before.filter(({ state }) => state === 'pending').map(({ name }) => name));
  const applied = migrations.filter(({ name, state }) => state === 'applied' && pending.has(name));
  return { applied: applied.map(({ name }) => name), migrations };
}

async function runWithin(seconds: number, url: string, folder: string): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  try {
    while (!(await runMigrations(url, folder))) {
      if (Date.now() >= deadline) {
        throw new MigrationError(`another process has been migrating this database for ${seconds} s`, {
          hint: 'Wait for it, then repeat the call; pg_stat_activity shows what it does.',
        });
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
    }
  } catch (error) {
    if (error instanceof MigrationError) throw error;
    const { message, code, hint } = error as { message: string; code?: string; hint?: string };
    const failed = (await statusOf(url, folder)).find(({ state }) => state === 'pending')?.name;
    throw new MigrationError(`${failed}: ${message}`, {
      code,
      hint: hint ?? (code === '42501' ? await lackingCreate(url) : undefined),
      cause: error,
    });
  }
}

/** What an administrator must run where the role may make no schemas; nothing where it may. */
async function lackingCreate(url: string): Promise<string | undefined> {
  const sql = connectTo(url, { max: 1, prepare: false });
  try {
    const [row] = await sql`
      select format('grant create on database %I to %I;', current_database(), current_user) as statement
      where not has_database_privilege(current_database(), 'create')`;
    return row && `The owner of the database must run: ${row.statement}`;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** The files differ from what was run: nobody knows what running the rest would make of it. */
function refuseAltered(migrations: MigrationStatus[]): void {
  const altered = migrations.find(({ state }) => state === 'altered');
  if (!altered) return;
  throw new MigrationError(
    `${altered.name} was run on this database with other content (${altered.recorded_hash}) than this package has (${altered.shipped_hash})`,
    {
      hint: 'Install the version of dpg-database that migrated it. If the application keeps its own migrations by graphile-migrate in this database, take the text of migrations/committed into those.',
    },
  );
}

/** graphile-migrate would take ours of these numbers for run, without a word. */
function refuseForeign(migrations: MigrationStatus[]): void {
  const foreign = migrations.find(({ state }) => state === 'foreign');
  if (!foreign) return;
  throw new MigrationError(
    `another project of graphile-migrate keeps its record in this database: ${recordedName(foreign)} is not of dpg-database (${foreign.recorded_hash})`,
    { hint: FOREIGN_HINT },
  );
}

async function statusOf(url: string, folder: string): Promise<MigrationStatus[]> {
  const sql = connectTo(url, { max: 1, prepare: false });
  try {
    return await migrationStatus(sql, { migrationsFolder: folder });
  } finally {
    await sql.end({ timeout: 5 });
  }
}
