// The transaction of an adoption: what has to be there, its settings, its locks, and what PostgreSQL refuses on the way.

import type postgres from 'postgres';
import { Refusal } from '../command.js';
import type { Source } from './source.js';
import { roots } from './tables.js';

export async function checkDatabase(sql: postgres.ISql, timeZone: string): Promise<void> {
  const [row] = await sql<{ is_migrated: boolean; is_zone: boolean }[]>`
    select exists (
        select
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'dpg_private' and c.relname = 'mirrored_actions'
      ) as is_migrated,
      exists (select from pg_timezone_names z where z.name = ${timeZone}) as is_zone`;
  if (!row?.is_migrated) {
    throw new Refusal(
      'the tables of dpg are not in this database yet',
      'Run the migrations first: npx dpg-database migrate',
    );
  }
  if (!row.is_zone) {
    throw new Refusal(
      `the server knows no time zone '${timeZone}'`,
      'Name one of pg_timezone_names, such as Asia/Kolkata.',
    );
  }
}

// Rows that a policy hides would be left out without a word: an error instead. No limit on time ends it half-way. Tables
// that were never analysed look small, and a nested loop over them would never end; nor would a merge of rows that are
// sorted by their partition keys alone. Values are written as text in one way, whatever the session's settings.
export const settings = `
  set local row_security = off;
  set local standard_conforming_strings = on;
  set local datestyle = 'ISO';
  set local intervalstyle = 'postgres';
  set local extra_float_digits = 1;
  set local statement_timeout = 0;
  set local idle_in_transaction_session_timeout = 0;
  set local jit = off;
  set local enable_nestloop = off;
  set local enable_mergejoin = off;
  select set_config('transaction_timeout', '0', true) where current_setting('server_version_num')::integer >= 170000;
  select set_config('work_mem', '64MB', true) where pg_size_bytes(current_setting('work_mem')) < 67108864`;

/**
 * Beside PostgreSQL's own only the schemas of these extensions: PostgreSQL 15 cannot plan a statement on items with the
 * seed's index on ll_to_earth otherwise.
 */
export async function findExtensions(tx: postgres.ISql): Promise<void> {
  await tx`
    select set_config(
      'search_path',
      concat_ws(
        ', ',
        'pg_catalog',
        (
          select string_agg(distinct quote_ident(n.nspname), ', ')
          from pg_extension e
          join pg_namespace n on n.oid = e.extnamespace
          where e.extname in ('cube', 'earthdistance')
        ),
        'pg_temp'
      ),
      true
    )`;
}

export async function lock(tx: postgres.ISql, source: Source, seconds: number): Promise<void> {
  const names = roots.flatMap((root) => source.tables[root]?.name ?? []);
  // to add a column takes this lock anyway, and would wait for it without a limit and in the midst
  const added = roots.filter((root) => source.tables[root]?.kept.some((column) => !column.is_there));
  await tx.unsafe(`
    set local lock_timeout = '${Math.ceil(seconds * 1000)}ms';
    lock table ${names.join(', ')} in share row exclusive mode;
    ${added.map((root) => `lock table dpg.${root} in access exclusive mode;`).join(' ')}
    set local lock_timeout = 0`);
}

/** What PostgreSQL refuses on the way, in words of our own where something can be done about it. */
export function inWords(error: unknown): unknown {
  const code = (error as { code?: unknown }).code;
  const message = error instanceof Error ? error.message : String(error);
  const options = { cause: error };
  if (code === '55P03') {
    return new Refusal(
      `the tables could not be locked: somebody is using them (${message}); nothing was changed`,
      'Stop the application, or repeat the call at a quieter time.',
      options,
    );
  }
  if (code === '40001' || code === '40P01' || code === '23505' || code === '23503') {
    return new Refusal(
      `somebody changed dpg or the users meanwhile (${message}); nothing was changed`,
      'Repeat the call.',
      options,
    );
  }
  if (code === '42501') {
    return new Refusal(
      `${message}; nothing was changed`,
      message.includes('row-level security')
        ? 'The policy would hide rows. Connect as a superuser, or have the owner of the table run: alter table … disable row level security; and no force row level security;'
        : 'Connect as the owner of the old tables, who is a member of the role that migrates too; or ask the owner of what is named for the grant.',
      options,
    );
  }
  if (code === '53200') {
    return new Refusal(
      `the server ran out of room for locks (${message}); nothing was changed`,
      'Raise max_locks_per_transaction: a hundred more for each hundred partitions is enough at the default of max_connections; restart the server.',
      options,
    );
  }
  return error;
}
