// What other commands than doctor say of a database whose objects are gone, though its record has the migrations.

import type postgres from 'postgres';
import { migrationStatus } from '../migrate/status.js';
import { expectations } from './doctor/expected.js';
import { missingObjects } from './doctor/objects.js';
import { count } from './text.js';

/** What the migrations that were run here have made and is gone, as `function dpg.get_item`. */
export async function namesOfMissing(sql: postgres.Sql): Promise<string[]> {
  return await sql.begin('read only', async (transaction) => {
    await transaction`set local search_path = pg_catalog`;
    const missing = await missingObjects(transaction, await expectations(transaction));
    return missing.map(({ kind, name, on }) =>
      on && kind !== 'index' ? `${kind} ${name} on ${on}` : `${kind} ${name}`,
    );
  });
}

export function missingLine(names: string[]): string {
  const examples = names.slice(0, 3).join(', ');
  return `${count(names.length, 'object')} missing (${examples}${names.length > 3 ? ', …' : ''}): run dpg-database doctor`;
}

/** Whether the database's own record says that it was migrated. */
export async function isRecorded(sql: postgres.Sql): Promise<boolean> {
  const migrations = await migrationStatus(sql).catch(() => []);
  return migrations.some(({ state }) => state !== 'pending');
}
