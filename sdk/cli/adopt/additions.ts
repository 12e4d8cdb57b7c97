// What is added to the tables of dpg so that they hold columns that are kept: the columns, and the indexes that have one.

import type postgres from 'postgres';
import type { Obstacle } from './obstacle.js';
import type { OldTable, Source } from './source.js';
import { identifier, literal, replaceNames } from './sql-text.js';
import { type OldColumn, roots, tables } from './tables.js';

/** What is done to dpg before rows come, and after; each is a statement that an application could have run by itself. */
export interface Additions {
  columns: string[];
  indexes: string[];
  /** What does not come along as it was, in words. */
  notes: string[];
}

/** `alter table dpg.items add column …` and so on, for what is kept and not there. */
export async function additions(
  tx: postgres.ISql,
  source: Source,
): Promise<{ made: Additions; obstacles: Obstacle[] }> {
  const made: Additions = { columns: [], indexes: [], notes: [] };
  const obstacles: Obstacle[] = [];
  // Tried on empty tables of the same columns, so that a dry run locks nothing and says what PostgreSQL refuses.
  await tx.unsafe('savepoint trial');
  for (const root of roots) {
    const table = source.tables[root];
    const added = table?.kept.filter((column) => !column.is_there) ?? [];
    if (!table || added.length === 0) continue;
    const trial = `pg_temp.adopted_trial_${root}`;
    await tx.unsafe(`create temp table adopted_trial_${root} (like dpg.${root} including defaults)`);
    for (const { name } of added) {
      const column = table.columns.find((candidate) => candidate.name === name) as OldColumn;
      const { before, definition, note } = await definitionOf(tx, source, table, column);
      const refused =
        (await refusal(tx, before)) ?? (await refusal(tx, [`alter table ${trial} add column ${definition}`]));
      if (refused !== undefined) {
        obstacles.push({
          message: `${table.name}.${identifier(name)} cannot be kept as it is: ${refused}`,
          hint:
            column.generated === ''
              ? 'Change the column first, or leave it behind with --leave-behind.'
              : `Make it an ordinary column first (alter table ${table.name} alter column ${identifier(name)} drop expression;), or leave it behind with --leave-behind: it is computed from others.`,
          may_stay: true,
        });
        table.kept = table.kept.filter((kept) => kept.name !== name);
        continue;
      }
      made.columns.push(...before, `alter table dpg.${root} add column ${definition}`);
      if (column.comment !== null)
        made.columns.push(`comment on column dpg.${root}.${identifier(name)} is ${literal(column.comment)}`);
      if (note !== undefined) made.notes.push(`${table.name}.${identifier(name)} ${note}`);
    }
    for (const index of await indexesOf(tx, table)) {
      const [named] = await tx<{ name: string | null }[]>`
        select case
          when to_regclass(format('dpg.%I', ${index.name}::text)) is null and ${index.name} !~ '^[iae]_p_'
            then quote_ident(${index.name})
        end as name`;
      const statement = (on: string, name: string) =>
        `create ${index.is_unique ? 'unique ' : ''}index ${name}on ${on} ${index.definition}`;
      const refused = await refusal(tx, [statement(trial, '')]);
      if (refused !== undefined) {
        made.notes.push(`index ${index.name} of ${table.name} does not come along: ${refused}`);
        continue;
      }
      const taken = made.indexes.some((other) => other.includes(`index ${named?.name} on dpg.`));
      made.indexes.push(statement(`dpg.${root}`, named?.name && !taken ? `${named.name} ` : ''));
      if (index.lacks.length > 0)
        made.notes.push(
          `index ${index.name} of ${table.name} is not unique in dpg: it lacks ${index.lacks.join(' and ')}`,
        );
    }
    const constraints = await constraintsOf(tx, table);
    made.notes.push(...constraints.map((name) => `constraint ${name} of ${table.name} does not come along`));
  }
  await tx.unsafe('rollback to savepoint trial');
  return { made, obstacles };
}

async function refusal(tx: postgres.ISql, statements: readonly string[]): Promise<string | undefined> {
  try {
    await tx.unsafe('savepoint statement');
    for (const statement of statements) await tx.unsafe(statement);
    await tx.unsafe('release savepoint statement');
    return undefined;
  } catch (error) {
    await tx.unsafe('rollback to savepoint statement');
    return error instanceof Error ? error.message : String(error);
  }
}

