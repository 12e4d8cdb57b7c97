// Where the databases come from: one server for a run, with durable settings, and one of Debian's for PostGIS.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrateToCurrent } from '../support/migrations.js';
import { identifier, type Server, startServer, withAdmin } from '../support/server.js';
import { installMessageDb, ROLE } from './contestants/message-db.js';
import type { Options } from './options.js';

/** The one setting that differs from the defaults for speed is the memory; the others keep checkpoints out of the way. */
export const SETTINGS = {
  shared_buffers: '1GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '30min',
  maintenance_work_mem: '512MB',
  max_parallel_maintenance_workers: '0',
};
const NO_FLUSH = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

const DEBIAN = '/usr/lib/postgresql/15/bin';
const DEBIAN_POSTGIS = '/usr/share/postgresql/15/extension/postgis.control';
const SEED_TABLES = fileURLToPath(new URL('contestants/seed/tables.sql', import.meta.url));

export class Databases {
  readonly #options: Options;
  readonly #servers = new Map<string, Promise<Server>>();
  readonly #templates = new Map<string, Promise<string>>();
  readonly #roles = new Map<string, Server>();
  #made = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** The server of the run: PostgreSQL 18, or 15, from npm, or that of TEST_DATABASE_URL. */
  server(): Promise<Server> {
    return this.#server('run', () =>
      startServer({
        ...this.#how(),
        version: this.#options.pg15 ? '15' : (process.env.DPG_POSTGRES_VERSION ?? '18'),
      }),
    );
  }

  /** Debian's PostgreSQL 15, where it is installed with PostGIS. */
  async serverWithPostgis(): Promise<Server | undefined> {
    if (!existsSync(join(DEBIAN, 'postgres')) || !existsSync(DEBIAN_POSTGIS)) return undefined;
    return this.#server('postgis', () => startServer({ ...this.#how(), version: '15', binaries: DEBIAN }));
  }

  /** A migrated database of this project: its URL. */
  async migrated(server?: Server): Promise<string> {
    const on = server ?? (await this.server());
    const template = await this.#template(on, async (url) => migrateToCurrent(url));
    return this.create(on, template);
  }

  /** A database with the tables of the seed. */
  async seed(server?: Server): Promise<string> {
    const on = server ?? (await this.server());
    const url = await this.create(on);
    const tables = await readFile(SEED_TABLES, 'utf8');
    await withAdmin(url, (sql) => sql.unsafe(tables).simple());
    return url;
  }

  /** A database with message-db. */
  async withMessageDb(): Promise<string> {
    const server = await this.server();
    const url = await this.create(server);
    const madeRole = await installMessageDb(url);
    // on a server that was there before, and stays
    if (madeRole && server.kind === 'existing') this.#roles.set(ROLE, server);
    return url;
  }

  /** A database as it is now; nobody may be connected to it. */
  async copy(url: string): Promise<string> {
    const { host } = new URL(url);
    const servers = await this.running();
    const server = servers.find(({ adminUrl }) => new URL(adminUrl).host === host);
    if (!server) throw new Error(`No server of this run is at ${host}.`);
    return this.create(server, new URL(url).pathname.slice(1));
  }

  async create(server: Server, template?: string): Promise<string> {
    this.#made += 1;
    return server.createDatabase(`bench_${process.pid}_${this.#made}`, template ? { template } : {});
  }

  async drop(url: string): Promise<void> {
    const name = new URL(url).pathname.slice(1);
    for (const server of this.#servers.values()) await (await server).dropDatabase(name);
  }

  running(): Promise<Server[]> {
    return Promise.all(this.#servers.values());
  }

  async stop(): Promise<void> {
    for (const server of this.#servers.values()) await (await server).stop();
    // what a role may do in a database goes with the database
    for (const [role, { adminUrl }] of this.#roles)
      await withAdmin(adminUrl, (sql) => sql.unsafe(`drop role if exists ${identifier(role)}`));
    this.#servers.clear();
  }

  #how() {
    return {
      durable: !this.#options.noFlush,
      settings: { ...SETTINGS, ...(this.#options.noFlush ? NO_FLUSH : {}) },
    };
  }

  #server(name: string, start: () => Promise<Server>): Promise<Server> {
    const server = this.#servers.get(name) ?? start();
    this.#servers.set(name, server);
    return server;
  }

  /** Migrated once a server, then copied. */
  #template(server: Server, fill: (url: string) => Promise<void>): Promise<string> {
    const made = async () => {
      const url = await this.create(server);
      await fill(url);
      return new URL(url).pathname.slice(1);
    };
    const template = this.#templates.get(server.adminUrl) ?? made();
    this.#templates.set(server.adminUrl, template);
    return template;
  }
}
