// What the reference tells of, out of PostgreSQL's catalogues: everything in schema dpg that a caller may meet.

import type postgres from 'postgres';
import { oneLine } from './example.js';

export interface FunctionObject {
  name: string;
  arguments: Argument[];
  /** As PostgreSQL says it: `SETOF dpg.found_item`. */
  returns: string;
  /** Whether it writes nothing. */
  isReading: boolean;
  /** The roles that may call it. */
  roles: string[];
  comment: string;
}

export interface Argument {
  name: string;
  type: string;
  /** As SQL, when the argument may be left out. */
  default: string | null;
}

export interface Relation {
  name: string;
  kind: 'table' | 'view' | 'type';
  comment: string;
  columns: Column[];
  constraints: Described[];
  indexes: Described[];
  /** Triggers and policies: what happens without being asked for. */
  rules: Described[];
  /** The roles that may read it. */
  readers: string[];
  partitionKeys: string[];
}

export interface Column {
  name: string;
  type: string;
  isNullable: boolean;
  default: string | null;
  comment: string | null;
}

export interface Described {
  name: string;
  definition: string;
  comment: string | null;
}

/** A foreign key, as the diagram shows it. */
export interface Reference {
  table: string;
  columns: string[];
  /** Of the columns, whether any may be null: then the reference may be to nothing. */
  isOptional: boolean;
  referenced: string;
}

export interface Key {
  table: string;
  kind: 'primary' | 'unique';
  columns: string[];
}

export interface Objects {
  functions: FunctionObject[];
  relations: Relation[];
  keys: Key[];
  references: Reference[];
}

const ROLES = `array['dpg_app', 'dpg_readonly', 'dpg_admin']`;

const FUNCTIONS = `
  select
    p.proname as name,
    pg_get_function_result(p.oid) as returns,
    p.provolatile <> 'v' as "isReading",
    obj_description(p.oid, 'pg_proc') as comment,
    (select coalesce(jsonb_agg(jsonb_build_object(
         'name', p.proargnames[i], 'type', format_type(p.proargtypes[i - 1], null),
         'default', pg_get_function_arg_default(p.oid, i)) order by i), '[]')
     from generate_series(1, p.pronargs) i) as arguments,
    (select coalesce(jsonb_agg(r), '[]') from unnest(${ROLES}) r where has_function_privilege(r, p.oid, 'execute')) as roles
  from pg_proc p
  where p.pronamespace = 'dpg'::regnamespace
  order by p.proname, p.oid::regprocedure::text`;

const RELATIONS = `
  select
    c.relname as name,
    case c.relkind when 'c' then 'type' when 'v' then 'view' else 'table' end as kind,
    coalesce(obj_description(c.oid, 'pg_class'), obj_description(c.reltype, 'pg_type')) as comment,
    (select jsonb_agg(jsonb_build_object(
         'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'isNullable', not a.attnotnull,
         'default', pg_get_expr(d.adbin, d.adrelid), 'comment', col_description(c.oid, a.attnum)) order by a.attnum)
     from pg_attribute a
     left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
    (select coalesce(jsonb_agg(jsonb_build_object(
         'name', k.conname, 'definition', pg_get_constraintdef(k.oid, true), 'comment', obj_description(k.oid, 'pg_constraint'))
       order by k.contype = 'p' desc, k.conname), '[]')
     from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'u', 'f', 'c')) as constraints,
    (select coalesce(jsonb_agg(jsonb_build_object(
         'name', i.indexrelid::regclass::text,
         'definition', regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', ''),
         'comment', obj_description(i.indexrelid, 'pg_class')) order by i.indisprimary desc, i.indexrelid::regclass::text), '[]')
     from pg_index i where i.indrelid = c.oid) as indexes,
    (select coalesce(jsonb_agg(jsonb_build_object('name', t.tgname, 'definition', 'trigger', 'comment', obj_description(t.oid, 'pg_trigger'))
       order by t.tgname), '[]')
     from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal)
    || (select coalesce(jsonb_agg(jsonb_build_object('name', p.polname, 'definition', 'policy', 'comment', obj_description(p.oid, 'pg_policy'))
       order by p.polname), '[]')
     from pg_policy p where p.polrelid = c.oid) as rules,
    case when c.relkind = 'c' then '[]' else
      (select coalesce(jsonb_agg(r), '[]') from unnest(${ROLES}) r where has_table_privilege(r, c.oid, 'select')) end as readers,
    (select coalesce(jsonb_agg(a.attname order by a.attnum), '[]')
     from pg_partitioned_table t join pg_attribute a on a.attrelid = t.partrelid and a.attnum = any (t.partattrs::int[])
     where t.partrelid = c.oid) as "partitionKeys"
  from pg_class c
  where (c.relnamespace = 'dpg'::regnamespace and c.relkind in ('r', 'p', 'v', 'c') or c.oid = 'public."user"'::regclass)
    and not c.relispartition
  order by c.relname`;

