import { randomBytes } from 'node:crypto';
import type postgres from 'postgres';
import { z } from 'zod';
import { check, fields } from '../arguments.js';
import { checkUrl, connectTo } from '../connection.js';
import { isConnectionLoss } from '../connection-loss.js';
import { type Attempt, type Failure, Migrator } from './graphile-migrate.js';
import { MigrationError } from './migration-error.js';
import { migrationsFolder } from './shipped.js';
import { type MigrationStatus, migrationStatus } from './status.js';
import { holdersInWords, inWords, pause, type Waiting, Watch } from './waiting.js';

export interface MigrateOptions {
  /** The folder that holds `committed/`; the package's own unless told. */
  migrationsFolder?: string;
  /** For how long to wait, for another process that migrates the database and for locks that others hold; 60 unless told. */
  waitSeconds?: number;
  /** Told what the migration waits for, and again when it is something else. It must not throw. */
  onWaiting?: (waiting: Waiting) => void;
}

export interface Migrated {
  /** The files that this call ran. */
  applied: string[];
  /** The files that another process ran while this call waited for it. */
  applied_meanwhile: string[];
  /** How the database stands now. */
  migrations: MigrationStatus[];
}

/** What to do where two projects share a record. */
export const FOREIGN_HINT =
  'graphile-migrate has one record in a database, graphile_migrate.migrations, and goes by the number alone: of two projects the numbers that one has run are skipped by the other. Migrate dpg-database by itself in a database of its own, or take the text of its migrations/committed into those of the application.';

/** As it stands in the record: 000001.sql. */
const recordedName = ({ name }: MigrationStatus) => name.replace(/^(\d+).*$/, '$1.sql');

const A_WAIT = 'Wait for a finite number of seconds, not below 0.';

const migrateOptions = fields({
  migrationsFolder: z.string('Pass the path of the folder that holds committed/.').optional(),
  waitSeconds: z.number(A_WAIT).min(0, A_WAIT).optional(),
  onWaiting: z
    .custom<(waiting: Waiting) => void>((given) => typeof given === 'function', 'Pass a function.')
    .optional(),
});

/** Of another process that migrates. */
const PAUSE_MILLISECONDS = 250;
/** Whoever comes later queues behind a lock that is waited for, so for no longer than that. */
const LOCK_MILLISECONDS = 500;
/** Between attempts: others run meanwhile. It doubles, up to the most. */
const FIRST_PAUSE_MILLISECONDS = 500;
const MOST_PAUSE_MILLISECONDS = 8000;

/**
 * Brings a database up to date: runs the migrations of this package that it has not run yet, each in a transaction. Where
 * there are none it changes nothing. `url` names the database and a role that may create schemas in it; it goes to the
 * server directly, not through a pooler of transactions. Needs the package graphile-migrate when there is something to
 * run, and keeps the same record, so that its own command finds the database up to date.
 *
 * Several processes may call it at once: one works, the others wait. A migration that does not get a lock in half a second
 * is rolled back and tried again after a pause, so that an application goes on while it waits. Whatever happens to the
 * connection, the promise rejects; the process goes on.
 * @throws {MigrationError} with a hint that says what to do: what the role may not do itself is named as a statement
 * @throws {InvalidArgumentError} when `url` is none
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<Migrated> {
  checkUrl(url, 'migrate takes a connection string');
  const {
    migrationsFolder: folder = migrationsFolder(),
    waitSeconds = 60,
    onWaiting,
  } = check(migrateOptions, options, 'options');
  const sql = connectTo(url, { max: 1, prepare: false });
  try {
    const before = await migrationStatus(sql, { migrationsFolder: folder });
    refuseAltered(before);
    refuseForeign(before);
    const pending = before.flatMap(({ name, state }) => (state === 'pending' ? [name] : []));
    if (pending.length === 0) return { applied: [], applied_meanwhile: [], migrations: before };

    const name = `dpg-database migrate ${randomBytes(4).toString('hex')}`;
    const migrator = new Migrator(url, folder, name);
    const watch = new Watch(sql, name, onWaiting);
    let applied: string[];
    try {
      applied = await attempts(waitSeconds, migrator, watch);
    } catch (error) {
      if (error instanceof MigrationError && error.code === '42501' && !error.hint)
        throw withHint(error, await lackingCreate(sql));
      throw error;
    } finally {
      await migrator.end();
    }
    const migrations = await migrationStatus(sql, { migrationsFolder: folder });
    const stillPending = new Set(
      migrations.flatMap(({ name, state }) => (state === 'pending' ? [name] : [])),
    );
    return {
      applied,
      applied_meanwhile: pending.filter((file) => !applied.includes(file) && !stillPending.has(file)),
      migrations,
    };
  } catch (error) {
    throw isConnectionLoss(error) && !(error instanceof MigrationError)
      ? lost(error as Failure, error)
      : error;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Tries until all is done, or for so many seconds; what was run. */
