// Rows that dpg cannot hold: listed with examples, and kept in a table of their own when the caller says so.

import type postgres from 'postgres';
import { explain, remedy } from './reasons.js';
import { isAdopted, type OldTable, oldRows, type Source } from './source.js';
import { identifier, listed, literal } from './sql-text.js';
import { isMoved, isUnnoted, notes } from './stages.js';
import { type Root, roots, tables } from './tables.js';

const QUARANTINE = 'dpg.quarantined_rows';

export interface Problem {
  root: Root;
  /** A code and, where one column is to blame, its name. */
  reason: string;
  explanation: string;
  /** What can be done besides mending the rows, if anything. */
  hint: string | null;
  rows: number;
  /** Keys of some of these rows. */
  examples: Record<string, unknown>[];
}

/** Which old rows are in quarantine from an earlier time, and whether they are moved now. */
export const matches = 'pg_temp.adopted_matches';

export async function createMatches(sql: postgres.ISql): Promise<void> {
  await sql.unsafe(`
    create temp table adopted_matches (
      root text,
      leaf_id oid,
      row_id tid,
      quarantined_row_id bigint,
      is_replaced boolean,
      is_moved boolean not null default false
    ) on commit drop`);
}

const isMatched = (alias: string, more = 'true') => `exists (
  select from ${matches} m where m.leaf_id = ${alias}.leaf_id and m.row_id = ${alias}.row_id and ${more}
)`;

/** In a value of type json: what jsonb has no room for, such as \u0000, and would be an error. */
const BEYOND_JSONB = literal('\\\\u0000|\\\\u[dD][89a-fA-F]|[eE][+-]?[0-9]{4}');

/**
 * An old row `o` as one JSON object, whatever its columns are. What jsonb cannot hold is a text; so is an hstore, which
 * jsonb_populate_record reads from a text only.
 */
function rowAsJson({ columns }: OldTable): string {
  const isJson = columns.some(({ base_type }) => base_type === 'json' || isHstore(base_type));
  if (!isJson) return 'to_jsonb(o)';
  const values = columns.map(({ name, base_type }) => {
    const column = identifier(name);
    if (isHstore(base_type)) return `o.${column}::text as ${column}`;
    if (base_type !== 'json') return `o.${column}`;
    return `case when o.${column}::text ~ ${BEYOND_JSONB} then to_jsonb(o.${column}::text) else o.${column}::text::jsonb end as ${column}`;
  });
  return `(select to_jsonb(r) from (select ${values.join(', ')}) r)`;
}

const isHstore = (type: string) => /(^|\.)hstore$/.test(type);

/**
 * Corrects the notes of a root by what earlier runs did. A row that is in quarantine and does not fit is not in the way
 * again; nor is one that was kept because another row had its place, which may have been deleted in dpg since. After an
 * adoption nothing is moved but what comes out of quarantine: any other row that is not in dpg is missing.
 */
export async function compareWithQuarantine(sql: postgres.ISql, source: Source, root: Root): Promise<void> {
  const table = source.tables[root];
  if (!table) return;
  const [there] = await sql`select to_regclass(${QUARANTINE}) is not null as is_there`;
  if (there?.is_there) {
    await sql.unsafe(`
      insert into ${matches} (root, leaf_id, row_id, quarantined_row_id, is_replaced)
      select '${root}', o.tableoid, o.ctid, q.quarantined_row_id, q.reasons && array['repeated', 'event_twice', 'differs']
      from ${QUARANTINE} q
      join ${table.name} o on ${rowAsJson(table)} = q.source_row
      where q.source_table = ${literal(table.name)}`);
    await sql.unsafe(`analyze ${matches}`);
    if (root === 'items') await sql.unsafe(noteItems(source, isMatched('o', 'm.is_replaced'), true));
    await sql.unsafe(`
      update ${notes[root]} n
      set is_kept = true, is_there = true, reasons = '{}'
      where not n.is_there
        and ((n.reasons <> '{}' and ${isMatched('n')}) or ${isMatched('n', 'm.is_replaced')})`);
  }
  if (isAdopted(source)) {
    if (root === 'items') await sql.unsafe(noteItems(source, `not ${isMatched('o')}`, false));
    await sql.unsafe(`
      update ${notes[root]} n
      set reasons = case when n.is_there then '{}' else array['missing'] end
      where not 'differs' = any (n.reasons) and (n.is_there or not ${isMatched('n')})`);
  }
  const isMovedRow =
    root === 'items'
      ? isUnnoted(root)
      : `exists (select from ${notes[root]} n where n.leaf_id = o.leaf_id and n.row_id = o.row_id and ${isMoved('n')})`;
  await sql.unsafe(`
    update ${matches} o
    set is_moved = true
    where o.root = '${root}' and ${isMovedRow}`);
}