/** What our own inserts leave out is null or has a default, or they would fail. */
async function definitionOf(
  tx: postgres.ISql,
  source: Source,
  table: OldTable,
  column: OldColumn,
): Promise<{ before: string[]; definition: string; note?: string }> {
  const name = identifier(column.name);
  // read here, where only PostgreSQL's own names need no schema
  const [type] = await tx<
    { type: string; base: string; collation: string | null; value: string | null; sequence: string | null }[]
  >`
    select format_type(a.atttypid, a.atttypmod) as type,
      case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) else format_type(a.atttypid, a.atttypmod) end as base,
      case when a.attcollation <> t.typcollation then (
        select format('%I.%I', n.nspname, c.collname)
        from pg_collation c join pg_namespace n on n.oid = c.collnamespace
        where c.oid = a.attcollation
      ) end as collation,
      (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.adrelid = a.attrelid and d.adnum = a.attnum) as value,
      pg_get_serial_sequence(${table.name}, ${column.name}) as sequence
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    where a.attrelid = ${table.name}::regclass and a.attname = ${column.name}`;
  const of = `${name} ${type?.type}${type?.collation ? ` collate ${type.collation}` : ''}`;
  if (column.generated !== '') {
    const expression = inDpg(table, type?.value ?? '');
    const kind = column.generated === 'v' ? 'virtual' : 'stored';
    return { before: [], definition: `${of} generated always as (${expression}) ${kind}` };
  }
  const notNull = column.is_not_null ? ' not null' : '';
  if (type?.sequence) {
    // Its own one goes with the old table.
    const sequence = `${source.schema_name}.${identifier(`dpg_${table.root}_${column.name}_seq`.slice(0, 63))}`;
    const [old] = await tx.unsafe<{ last_value: string; is_called: boolean; step: string }[]>(
      `select o.last_value::text, o.is_called, s.seqincrement::text as step
      from ${type.sequence} o, pg_sequence s where s.seqrelid = ${literal(type.sequence)}::regclass`,
    );
    return {
      before: [
        `create sequence ${sequence} increment by ${old?.step}`,
        `select setval(${literal(sequence)}, ${old?.last_value}, ${old?.is_called})`,
        `do $grant$
        begin
          execute format(
            'grant usage on sequence %s to %I', ${literal(sequence)},
            (select pg_get_userbyid(c.relowner) from pg_class c where c.oid = 'dpg.items'::regclass)
          );
        end
        $grant$`,
      ],
      definition: `${of} default nextval(${literal(sequence)})${notNull}`,
      note: `has its numbers in dpg from the sequence ${sequence}`,
    };
  }
  if (type?.value) return { before: [], definition: `${of} default ${type.value}${notNull}` };
  const takesNull = (await refusal(tx, [`select null::${type?.type}`])) === undefined;
  return {
    before: [],
    definition: takesNull ? of : of.replace(type?.type ?? '', type?.base ?? ''),
    ...((column.is_not_null || !takesNull) && {
      note: 'may be null in dpg: the functions of dpg do not know it, and it has no default',
    }),
  };
}

/** An expression over the columns of an old table, over those of dpg: an enum that has another name there is a text. */
function inDpg(table: OldTable, expression: string): string {
  let renamed = replaceNames(expression, table.renamed);
  for (const { name, type, base_type } of table.columns)
    if (table.renamed.has(name) && base_type === 'text' && type !== 'text')
      renamed = renamed.split(`::${type}`).join('::text');
  return renamed;
}

interface Index {
  name: string;
  is_unique: boolean;
  /** Partition keys that a unique one lacks. */
  lacks: string[];
  /** From `using` on. */
  definition: string;
}

/** The indexes that have a column that is kept: those of the root, and those that a partition alone has, once. */
async function indexesOf(tx: postgres.ISql, table: OldTable): Promise<Index[]> {
  const names = table.kept.filter((column) => !column.is_there).map(({ name }) => name);
  const rows = await tx<
    { name: string; is_unique: boolean; columns: string[]; head: string; definition: string }[]
  >`
    with recursive tree as (
      select ${table.name}::regclass::oid as id
      union all
      select i.inhrelid from pg_inherits i join tree t on t.id = i.inhparent
    )
    select c.relname as name, i.indisunique as is_unique,
      array(
        select a.attname::text
        from unnest(i.indkey::smallint[]) with ordinality k(number, place)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
        where k.place <= i.indnkeyatts
      ) as columns,
      format('INDEX %I ON ', c.relname) as head,
      pg_get_indexdef(i.indexrelid) as definition
    from tree t
    join pg_index i on i.indrelid = t.id
    join pg_class c on c.oid = i.indexrelid
    where i.indisvalid
      and not exists (select from pg_inherits h where h.inhrelid = i.indexrelid)
      and exists (
        select
        from pg_attribute a
        where a.attrelid = i.indrelid
          and a.attname in ${tx(names)}
          and (
            a.attnum = any (i.indkey::smallint[])
            or exists (
              select
              from pg_depend d
              where d.classid = 'pg_class'::regclass and d.objid = i.indexrelid
                and d.refclassid = 'pg_class'::regclass and d.refobjid = i.indrelid and d.refobjsubid = a.attnum
            )
          )
      )
    order by t.id, c.relname`;
  const found = new Map<string, Index>();
  for (const row of rows) {
    const afterHead = row.definition.slice(row.definition.indexOf(row.head) + row.head.length);
    const using = afterHead.slice(afterHead.search(/ USING (?=\w+ \()/) + 1);
    const lacks = row.is_unique ? tables[table.root].leaf.filter((key) => !row.columns.includes(key)) : [];
    const index = {
      name: row.name,
      is_unique: row.is_unique && lacks.length === 0,
      lacks,
      definition: inDpg(table, using),
    };
    const same = `${index.is_unique} ${index.definition}`;
    if (!found.has(same)) found.set(same, index);
  }
  return [...found.values()];
}

/** Checks, foreign keys and exclusions of a column that is kept: they are the application's to repeat. */
async function constraintsOf(tx: postgres.ISql, table: OldTable): Promise<string[]> {
  const names = table.kept.filter((column) => !column.is_there).map(({ name }) => name);
  const rows = await tx<{ name: string }[]>`
    select c.conname as name
    from pg_constraint c
    where c.conrelid = ${table.name}::regclass and c.contype in ('c', 'f', 'x')
      and exists (
        select from pg_attribute a
        where a.attrelid = c.conrelid and a.attnum = any (c.conkey) and a.attname in ${tx(names)}
      )
    order by c.conname`;
  return rows.map(({ name }) => name);
}
