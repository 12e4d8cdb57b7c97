// Rows that dpg cannot hold: listed with examples, and kept in a table of their own when the caller says so.

import type postgres from 'postgres';
import { explain } from './reasons.js';
import type { Source } from './source.js';
import { literal } from './sql-text.js';
import { notes } from './stages.js';
import { type Root, roots, tables } from './tables.js';

const QUARANTINE = 'dpg.quarantined_rows';

export interface Problem {
  root: Root;
  /** A code and, where one column is to blame, its name. */
  reason: string;
  explanation: string;
  rows: number;
  /** Keys of some of these rows. */
  examples: Record<string, unknown>[];
}

/** Rows that are in quarantine from an earlier time are not in the way again. */
export async function passQuarantined(sql: postgres.ISql, source: Source, root: Root): Promise<void> {
  const table = source.tables[root];
  const [there] = await sql`select to_regclass(${QUARANTINE}) is not null as is_there`;
  if (!table || !there?.is_there) return;
  await sql.unsafe(`
    update ${notes[root]} n
    set is_kept = true, is_there = true, reasons = '{}'
    from ${table.name} o
    where n.reasons <> '{}' and o.tableoid = n.leaf_id and o.ctid = n.row_id
      and exists (
        select from ${QUARANTINE} q where q.source_table = ${literal(table.name)} and q.source_row = to_jsonb(o)
      )`);
}

export async function problems(sql: postgres.ISql, source: Source): Promise<Problem[]> {
  const found: Problem[] = [];
  for (const root of roots) {
    const table = source.tables[root];
    if (!table) continue;
    const key = tables[root].key.filter((name) => table.types.has(name));
    const rows = await sql.unsafe<{ reason: string; rows: number; examples: string }[]>(`
      select s.reason, s.rows,
        (
          select jsonb_agg(to_jsonb(e))::text
          from (
            select ${key.map((name) => `o.${name}`).join(', ')}
            from unnest(s.leaf_ids, s.row_ids) w(leaf_id, row_id)
            join ${table.name} o on o.tableoid = w.leaf_id and o.ctid = w.row_id
          ) e
        ) as examples
      from (
        select r.reason, count(*)::double precision as rows,
          (array_agg(n.leaf_id order by n.leaf_id, n.row_id))[1:3] as leaf_ids,
          (array_agg(n.row_id order by n.leaf_id, n.row_id))[1:3] as row_ids
        from ${notes[root]} n
        cross join unnest(n.reasons) r(reason)
        group by r.reason
      ) s
      order by s.rows desc, s.reason`);
    for (const { reason, rows: count, examples } of rows) {
      found.push({ root, reason, explanation: explain(reason), rows: count, examples: JSON.parse(examples) });
    }
  }
  return found;
}

/** Users that own old items and are not in public."user", with how many items each. */
export async function missingUsers(sql: postgres.ISql): Promise<{ user: string | null; items: number }[]> {
  const rows = await sql.unsafe<{ user: string | null; items: number }[]>(`
    select n.created_by as "user", count(*)::double precision as items
    from ${notes.items} n
    where n.is_user_missing
    group by n.created_by
    order by 2 desc, n.created_by collate "C"
    limit 20`);
  return [...rows];
}

export async function quarantine(sql: postgres.ISql, source: Source): Promise<number> {
  await sql.unsafe(`
    create table if not exists ${QUARANTINE} (
      quarantined_row_id bigint generated always as identity,
      quarantined_at timestamptz not null default clock_timestamp(),
      source_table text not null,
      source_leaf text not null,
      reasons text[] not null,
      source_row jsonb not null,
      constraint quarantined_rows_pkey primary key (quarantined_row_id)
    );
    comment on table ${QUARANTINE} is
      'Rows of older tables that could not be moved here, kept whole. Made by "dpg-database adopt --quarantine"; nothing else reads or writes it. For dpg_admin.';
    comment on column ${QUARANTINE}.quarantined_row_id is 'In the order in which rows were put here.';
    comment on column ${QUARANTINE}.quarantined_at is 'When the row was put here.';
    comment on column ${QUARANTINE}.source_table is 'The table that was moved.';
    comment on column ${QUARANTINE}.source_leaf is 'The table or partition in which the row was.';
    comment on column ${QUARANTINE}.reasons is 'Why it could not be moved: each a code and, where one column is to blame, its name.';
    comment on column ${QUARANTINE}.source_row is 'The whole row as it was, by column name; times without time zone as they stood.';
    revoke all on ${QUARANTINE} from public, dpg_app, dpg_readonly;
    grant select on ${QUARANTINE} to dpg_admin`);
  let count = 0;
  for (const root of roots) {
    const table = source.tables[root];
    if (!table) continue;
    const inserted = await sql.unsafe(`
      insert into ${QUARANTINE} (source_table, source_leaf, reasons, source_row)
      select ${literal(table.name)}, format('%I.%I', m.nspname, c.relname), n.reasons, to_jsonb(o)
      from ${notes[root]} n
      join pg_class c on c.oid = n.leaf_id
      join pg_namespace m on m.oid = c.relnamespace
      join ${table.name} o on o.tableoid = n.leaf_id and o.ctid = n.row_id
      where n.reasons <> '{}'
      order by n.leaf_id, n.row_id`);
    count += inserted.count;
  }
  return count;
}