async function attempts(waitSeconds: number, migrator: Migrator, watch: Watch): Promise<string[]> {
  const deadline = Date.now() + waitSeconds * 1000;
  const applied: string[] = [];
  let refusals = 0;
  for (;;) {
    const attempt: Promise<Attempt> = migrator.attempt(watch.autovacuumMilliseconds ?? LOCK_MILLISECONDS);
    const { ran, failure } = await watch.during(attempt);
    applied.push(...ran);
    if (!failure) return applied;
    const isOther = failure.message === 'Failed to get exclusive lock';
    if (!isOther && !isLockRefused(failure)) throw failed(failure);
    if (isOther) await watch.look('migration');

    const left = deadline - Date.now();
    if (left <= 0)
      throw isOther ? stillMigrated(waitSeconds, watch) : stillLocked(waitSeconds, failure, watch);
    const pauseMilliseconds = isOther
      ? PAUSE_MILLISECONDS
      : Math.min(MOST_PAUSE_MILLISECONDS, FIRST_PAUSE_MILLISECONDS * 2 ** refusals);
    if (!isOther) refusals += 1;
    await pause(Math.min(pauseMilliseconds, left));
  }
}

/** No lock in time, or chosen to end a deadlock: the whole migration was rolled back, and can be tried again. */
function isLockRefused({ code, isLost }: Failure): boolean {
  return !isLost && (code === '55P03' || code === '40P01');
}

function stillMigrated(seconds: number, { last }: Watch): MigrationError {
  const who =
    last?.for === 'migration' && last.holders.length > 0 ? ` (${holdersInWords(last.holders)})` : '';
  return new MigrationError(`another process has been migrating this database for ${seconds} s${who}`, {
    hint: 'Wait for it, then repeat the call; pg_stat_activity shows what it does.',
  });
}

function stillLocked(seconds: number, failure: Failure, { last }: Watch): MigrationError {
  const what = last?.for === 'lock' ? inWords(last) : 'a lock';
  const pids = last?.for === 'lock' ? last.holders.flatMap(({ pid }) => (pid === 0 ? [] : [pid])) : [];
  const end = pids.map((pid) => `select pg_terminate_backend(${pid});`).join(' ');
  return new MigrationError(`${failure.migration}: ${failure.message}: waited ${seconds} s for ${what}`, {
    code: failure.code,
    hint: `Nothing of this migration is left. Repeat the call when that transaction has ended${end && `, or end it: ${end}`}`,
    cause: asError(failure),
  });
}

function failed(failure: Failure): MigrationError {
  if (failure.isLost || isConnectionLoss(asError(failure))) return lost(failure, asError(failure));
  const { migration, message, code, hint } = failure;
  return new MigrationError(migration ? `${migration}: ${message}` : message, {
    code,
    hint,
    cause: asError(failure),
  });
}

/** As it was thrown in the thread. */
function asError({ message, code, hint }: Failure): Error {
  return Object.assign(new Error(message), { code, hint });
}

/** connection_failure, where nobody else has said anything. */
const CONNECTION_FAILURE = '08006';

function lost({ migration, message, code }: Partial<Failure>, cause: unknown): MigrationError {
  return new MigrationError(
    `${migration ? `${migration}: ` : ''}the connection was lost: ${message || code}`,
    {
      code: code ?? CONNECTION_FAILURE,
      hint: 'A migration is run as a whole or not at all. Repeat the call: it finds out what was run.',
      cause,
    },
  );
}

function withHint({ message, code, cause }: MigrationError, hint: string | undefined): MigrationError {
  return new MigrationError(message, { code, hint, cause });
}

/** What an administrator must run where the role may make no schemas; nothing where it may. */
async function lackingCreate(sql: postgres.Sql): Promise<string | undefined> {
  const [row] = await sql`
    select format('grant create on database %I to %I;', current_database(), current_user) as statement
    where not has_database_privilege(current_database(), 'create')`;
  return row && `The owner of the database must run: ${row.statement}`;
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