const columnNames = (table: string, numbers: string) => `
  (select jsonb_agg(a.attname order by n.place)
   from unnest(${numbers}) with ordinality n(number, place)
   join pg_attribute a on a.attrelid = ${table} and a.attnum = n.number)`;

const KEYS = `
  select c.relname as table, case k.contype when 'p' then 'primary' else 'unique' end as kind,
    ${columnNames('k.conrelid', 'k.conkey')} as columns
  from pg_constraint k join pg_class c on c.oid = k.conrelid
  where k.contype in ('p', 'u') and not c.relispartition
    and (c.relnamespace = 'dpg'::regnamespace or c.oid = 'public."user"'::regclass)
  order by c.relname, k.contype, k.conname`;

// Those that a network's own tables have are shown under the names of the roots.
const REFERENCES = `
  select
    coalesce(pg_partition_root(k.conrelid), k.conrelid)::regclass::text as table,
    coalesce(pg_partition_root(k.confrelid), k.confrelid)::regclass::text as referenced,
    ${columnNames('k.conrelid', 'k.conkey')} as columns,
    (select bool_or(not a.attnotnull) from pg_attribute a where a.attrelid = k.conrelid and a.attnum = any (k.conkey)) as is_optional
  from pg_constraint k join pg_class c on c.oid = k.conrelid
  where k.contype = 'f' and k.conparentid = 0 and c.relnamespace = 'dpg'::regnamespace
  order by 1, 2, k.conname`;

/** Makes the partitions of a network to see what they have, and takes them back. */
export async function readObjects(sql: postgres.Sql): Promise<Objects> {
  const done = new Error('read');
  let objects: Objects | undefined;
  await sql
    .begin(async (transaction) => {
      await transaction`set local search_path = pg_catalog`;
      const functions = await transaction.unsafe<FunctionObject[]>(FUNCTIONS);
      const relations = await transaction.unsafe<Relation[]>(RELATIONS);
      const keys = await transaction.unsafe<Key[]>(KEYS);
      await transaction`select dpg.ensure_item_partition('yellow_dot', 'student'), dpg.ensure_action_partition('yellow_dot', 'connect')`;
      const references = await transaction.unsafe(REFERENCES);
      objects = {
        functions: [...functions],
        relations: relations.map(withCommentsOnOneLine),
        keys: [...keys],
        references: references.map((row) => ({
          table: withoutSchema(row.table),
          columns: row.columns,
          isOptional: row.is_optional,
          referenced: withoutSchema(row.referenced),
        })),
      };
      throw done;
    })
    .catch((error) => {
      if (error !== done) throw error;
    });
  if (!objects) throw new Error('nothing was read');
  return objects;
}

/** A cell of a table in Markdown has no line breaks. */
function withCommentsOnOneLine(relation: Relation): Relation {
  const described = <Object extends { comment: string | null }>(object: Object): Object => ({
    ...object,
    comment: object.comment === null ? null : oneLine(object.comment),
  });
  return {
    ...described(relation),
    columns: relation.columns.map(described),
    constraints: relation.constraints.map(described),
    indexes: relation.indexes.map(described),
    rules: relation.rules.map(described),
  };
}

function withoutSchema(name: string): string {
  return name.replace(/^(dpg|public)\./, '').replaceAll('"', '');
}
