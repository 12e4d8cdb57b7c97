// Counts by leaf: what is in the old tables, and what an adoption makes of it.

import type postgres from 'postgres';
import { keptTexts } from './kept.js';
import { matches } from './quarantine.js';
import { oldRows, type Source } from './source.js';
import { identifier } from './sql-text.js';
import { isMoved, notes } from './stages.js';
import { columnNames, type Root, tables } from './tables.js';

export interface Leaf {
  root: Root;
  network: string | null;
  key: string | null;
  /** Rows of the old table with these keys. */
  rows: number;
  /** Those that are moved. */
  to_move: number;
  /** Those that dpg has already, the same in every column. */
  already_there: number;
  /** Those that dpg cannot hold; after an adoption, those that differ there or are missing. */
  refused: number;
  /** Those that dpg cannot hold and that an earlier run has put into quarantine. */
  quarantined_before: number;
  /** Of those that are moved: that an earlier run has put into quarantine, and that fit now. */
  from_quarantine: number;
  /** Of those that are moved: whose owners are filled in. */
  owners_filled: number;
  /** The partition in dpg; null when it is still to be made. */
  leaf: string | null;
}

export async function countLeaves(sql: postgres.ISql, source: Source, root: Root): Promise<Leaf[]> {
  if (!source.tables[root]) return [];
  const [network, key] = tables[root].leaf;
  const rows = await sql.unsafe<Leaf[]>(`
    select '${root}' as root, c.network, c.key, c.rows, c.to_move, c.already_there, c.refused, c.quarantined_before,
      c.from_quarantine, c.owners_filled,
      dpg_private.find_leaf('${root}', c.network, c.key)::text as leaf
    from (
      select o.${network} as network, o.${key} as key,
        count(*)::double precision as rows,
        count(*) filter (where n.leaf_id is null or ${isMoved('n')})::double precision as to_move,
        count(*) filter (where n.is_there and not n.is_kept and n.reasons = '{}')::double precision as already_there,
        count(*) filter (where n.reasons <> '{}')::double precision as refused,
        count(*) filter (where n.is_kept)::double precision as quarantined_before,
        count(m.row_id)::double precision as from_quarantine,
        count(*) filter (where ${root === 'items' ? 'false' : `n.is_filled and ${isMoved('n')}`})::double precision as owners_filled
      from ${oldRows(source, root)} o
      left join ${notes[root]} n on n.leaf_id = o.leaf_id and n.row_id = o.row_id
      left join (select distinct m.leaf_id, m.row_id from ${matches} m where m.is_moved) m
        on m.leaf_id = o.leaf_id and m.row_id = o.row_id
      group by 1, 2
    ) c
    order by c.network collate "C", c.key collate "C"`);
  return [...rows];
}

/** Of the rows of one leaf, in whatever order they are read: how many, and the sum of their hashes. */
export interface Sum {
  rows: number;
  hash: bigint;
}

export type Sums = Map<string, Sum>;

/**
 * What the rows that are moved add up to, read from the old tables: hash_record_extended of all their columns, summed.
 * A sum does not depend on the order of rows, and a leaf that had rows before has the difference more afterwards.
 */
export function sumOldRows(sql: postgres.ISql, source: Source, root: Root): Promise<Sums> {
  const columns = columnNames(root).map((name) => `${name.endsWith('_owner') ? 'n' : 'o'}.${name}`);
  return sums(
    sql,
    root,
    [...columns, ...keptTexts(source.tables[root]?.kept ?? []).old],
    `${oldRows(source, root)} o
     ${root === 'items' ? 'left ' : ''}join ${notes[root]} n on n.leaf_id = o.leaf_id and n.row_id = o.row_id
     where ${root === 'items' ? 'n.leaf_id is null or ' : ''}${isMoved('n')}`,
  );
}

export function sumRows(sql: postgres.ISql, source: Source, root: Root): Promise<Sums> {
  const kept = source.tables[root]?.kept ?? [];
  return sums(
    sql,
    root,
    [
      ...columnNames(root).map((name) => `o.${name}`),
      ...kept.map(({ name }) => `o.${identifier(name)}::text`),
    ],
    `dpg.${root} o`,
  );
}

async function sums(sql: postgres.ISql, root: Root, columns: string[], from: string): Promise<Sums> {
  const [network, key] = tables[root].leaf;
  const rows = await sql.unsafe<{ network: string; key: string; rows: number; hash: string }[]>(`
    select o.${network} as network, o.${key} as key, count(*)::double precision as rows,
      sum(hash_record_extended(row(${columns.join(', ')}), 0))::text as hash
    from ${from}
    group by 1, 2`);
  return new Map(rows.map((row) => [nameOf(row), { rows: row.rows, hash: BigInt(row.hash) }]));
}

export function nameOf(leaf: { network: string | null; key: string | null }): string {
  return JSON.stringify([leaf.network, leaf.key]);
}

export const nothing: Sum = { rows: 0, hash: 0n };
