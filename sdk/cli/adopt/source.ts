// What the old tables are: read from the catalogue.

import type postgres from 'postgres';
import { Refusal } from '../command.js';
import { identifier, literal } from './sql-text.js';
import { type Column, type ColumnType, type Root, roots, tables, updateKey } from './tables.js';

/** The name of the trigger by which old tables refuse writes after adoption, and by which they are known as adopted. */
export const TRIGGER = 'adopted_by_dpg';

/** Something about the tables themselves that is in the way; no row can be set aside for it. */
export interface Obstacle {
  message: string;
  hint: string;
  /** May the caller go on and leave it behind in the old tables? */
  may_stay: boolean;
}

export interface OldTable {
  root: Root;
  /** Qualified and quoted. */
  name: string;
  /** How it is partitioned: 0 for a plain table, else the levels. */
  levels: number;
  partitions: number;
  /** From the column's name to its type here, as far as dpg has the column, or one of the same meaning. */
  types: ReadonlyMap<string, string>;
  /** Columns that dpg has no place for. */
  extra: readonly string[];
  /** Whether an index keeps rows with one key apart, and events of one update. */
  has_key: boolean;
  has_update_key: boolean;
  /** When it was adopted, from the trigger's comment. */
  adopted: string | undefined;
  /** And in which zone times without one were taken then. */
  adopted_zone: string | undefined;
}

export interface Source {
  schema: string;
  /** The schema's name, quoted where it must be. */
  schema_name: string;
  time_zone: string;
  tables: Readonly<Partial<Record<Root, OldTable>>>;
  obstacles: Obstacle[];
}

const ACCEPTED: Record<ColumnType, readonly string[]> = {
  text: ['text', 'character varying'],
  uuid: ['uuid'],
  jsonb: ['jsonb'],
  integer: ['integer', 'smallint'],
  'double precision': ['double precision', 'real', 'numeric'],
  timestamptz: ['timestamp with time zone', 'timestamp without time zone'],
};

/** Whether an earlier run moved the rows and made the old tables refuse writes. */
export function isAdopted(source: Source): boolean {
  return source.tables.items?.adopted !== undefined;
}

export async function readSource(sql: postgres.ISql, schema: string, timeZone: string): Promise<Source> {
  const found = await sql<{ root: Root; id: string; kind: string }[]>`
    select c.relname as root, c.oid::text as id, c.relkind as kind
    from pg_class c
    where c.relnamespace = (select n.oid from pg_namespace n where n.nspname = ${schema})
      and c.relname in ${sql([...roots])}`;
  const [named] = await sql<{ name: string }[]>`select quote_ident(${schema}) as name`;
  const source = {
    schema,
    schema_name: named?.name ?? '',
    time_zone: timeZone,
    tables: {} as Partial<Record<Root, OldTable>>,
  };
  const obstacles: Obstacle[] = [];
  for (const root of roots) {
    const table = found.find((candidate) => candidate.root === root);
    if (table && table.kind !== 'r' && table.kind !== 'p') {
      throw new Refusal(`${schema}.${root} is no table`, 'adopt reads tables as the seed makes them.');
    }
    if (table)
      source.tables[root] = await readTable(sql, `${source.schema_name}.${root}`, root, table.id, obstacles);
  }
  if (!source.tables.items) {
    throw new Refusal(
      `there is no table ${schema}.items to adopt`,
      'Name the schema in which the old tables are: --from <schema>.',
    );
  }
  obstacles.push(...(await detachedPartitions(sql, schema)));
  return { ...source, obstacles };
}

