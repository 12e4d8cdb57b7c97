// What the old tables are: read from the catalogue.

import type postgres from 'postgres';
import { Refusal } from '../command.js';
import { type Kept, keptColumns } from './kept.js';
import type { Obstacle } from './obstacle.js';
import { firstPlace } from './places.js';
import { identifier, literal } from './sql-text.js';
import {
  type Column,
  type ColumnType,
  type OldColumn,
  ownColumns,
  places,
  type Root,
  roots,
  tables,
  updateKey,
} from './tables.js';

/** The name of the trigger by which old tables refuse writes after adoption, and by which they are known as adopted. */
export const TRIGGER = 'adopted_by_dpg';

export interface OldTable {
  root: Root;
  /** Qualified and quoted. */
  name: string;
  /** How it is partitioned: 0 for a plain table, else the levels. */
  levels: number;
  partitions: number;
  /** From the column's name to its type here, as far as dpg has the column, or one of the same meaning. */
  types: ReadonlyMap<string, string>;
  columns: readonly OldColumn[];
  /** Columns that dpg has no place for, and that are not kept. */
  extra: readonly string[];
  /** Columns that come along as the application's own. */
  kept: readonly Kept[];
  /** From columns that dpg has with another type to that type. */
  unlike: ReadonlyMap<string, string>;
  /** From the name of a column that has another one in dpg to that one. */
  renamed: ReadonlyMap<string, string>;
  /** Whether events lie in the network of their source; in dpg they lie in that of their target. */
  is_refiled: boolean;
  /** Whether an index keeps rows with one key apart, and events of one update. */
  has_key: boolean;
  has_update_key: boolean;
  /** When it was adopted, from the trigger's comment. */
  adopted: string | undefined;
  /** And in which zone times without one were taken then. */
  adopted_zone: string | undefined;
  /** And who owns what had no owner. */
  adopted_owner: string | undefined;
}

