// The optional peer: nobody needs it but for migrating, and then only where there is something to run.

import { MigrationError } from './migration-error.js';

export const VERSION = '2.0.0-rc.3';

type Module = typeof import('graphile-migrate');

/** It keeps its connections for 200 ms after the last use, and ends this process if the database goes away meanwhile. */
const KEPT_MILLISECONDS = 300;

async function graphileMigrate(): Promise<Module> {
  try {
    const loaded = (await import('graphile-migrate')) as Module & { default?: Module };
    return loaded.default ?? loaded;
  } catch (cause) {
    const code = (cause as { code?: unknown }).code;
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw cause;
    throw new MigrationError('graphile-migrate, which runs the migrations, is not installed', {
      hint: `Run: npm install graphile-migrate@${VERSION}`,
      cause,
    });
  }
}

/** Runs what the database has not run yet. False when somebody else is migrating it. */
export async function runMigrations(url: string, migrationsFolder: string): Promise<boolean> {
  const { migrate, Logger } = await graphileMigrate();
  try {
    await migrate({
      connectionString: url,
      // never used, but compared with the former: what an environment holds for development is not for here
      rootConnectionString: 'postgres:///template1',
      migrationsFolder,
      logger: new Logger(() => () => undefined), // what it says of an error comes with the exception as well
    });
    return true;
  } catch (error) {
    if (error instanceof Error && error.message === 'Failed to get exclusive lock') return false;
    throw error;
  } finally {
    await new Promise((resolve) => setTimeout(resolve, KEPT_MILLISECONDS));
  }
}
