// sdk/cli/doctor/shapes.json: how each major version of PostgreSQL writes what the migrations make, for doctor to compare.

import type postgres from 'postgres';
import { declarationsOf } from '../../sdk/cli/doctor/declarations.js';
import { majorVersion, shapedTables, shapeOf } from '../../sdk/cli/doctor/shape.js';
import { type Definitions, definitionsOf, type KeptShapes } from '../../sdk/cli/doctor/shapes.js';
import { shippedFiles, shippedMigrations } from '../../sdk/migrate/shipped.js';

/** The kept text with what this server writes in it; the other versions stay as they are. */
export async function shapesFile(sql: postgres.Sql, kept: string): Promise<string> {
  const { objects } = declarationsOf(shippedFiles(await shippedMigrations()));
  const shapes = await sql.begin('read only', async (transaction) => {
    await transaction`set local search_path = pg_catalog`;
    return await shapeOf(transaction, shapedTables(objects));
  });
  const all: KeptShapes = kept === '' ? {} : JSON.parse(kept);
  const version = await majorVersion(sql);
  const definitions = Object.fromEntries(
    shapes
      .map(({ object, definition }): [string, string] => [object, definition])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return `${JSON.stringify({ ...all, [version]: sameLater(all, version, definitions) ?? definitions }, null, 2)}\n`;
}

/** The last version after this one that writes the same. */
function sameLater(all: KeptShapes, version: string, definitions: Definitions): string | undefined {
  const text = JSON.stringify(definitions);
  return Object.entries(definitionsOf(all))
    .filter(([other, shape]) => Number(other) > Number(version) && JSON.stringify(shape) === text)
    .map(([other]) => other)
    .at(-1);
}
