// The server for development: up until it is told to stop, its databases migrated.

import { join } from 'node:path';
import { migrateToCurrent, projectFolder } from '../support/migrations.js';
import { type Server, type StartOptions, startServer, withAdmin } from '../support/server.js';

export interface Development {
  server: Server;
  /** DATABASE_URL, SHADOW_DATABASE_URL and ROOT_DATABASE_URL, as graphile-migrate wants them. */
  urls: Record<'DATABASE_URL' | 'SHADOW_DATABASE_URL' | 'ROOT_DATABASE_URL', string>;
}

export async function startDevelopment(options: StartOptions = {}): Promise<Development> {
  const directory = options.keep ? keptDirectory(options) : undefined;
  const server = await startServer({ ...options, ...(directory && { directory }) });
  try {
    for (const name of ['dpg', 'dpg_shadow']) await createWhereMissing(server, name);
    return {
      server,
      urls: {
        DATABASE_URL: server.url('dpg'),
        SHADOW_DATABASE_URL: server.url('dpg_shadow'),
        ROOT_DATABASE_URL: server.adminUrl,
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

export async function startMigrated(options: StartOptions = {}): Promise<Development> {
  const development = await startDevelopment(options);
  try {
    await migrateToCurrent(development.urls.DATABASE_URL);
    return development;
  } catch (error) {
    await development.server.stop();
    throw error;
  }
}

export function describe({ server, urls }: Development): string {
  return [
    `PostgreSQL ${server.version} (${server.kind}${server.embedded ? `, ${server.embedded.directory}` : ''})`,
    '',
    ...Object.entries(urls).map(([name, url]) => `export ${name}='${url}'`),
    '',
    `psql '${urls.DATABASE_URL}'`,
    '',
  ].join('\n');
}

function keptDirectory(options: StartOptions): string {
  const version = options.version ?? process.env.DPG_POSTGRES_VERSION ?? '18';
  return options.directory ?? join(projectFolder, '.database', version);
}

async function createWhereMissing(server: Server, name: string): Promise<void> {
  const rows = await withAdmin(
    server.adminUrl,
    (sql) => sql`select from pg_database where datname = ${name}`,
  );
  if (rows.length === 0) await server.createDatabase(name);
}
