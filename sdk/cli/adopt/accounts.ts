// What becomes of every column of the old tables: none goes without being named.

import { locationsOf, type OldTable, type Source } from './source.js';
import { type OldColumn, places, type Root, roots, tables } from './tables.js';

export interface Account {
  root: Root;
  column: string;
  type: string;
  /**
   * moved: as it is; turned: into columns of other names; kept: as a column of the application's own; computed from
   * other columns, and not kept; left: in the old table, empty or by --leave-behind.
   */
  became: 'moved' | 'turned' | 'kept' | 'computed' | 'left';
  /** The columns of dpg that have its values; checksums are over all of these. */
  into: string[];
}

export function accounts(source: Source): Account[] {
  return roots.flatMap((root) => {
    const table = source.tables[root];
    return table ? table.columns.map((column) => accountOf(table, column)) : [];
  });
}

function accountOf(table: OldTable, { name, type, generated }: OldColumn): Account {
  const { root, types, kept } = table;
  const isKept = kept.some((one) => one.name === name);
  const meaning = tables[root].columns.find(
    (column) => types.has(name) && (column.name === name || column.olderNames?.includes(name)),
  );
  const place = places[root].find((one) => name === `${one}_locations` && locationsOf(table, one));
  const into = [
    ...(meaning ? [meaning.name] : []),
    ...(isKept ? [name] : []),
    ...(place ? [`${place}_latitude`, `${place}_longitude`] : []),
  ];
  const became = () => {
    if (isKept) return 'kept';
    if (meaning?.name === name) return 'moved';
    if (into.length > 0) return 'turned';
    return generated === '' ? 'left' : 'computed';
  };
  return { root, column: name, type, became: became(), into };
}