export interface Source {
  schema: string;
  /** The schema's name, quoted where it must be. */
  schema_name: string;
  time_zone: string;
  /** Who owns what has no owner. */
  owner_of_none: string | undefined;
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

export interface Reading {
  timeZone: string;
  ownerOfNone: string | undefined;
  keepColumns: boolean;
}

export async function readSource(sql: postgres.ISql, schema: string, reading: Reading): Promise<Source> {
  const found = await sql<{ root: Root; id: string; kind: string }[]>`
    select c.relname as root, c.oid::text as id, c.relkind as kind
    from pg_class c
    where c.relnamespace = (select n.oid from pg_namespace n where n.nspname = ${schema})
      and c.relname in ${sql([...roots])}`;
  const [named] = await sql<{ name: string }[]>`select quote_ident(${schema}) as name`;
  const source = {
    schema,
    schema_name: named?.name ?? '',
    time_zone: reading.timeZone,
    owner_of_none: reading.ownerOfNone,
    tables: {} as Partial<Record<Root, OldTable>>,
  };
  const obstacles: Obstacle[] = [];
  for (const root of roots) {
    const table = found.find((candidate) => candidate.root === root);
    if (table && table.kind !== 'r' && table.kind !== 'p') {
      throw new Refusal(`${schema}.${root} is no table`, 'adopt reads tables as the seed makes them.');
    }
    if (table)
      source.tables[root] = await readTable(
        sql,
        `${source.schema_name}.${root}`,
        root,
        table.id,
        reading.keepColumns,
        obstacles,
      );
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
  isKeeping: boolean,
  obstacles: Obstacle[],
): Promise<OldTable> {
  const columns = await sql<OldColumn[]>`
    with recursive bases as (
      select a.attnum, a.atttypid as id
      from pg_attribute a
      where a.attrelid = ${id}::oid and a.attnum > 0 and not a.attisdropped
      union all
      select b.attnum, t.typbasetype
      from bases b
      join pg_type t on t.oid = b.id and t.typtype = 'd'
    )
    select a.attname as name, format_type(a.atttypid, null) as type, b.id::text as base,
      case when t.typtype = 'e' then 'text' else format_type(b.id, null) end as base_type,
      a.attnotnull as is_not_null, a.attgenerated as generated, col_description(a.attrelid, a.attnum) as comment
    from bases b
    join pg_type t on t.oid = b.id and t.typtype <> 'd'
    join pg_attribute a on a.attrelid = ${id}::oid and a.attnum = b.attnum
    order by a.attnum`;
  const types = new Map<string, string>();
  for (const wanted of tables[root].columns) {
    if (wanted.olderNames) {
      // An id may be a UUID. A column of another type means something else, and dpg has no place for it.
      const accepted = [...ACCEPTED[wanted.type], 'uuid'];
      for (const { name: candidate, base_type } of columns)
        if ([wanted.name, ...wanted.olderNames].includes(candidate) && accepted.includes(base_type))
          types.set(candidate, base_type);
      continue;
    }
    const there = columns.find((candidate) => candidate.name === wanted.name);
    if (there) {
      types.set(wanted.name, there.base_type);
      const obstacle = wrongType(name, wanted, there);
      if (obstacle) obstacles.push(obstacle);
    } else if (wanted.otherwise === undefined) {
      obstacles.push({
        message: `${name} has no column ${wanted.name}`,
        hint: 'A table of the seed has it: add the column with what belongs there.',
        may_stay: false,
      });
    }
  }
  const renamed = new Map<string, string>();
  const seconds: string[] = [];
  for (const wanted of tables[root].columns) {
    const [first, ...others] = namesIn({ types }, wanted);
    if (first !== undefined && first !== wanted.name) renamed.set(first, wanted.name);
    seconds.push(...others);
  }
  const [shape] = await sql<{ levels: number; partitions: number; adopted: string | null }[]>`
    select coalesce(max(t.level) filter (where t.isleaf), 0) as levels,
      count(*) filter (where t.isleaf and t.level > 0)::integer as partitions,
      (
        select coalesce(obj_description(g.oid, 'pg_trigger'), '')
        from pg_trigger g
        where g.tgrelid = ${id}::oid and g.tgname = ${TRIGGER}
      ) as adopted
    from pg_partition_tree(${id}::oid::regclass) t`;
  const [adopted, adopted_zone, ...owner] = shape?.adopted?.split(' ') ?? [];
  const { kept, unlike } = await keptColumns(
    sql,
    root,
    columns.filter((column) => !types.has(column.name) || seconds.includes(column.name)),
    isKeeping && adopted === undefined,
  );
  const extra = columns.filter(
    (column) => !types.has(column.name) && !kept.some(({ name }) => name === column.name),
  );
  return {
    root,
    name,
    levels: shape?.levels ?? 0,
    partitions: shape?.partitions ?? 0,
    types,
    columns,
    extra: extra.map((column) => column.name),
    kept,
    unlike,
    renamed,
    is_refiled: false,
    has_key: await isUnique(sql, id, tables[root].key),
    has_update_key: root === 'action_events' && (await isUnique(sql, id, updateKey)),
    adopted,
    adopted_zone,
    adopted_owner: owner.length > 0 ? owner.join(' ') : undefined,
  };
}

function wrongType(table: string, column: Column, { type, base_type }: OldColumn): Obstacle | undefined {
  if (ACCEPTED[column.type].includes(base_type)) return undefined;
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

/**
 * How many rows have something in columns that dpg has no place for: an obstacle for each such column. What is computed
 * from other columns is none.
 */
export async function extraColumns(sql: postgres.ISql, table: OldTable): Promise<Obstacle[]> {
  const isKept = (name: string) => table.kept.some((column) => column.name === name);
  const isComputed = (name: string) =>
    table.columns.some((column) => column.name === name && column.generated !== '');
  const extras = table.extra.filter((name) => !isComputed(name));
  const second = tables[table.root].columns.flatMap((column) => {
    const [first, ...others] = namesIn(table, column);
    return others.filter((name) => !isKept(name)).map((name) => ({ name, column, first }));
  });
  if (extras.length + second.length === 0) return [];
  const counts = [
    ...extras.map((name) => `count(o.${identifier(name)})::double precision`),
    ...second.map(
      ({ name, column }) =>
        `count(*) filter (where ${taken(column, name)} <> ${firstTaken(table, column)})::double precision`,
    ),
  ];
  const [row] = await sql.unsafe<{ counts: string }[]>(
    `select json_build_array(${counts.join(', ')})::text as counts from ${table.name} o`,
  );
  const found = JSON.parse(row?.counts ?? '[]') as number[];
  const inRows = (rows: number) => `in ${rows} ${rows === 1 ? 'row' : 'rows'}`;
  const unequal = second.flatMap(({ name, column, first }, i): Obstacle[] => {
    const rows = found[extras.length + i] ?? 0;
    if (rows === 0) return [];
    return [
      {
        message: `${table.name}.${identifier(name)} has another value than ${first} ${inRows(rows)}, and dpg has room for one in ${column.name}`,
        hint: `${first} is taken. ${keepIt(table.root)}`,
        may_stay: true,
      },
    ];
  });
  const extra = extras.flatMap((name, i): Obstacle[] => {
    const rows = found[i] ?? 0;
    if (rows === 0) return [];
    const unlike = table.unlike.get(name);
    const isOurs =
      ownColumns[table.root].includes(name) ||
      tables[table.root].columns.some((column) => column.name === name);
    const column = `${table.name}.${identifier(name)}`;
    const because = () => {
      if (isOurs) return 'dpg has a column of that name for something else';
      return unlike === undefined ? 'dpg has no such column' : `dpg has it with the type ${unlike}`;
    };
    const hint = () => {
      if (isOurs)
        return `Rename it, and keep it with --keep-columns: alter table ${table.name} rename column ${identifier(name)} to …; or leave it behind with --leave-behind.`;
      return unlike === undefined
        ? keepIt(table.root)
        : 'Give one of the two the type of the other; or leave it behind with --leave-behind.';
    };
    return [
      {
        message: `${column} has a value ${inRows(rows)}, and ${because()}`,
        hint: hint(),
        may_stay: true,
      },
    ];
  });
  return [...extra, ...unequal];
}

const keepIt = (root: Root) =>
  `Keep it as a column of your own of dpg.${root} with --keep-columns; or leave it behind with --leave-behind.`;

/** Whether there are events that lie in the network of their source and not of their target. */
export async function isRefiled(sql: postgres.ISql, table: OldTable): Promise<boolean> {
  if (table.root !== 'action_events') return false;
  const [row] = await sql.unsafe<{ is_there: boolean }[]>(
    `select exists (select from ${table.name} o where ${isOfSource}) as is_there`,
  );
  return row?.is_there ?? false;
}

/** Of an event: whether it lies in the network of its source. */
export const isOfSource =
  'o.partition_network <> o.target_item_network and o.partition_network = o.source_item_network';

/** The list of locations of a place, where the table has one. */
export function locationsOf(table: OldTable | undefined, place: string): string | undefined {
  const column = table?.columns.find(({ name }) => name === `${place}_locations`);
  return column?.base_type === 'jsonb' ? `o.${column.name}` : undefined;
}

/** The columns of an old table that have what belongs into a column of dpg. */
function namesIn(table: Pick<OldTable, 'types'>, { name, olderNames = [] }: Column): string[] {
  return [name, ...olderNames].filter((candidate) => table.types.has(candidate));
}

/** A text that says something; else null. */
const taken = ({ isBlankNone }: Column, name: string) =>
  isBlankNone ? `case when o.${name}::text ~ '\\S' then o.${name}::text end` : `o.${name}::text`;

function firstTaken(table: OldTable, column: Column): string {
  return `coalesce(${namesIn(table, column)
    .map((name) => taken(column, name))
    .join(', ')})`;
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
  if (!table) {
    const columns = [...tables[root].columns, { name: 'given_status', type: 'text' }];
    return `(
      select 0::oid as leaf_id, '(0,0)'::tid as row_id,
        ${columns.map(({ name, type }) => `null::${type} as ${name}`).join(', ')}
      where false
    )`;
  }
  const columns = tables[root].columns.map(
    (column) => `${oldValue(source, table, column)} as ${column.name}`,
  );
  const kept = table.kept.map(({ name, as }) => `o.${identifier(name)} as ${as}`);
  const status = tables[root].columns.find(({ name }) => name === 'item_status');
  const given = status ? [`${statusOf(table, status)} as given_status`] : [];
  return `(
    select o.tableoid as leaf_id, o.ctid as row_id, ${[...columns, ...kept, ...given].join(', ')} from ${table.name} o
  )`;
}

/** What dpg has in a column: the old value in the type of dpg, or what stands for it. */
function oldValue(source: Source, table: OldTable, column: Column): string {
  if (column.name === 'item_status') {
    return `coalesce(
      ${statusOf(table, column)},
      (
        select f.initial_status
        from dpg.item_definitions f
        where f.item_network = o.item_network and f.item_domain = o.item_domain
      ),
      'live'
    )`;
  }
  if (column.olderNames && namesIn(table, column).length > 0) return firstTaken(table, column);
  const type = table.types.get(column.name);
  const value =
    type === undefined
      ? `${column.otherwise}`
      : cast(`o.${column.name}`, type, column.type, source.time_zone);
  if (table.is_refiled && column.name === 'partition_network')
    return `case when ${isOfSource} then o.target_item_network else ${value} end`;
  if (column.name === 'created_by' && source.owner_of_none !== undefined)
    return `case when ${value} ~ '\\S' then ${value} else ${literal(source.owner_of_none)} end`;
  const [, place = '', axis] = /^(.*)_(latitude|longitude)$/.exec(column.name) ?? [];
  const locations = places[table.root].includes(place) ? locationsOf(table, place) : undefined;
  if (!locations) return value;
  const first = firstPlace(locations)[axis as 'latitude' | 'longitude'];
  return `case when ${hasNoPlace(table, place)} then ${first} else ${value} end`;
}

/** Whether a row of an old table has neither coordinate. */
export function hasNoPlace(table: OldTable, place: string): string {
  const axes = ['latitude', 'longitude'].map((axis) => `${place}_${axis}`);
  const there = axes.filter((name) => table.types.has(name));
  return there.length === 0 ? 'true' : there.map((name) => `o.${name} is null`).join(' and ');
}

/** The status that an old row has, or null. */
function statusOf(table: OldTable, column: Column): string {
  return namesIn(table, column).length > 0 ? firstTaken(table, column) : 'null::text';
}
