// sdk/cli/doctor/shapes.json: how each major version of PostgreSQL writes what the migrations make, for doctor to compare.

import type postgres from 'postgres';
import { declarationsOf } from '../../sdk/cli/doctor/declarations.js';
import { majorVersion, shapedTables, shapeOf } from '../../sdk/cli/doctor/shape.js';
import { shippedFiles, shippedMigrations } from '../../sdk/migrate/shipped.js';

/** The kept text with what this server writes in it; the other versions stay as they are. */
export async function shapesFile(sql: postgres.Sql, kept: string): Promise<string> {
  const { objects } = declarationsOf(shippedFiles(await shippedMigrations()));
  const shapes = await sql.begin('read only', async (transaction) => {
    await transaction`set local search_path = pg_catalog`;
    return await shapeOf(transaction, shapedTables(objects));
  });
  const all: Record<string, Record<string, string>> = kept === '' ? {} : JSON.parse(kept);
  all[await majorVersion(sql)] = Object.fromEntries(
    shapes
      .map(({ object, definition }): [string, string] => [object, definition])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return `${JSON.stringify(all, null, 2)}\n`;
}
