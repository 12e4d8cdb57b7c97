import { shippedFiles, shippedMigrations } from '../../migrate/shipped.js';
import { migrationStatus } from '../../migrate/status.js';
import type { Expected, Sql } from './check.js';
import { declarationsOf } from './declarations.js';

/** What must be there, by the migrations that were run here. */
export async function expectations(sql: Sql): Promise<Expected> {
  const migrations = await migrationStatus(sql);
  // where another project has the number, ours was not run
  const pending = new Set(
    migrations.filter(({ state }) => state === 'pending' || state === 'foreign').map(({ name }) => name),
  );
  const shipped = await shippedMigrations();
  const files = shippedFiles(shipped.filter(({ name }) => !pending.has(name)));
  const [cube] = await sql`
    select e.extnamespace::regnamespace::text as schema from pg_extension e where e.extname = 'cube'`;
  return { migrations, files, declarations: declarationsOf(files), cubeSchema: cube?.schema ?? 'public' };
}