async function readTable(
  sql: postgres.ISql,
  name: string,
  root: Root,
  id: string,
  obstacles: Obstacle[],
): Promise<OldTable> {
  const columns = await sql<{ name: string; type: string; is_generated: boolean }[]>`
    select a.attname as name, format_type(a.atttypid, null) as type, a.attgenerated <> '' as is_generated
    from pg_attribute a
    where a.attrelid = ${id}::oid and a.attnum > 0 and not a.attisdropped
    order by a.attnum`;
  const types = new Map<string, string>();
  for (const wanted of tables[root].columns) {
    if (wanted.olderNames) {
      // An id may be a UUID. A column of another type means something else, and dpg has no place for it.
      const accepted = [...ACCEPTED[wanted.type], 'uuid'];
      for (const { name: candidate, type } of columns)
        if ([wanted.name, ...wanted.olderNames].includes(candidate) && accepted.includes(type))
          types.set(candidate, type);
      continue;
    }
    const there = columns.find((candidate) => candidate.name === wanted.name);
    if (there) {
      types.set(wanted.name, there.type);
      const obstacle = wrongType(name, wanted, there.type);
      if (obstacle) obstacles.push(obstacle);
    } else if (wanted.otherwise === undefined) {
      obstacles.push({
        message: `${name} has no column ${wanted.name}`,
        hint: 'A table of the seed has it: add the column with what belongs there.',
        may_stay: false,
      });
    }
  }
  const extra = columns.filter((column) => !types.has(column.name) && !column.is_generated);
  const [shape] = await sql<{ levels: number; partitions: number; adopted: string | null }[]>`
    select coalesce(max(t.level) filter (where t.isleaf), 0) as levels,
      count(*) filter (where t.isleaf and t.level > 0)::integer as partitions,
      (
        select coalesce(obj_description(g.oid, 'pg_trigger'), '')
        from pg_trigger g
        where g.tgrelid = ${id}::oid and g.tgname = ${TRIGGER}
      ) as adopted
    from pg_partition_tree(${id}::oid::regclass) t`;
  const [adopted, adopted_zone] = shape?.adopted?.split(' ') ?? [];
  return {
    root,
    name,
    levels: shape?.levels ?? 0,
    partitions: shape?.partitions ?? 0,
    types,
    extra: extra.map((column) => column.name),
    has_key: await isUnique(sql, id, tables[root].key),
    has_update_key: root === 'action_events' && (await isUnique(sql, id, updateKey)),
    adopted,
    adopted_zone,
  };
}

function wrongType(table: string, column: Column, type: string): Obstacle | undefined {
  if (ACCEPTED[column.type].includes(type)) return undefined;
  return {
    message: `${table}.${column.name} is ${type}, not ${ACCEPTED[column.type].join(' or ')}`,
    hint: `Change it first: alter table ${table} alter column ${column.name} type ${column.type} using …;`,
    may_stay: false,
  };
}

/** Whether a unique index on these columns, or on some of them, tells rows apart, in all partitions together. */
async function isUnique(sql: postgres.ISql, table: string, columns: readonly string[]): Promise<boolean> {
  const [row] = await sql<{ is_unique: boolean }[]>`
    select exists (
      select
      from pg_index i
      join pg_class c on c.oid = i.indrelid
      where i.indrelid = ${table}::oid
        and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
        and (c.relkind = 'p' or not exists (select from pg_inherits h where h.inhparent = c.oid))
        and (
          select bool_and(a.attname in ${sql([...columns])})
          from unnest(i.indkey::smallint[]) with ordinality k(number, place)
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
          where k.place <= i.indnkeyatts
        )
    ) as is_unique`;
  return row?.is_unique ?? false;
}

/** Tables that are named and built as partitions, but are attached to nothing: their rows would stay behind unseen. */
async function detachedPartitions(sql: postgres.ISql, schema: string): Promise<Obstacle[]> {
  const detached = await sql<{ name: string }[]>`
    select format('%I.%I', ${schema}::text, c.relname) as name
    from pg_class c
    where c.relnamespace = (select n.oid from pg_namespace n where n.nspname = ${schema})
      and c.relkind in ('r', 'p')
      and c.relname ~ '^[iae]_p_'
      and not exists (select from pg_inherits i where i.inhrelid = c.oid)
      and exists (
        select
        from pg_attribute a
        where a.attrelid = c.oid
          and a.attname = case left(c.relname, 1) when 'i' then 'item_network' else 'partition_network' end
      )
    order by c.relname`;
  const obstacles: Obstacle[] = [];
  for (const { name } of detached) {
    const [row] = await sql.unsafe<{ rows: number }[]>(
      `select count(*)::double precision as rows from ${name}`,
    );
    if (!row?.rows) continue;
    obstacles.push({
      message: `${name} has ${row.rows} ${row.rows === 1 ? 'row' : 'rows'} and is attached to no table`,
      hint: 'Attach it, so that its rows are moved; or leave it behind with --leave-behind.',
      may_stay: true,
    });
  }
  return obstacles;
}