/** Of items only those that are not simply moved have a note. */
function noteItems(source: Source, condition: string, isKept: boolean): string {
  const columns = [...tables.items.key, 'created_by'];
  return `
    insert into ${notes.items} (leaf_id, row_id, ${columns.join(', ')}, is_there, is_user_missing, is_kept, reasons)
    select o.leaf_id, o.row_id, ${listed('o', columns)}, ${isKept}, false, ${isKept}, '{}'
    from ${oldRows(source, 'items')} o
    where ${isUnnoted('items')} and ${condition}`;
}

/** Takes what was moved out of quarantine; not where a row that is the same in every column is still kept. */
export async function emptyQuarantine(sql: postgres.ISql): Promise<void> {
  const [moved] = await sql.unsafe(`select from ${matches} m where m.is_moved limit 1`);
  if (!moved) return;
  await sql.unsafe(`
    delete from ${QUARANTINE} q
    using (
      select m.quarantined_row_id
      from ${matches} m
      group by m.quarantined_row_id
      having bool_and(m.is_moved)
    ) m
    where m.quarantined_row_id = q.quarantined_row_id`);
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
      found.push({
        root,
        reason,
        explanation: explain(reason),
        hint: remedy(reason) ?? null,
        rows: count,
        examples: JSON.parse(examples),
      });
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
      source_text text,
      constraint quarantined_rows_pkey primary key (quarantined_row_id)
    );
    alter table ${QUARANTINE} add column if not exists source_text text;
    comment on table ${QUARANTINE} is
      'Rows of older tables that could not be moved here, kept whole. Made by "dpg-database adopt --quarantine"; a later adopt moves what fits then. Nothing else reads or writes it. For dpg_admin.';
    comment on column ${QUARANTINE}.quarantined_row_id is 'In the order in which rows were put here.';
    comment on column ${QUARANTINE}.quarantined_at is 'When the row was put here.';
    comment on column ${QUARANTINE}.source_table is 'The table that was moved.';
    comment on column ${QUARANTINE}.source_leaf is 'The table or partition in which the row was.';
    comment on column ${QUARANTINE}.reasons is 'Why it could not be moved: each a code and, where one column is to blame, its name.';
    comment on column ${QUARANTINE}.source_row is 'The whole row as it was, by column name; times without time zone as they stood.';
    comment on column ${QUARANTINE}.source_text is
      'The same row exactly, as PostgreSQL writes one: (source_text::public.items).* has it. jsonb does not tell a JSON null in a column from null, nor keep the spaces of json.';
    revoke all on ${QUARANTINE} from public, dpg_app, dpg_readonly;
    grant select on ${QUARANTINE} to dpg_admin`);
  let count = 0;
  for (const root of roots) {
    const table = source.tables[root];
    if (!table) continue;
    const inserted = await sql.unsafe(`
      insert into ${QUARANTINE} (source_table, source_leaf, reasons, source_row, source_text)
      select ${literal(table.name)}, format('%I.%I', m.nspname, c.relname), n.reasons, ${rowAsJson(table)}, o::text
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
