// Columns that dpg lacks come along as columns of the application's own: docs/extending.md says what dpg does with such
// columns. A column that dpg has already, from an earlier run or by hand, is filled.

import type postgres from 'postgres';
import { identifier } from './sql-text.js';
import { type OldColumn, ownColumns, type Root, tables } from './tables.js';

export interface Kept {
  name: string;
  /** The name in the rows that are read; the column's own could be one that these have already. */
  as: string;
  /** Whether dpg has the column. */
  is_there: boolean;
  /** Whether its values are computed in dpg. */
  is_computed: boolean;
}

/** Columns that rows have besides those of `tables`, as dpg will have them; and those of another type there, with that. */
export async function keptColumns(
  sql: postgres.ISql,
  root: Root,
  candidates: readonly OldColumn[],
  isAdding: boolean,
): Promise<{ kept: Kept[]; unlike: ReadonlyMap<string, string> }> {
  const kept: Kept[] = [];
  const unlike = new Map<string, string>();
  if (candidates.length === 0) return { kept, unlike };
  const there = await sql<{ name: string; type: string; base: string; is_computed: boolean }[]>`
    with recursive bases as (
      select a.attname as name, a.atttypid as id, a.atttypid as type_id, a.attgenerated <> '' as is_computed
      from pg_attribute a
      where a.attrelid = to_regclass(${`dpg.${root}`}) and a.attnum > 0 and not a.attisdropped
      union all
      select b.name, t.typbasetype, b.type_id, b.is_computed
      from bases b
      join pg_type t on t.oid = b.id and t.typtype = 'd'
    )
    select b.name, format_type(b.type_id, null) as type, b.id::text as base, b.is_computed
    from bases b
    join pg_type t on t.oid = b.id and t.typtype <> 'd'`;
  const ours = [...tables[root].columns.map(({ name }) => name), ...ownColumns[root]];
  for (const column of candidates) {
    const found = there.find(({ name }) => name === column.name);
    const as = `kept_${kept.length + 1}`;
    if (ours.includes(column.name)) continue;
    if (found && found.base !== column.base) {
      unlike.set(column.name, found.type);
    } else if (found) {
      kept.push({ name: column.name, as, is_there: true, is_computed: found.is_computed });
    } else if (isAdding) {
      kept.push({ name: column.name, as, is_there: false, is_computed: column.generated !== '' });
    }
  }
  return { kept, unlike };
}

/** Of the rows `o` and `d`: what they hold in columns that are kept, as texts, since not every type can be compared. */
export function keptTexts(kept: readonly Kept[]): { old: string[]; dpg: string[] } {
  return {
    old: kept.map(({ as }) => `o.${as}::text`),
    dpg: kept.map(({ name, is_there }) => (is_there ? `d.${identifier(name)}::text` : 'null::text')),
  };
}