/** How many rows have something in columns that dpg has no place for. */
export async function extraColumns(sql: postgres.ISql, table: OldTable): Promise<Obstacle[]> {
  const second = tables[table.root].columns.flatMap((column) => {
    const [first, ...others] = namesIn(table, column);
    return others.map((name) => ({ name, column, first }));
  });
  if (table.extra.length + second.length === 0) return [];
  const counts = [
    ...table.extra.map((name) => `count(o.${identifier(name)})::double precision`),
    ...second.map(
      ({ name, column }) =>
        `count(*) filter (where ${filled(name)} <> ${firstFilled(table, column)})::double precision`,
    ),
  ];
  const [row] = await sql.unsafe<{ counts: string }[]>(
    `select json_build_array(${counts.join(', ')})::text as counts from ${table.name} o`,
  );
  const found = JSON.parse(row?.counts ?? '[]') as number[];
  const inRows = (rows: number) => `in ${rows} ${rows === 1 ? 'row' : 'rows'}`;
  const unequal = second.flatMap(({ name, column, first }, i): Obstacle[] => {
    const rows = found[table.extra.length + i] ?? 0;
    if (rows === 0) return [];
    return [
      {
        message: `${table.name}.${identifier(name)} has another value than ${first} ${inRows(rows)}, and dpg has room for one in ${column.name}`,
        hint: `${first} is taken. Copy the other to a table of your own; or leave it behind with --leave-behind.`,
        may_stay: true,
      },
    ];
  });
  const extra = table.extra.flatMap((name, i): Obstacle[] => {
    const rows = found[i] ?? 0;
    if (rows === 0) return [];
    return [
      {
        message: `${table.name}.${identifier(name)} has a value ${inRows(rows)}, and dpg has no such column`,
        hint: 'Copy it to a table of your own, or into item_state; or leave it behind with --leave-behind.',
        may_stay: true,
      },
    ];
  });
  return [...extra, ...unequal];
}

/** The columns of an old table that have what belongs into a column of dpg. */
function namesIn(table: OldTable, { name, olderNames = [] }: Column): string[] {
  return [name, ...olderNames].filter((candidate) => table.types.has(candidate));
}

/** A text that says something; else null. */
const filled = (name: string) => `case when o.${name}::text ~ '\\S' then o.${name}::text end`;

function firstFilled(table: OldTable, column: Column): string {
  return `coalesce(${namesIn(table, column).map(filled).join(', ')})`;
}

/** What is taken from columns of another name, in words. */
export function renamed(source: Source): string[] {
  return roots.flatMap((root) => {
    const table = source.tables[root];
    return tables[root].columns.flatMap((column) => {
      const names = table ? namesIn(table, column).filter((name) => name !== column.name) : [];
      return names.length > 0
        ? `${column.name} of ${root} is taken from ${names.join(', or else from ')}`
        : [];
    });
  });
}

/** What cannot be cast would be an error that names no row: it becomes a value that a rule of reasons.ts refuses. */
function cast(value: string, from: string, to: ColumnType, timeZone: string): string {
  if (from === 'numeric') {
    return `case
      when abs(${value}) < 1e-300 then 0
      when ${value} between -1e300 and 1e300 then ${value}::double precision
      when ${value} is not null then 'NaN'::double precision
    end`;
  }
  // wider than the rule by more than any zone is off
  if (from === 'timestamp without time zone') {
    return `case
      when ${value} between '0001-12-01 BC'::timestamp and '10000-02-01'::timestamp
        then ${value} at time zone ${literal(timeZone)}
      when ${value} is not null then 'infinity'::timestamptz
    end`;
  }
  return `${value}::${to}`;
}

/** The rows of an old table in the types of dpg, with where each is; an empty set where there is no such table. */
export function oldRows(source: Source, root: Root): string {
  const table = source.tables[root];
  const columns = tables[root].columns.map((column) => {
    const type = table?.types.get(column.name);
    if (!table) return `null::${column.type} as ${column.name}`;
    if (column.olderNames && namesIn(table, column).length > 0)
      return `${firstFilled(table, column)} as ${column.name}`;
    if (type === undefined) return `${column.otherwise} as ${column.name}`;
    return `${cast(`o.${column.name}`, type, column.type, source.time_zone)} as ${column.name}`;
  });
  return table
    ? `(select o.tableoid as leaf_id, o.ctid as row_id, ${columns.join(', ')} from ${table.name} o)`
    : `(select 0::oid as leaf_id, '(0,0)'::tid as row_id, ${columns.join(', ')} where false)`;
}
