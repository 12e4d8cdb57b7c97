// Secondary indexes are built after a load, whatever they are called.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type postgres from 'postgres';
import { sqlFolder } from '../../support/migrations.js';

/** Of one of this project's tables and of its leaves. */
export async function dropSecondaryIndexes(sql: postgres.Sql, table: string): Promise<void> {
  const indexes = await sql<{ name: string }[]>`
    select i.indexrelid::regclass::text as name
    from pg_index i
    where i.indrelid = ${table}::regclass
      and not exists (select from pg_constraint c where c.conindid = i.indexrelid)`;
  for (const { name } of indexes) await sql.unsafe(`drop index ${name}`);
}

/** `file` is in the folder sql. */
export async function createIndexes(sql: postgres.Sql, file: string): Promise<void> {
  await sql.unsafe(await readFile(join(sqlFolder, file), 'utf8')).simple();
}
