// Before the first test: one server, and on it the databases that tests copy. After the last: gone.

import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { migrateToCurrent } from './migrations.js';
import { loadHelpers, loadPgtap } from './pgtap-source.js';
import { type Pooler, poolerVersion, startPooler } from './pooler.js';
import { identifier, type Server, startServer, withAdmin } from './server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The server's superuser, in its maintenance database. */
    adminUrl: string;
    serverVersion: string;
    /** What the names of all databases and users of this run begin with. */
    prefix: string;
    /** A migrated database, and one with pgTAP in the schema tap and what the pgTAP files share besides. */
    template: string;
    pgtapTemplate: string;
    /** With DPG_TEST_POOLER: PgBouncer before the server, through which ordinary connections of tests go. */
    poolerUrl: string | undefined;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = performance.now();
  // what is the same for each server of this run, for the tests' own servers as well
  const shared = process.env.DPG_TEST_CACHE; // of a run within a run
  const cache = shared ?? (await mkdtemp(join(tmpdir(), 'dpg-cache-')));
  await chmod(cache, 0o755);
  process.env.DPG_TEST_CACHE = cache;
  const uncache = async () => {
    if (shared === undefined) await rm(cache, { recursive: true, force: true });
  };
  const server = await startServer({ inMemory: true }).catch(async (error) => {
    await uncache();
    throw error;
  });
  const prefix = `dpg_test_${randomBytes(4).toString('hex')}`;
  let pooler: Pooler | undefined;
  try {
    const template = `${prefix}_template`;
    const pgtapTemplate = `${prefix}_pgtap`;
    await migrateToCurrent(await server.createDatabase(template));
    const pgtapUrl = await server.createDatabase(pgtapTemplate, { template });
    await loadPgtap(pgtapUrl);
    await loadHelpers(pgtapUrl);
    project.provide('adminUrl', server.adminUrl);
    project.provide('prefix', prefix);
    project.provide('serverVersion', server.version);
    project.provide('template', template);
    project.provide('pgtapTemplate', pgtapTemplate);
    if (process.env.DPG_TEST_POOLER) pooler = await startPooler(server.adminUrl);
    project.provide('poolerUrl', pooler?.url);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const behind = pooler ? `, behind PgBouncer ${poolerVersion()}` : '';
    console.log(`PostgreSQL ${server.version} (${server.kind})${behind}, migrated in ${seconds} s`);
    if (process.env.DPG_TESTS === 'server')
      console.log('Left out: tests that are the same for every version of PostgreSQL (vitest.config.ts)');
  } catch (error) {
    await pooler?.stop();
    await end(server, prefix);
    await uncache();
    throw error;
  }
  return async () => {
    await pooler?.stop();
    await end(server, prefix);
    await uncache();
  };
}

/** On a server that stays, nothing of this run does: a test that was ended half-way has not tidied up. */
async function end(server: Server, prefix: string): Promise<void> {
  if (server.kind === 'existing') {
    await withAdmin(server.adminUrl, async (sql) => {
      const databases = await sql`select datname from pg_database where starts_with(datname, ${prefix})`;
      for (const { datname } of databases) await server.dropDatabase(datname);
      const users = await sql`select rolname from pg_roles where starts_with(rolname, ${prefix})`;
      for (const { rolname } of users) await sql.unsafe(`drop role ${identifier(rolname)}`);
    });
  }
  await server.stop();
}
