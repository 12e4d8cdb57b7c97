// What others have put on our tables runs within our functions, and so under their search path, where names without a schema
// are not found. Functions are judged by what they have set, expressions by trying them.

import type postgres from 'postgres';
import { type Check, type Finding, OURS, type Sql } from './check.js';

/** As every function of ours has it. */
const PINNED = 'pg_catalog, pg_temp';

/** Tables that our functions read or write: ours, and the users. */
const TABLES = `
  tables as (
    select c.oid, c.relispartition
    from pg_class c
    where c.relkind in ('r', 'p')
      and (c.relnamespace = any (${OURS}) or c.oid = to_regclass('public."user"'))
  )`;

/** Whether a function (pg_proc p) looks names up as it runs, and under the path of whoever calls it. */
const IS_LED_ASTRAY = `
  p.pronamespace <> all (${OURS})
  and p.pronamespace <> 'pg_catalog'::regnamespace
  and p.prolang not in (select l.oid from pg_language l where l.lanname in ('c', 'internal'))
  -- begin atomic: its names were looked up as it was created
  and p.prosqlbody is null
  and not exists (select from unnest(p.proconfig) entry where entry ~ '^search_path=')`;

/** The statement that gives a function (pg_proc p) a path of its own: its schema, then public. */
const OWN_PATH = `
  format('alter function %s set search_path = %s, pg_temp;', p.oid::regprocedure, concat_ws(', ',
    case when p.pronamespace <> 'public'::regnamespace then p.pronamespace::regnamespace::text end, 'public'))`;

export const searchPath: Check = {
  name: 'search path',
  async find(sql) {
    return [...(await functions(sql)), ...(await expressions(sql))];
  },
};

/** Of triggers on our tables, and of event triggers, which run when a partition is created. */
async function functions(sql: Sql): Promise<Finding[]> {
  const rows = await sql.unsafe(`
    with ${TABLES},
    uses as (
      -- the trigger of a root stands on each of its partitions
      select 1 as place, g.tgfoid as function, format('the trigger %I on %s', g.tgname, t.oid::regclass) as use
      from tables t
      join pg_trigger g on g.tgrelid = t.oid
      where not g.tgisinternal
        and g.tgparentid = 0
        and g.tgenabled <> 'D'
      union all
      select 2, e.evtfoid, format('the event trigger %I', e.evtname)
      from pg_event_trigger e
      where e.evtenabled <> 'D'
        and e.evtevent in ('ddl_command_start', 'ddl_command_end')
        -- the commands that create a partition
        and (e.evttags is null or e.evttags && array['CREATE TABLE', 'ALTER TABLE', 'CREATE TRIGGER', 'COMMENT'])
    )
    select p.oid::regprocedure::text as function, array_agg(distinct u.use order by u.use) as uses, min(u.place) as place,
      ${OWN_PATH} as mend
    from uses u
    join pg_proc p on p.oid = u.function
    where ${IS_LED_ASTRAY}
    group by p.oid
    order by 3, 1`);
  return rows.map(({ function: name, uses, place, mend }) => ({
    severity: 'warning',
    object: `function ${name}`,
    problem: `It has no search_path of its own. It runs for ${listed(uses)}, and ${
      place === 1 ? 'in a call of our functions' : 'when a call of our functions creates a partition'
    } names without a schema are looked up in pg_catalog alone: it fails where it has any.`,
    mend: [mend],
    mend_with: 'sql',
  }));
}

/** A few by name: a function may serve thousands of leaves. */
function listed(uses: string[]): string {
  const shown = uses.slice(0, 3).join(', ');
  return uses.length > 3 ? `${shown} and ${uses.length - 3} more` : shown;
}

interface Expression {
  object: string;
  expression: string;
  /** What its columns are: `dpg.items`; of the condition of a trigger: old and new. */
  source: string;
  /** What fails with it. */
  fails: string;
  /** The functions in it that could be given a path. */
  mend: string[];
  /** What mends it where no function can be given one. */
  otherwise: string[];
}

/** Under our path they fail, and under one that has every schema they do not. */
async function expressions(sql: Sql): Promise<Finding[]> {
  const all = await expressionsOf(sql);
  const sources = [...new Set(all.map(({ source }) => source))];
  const findings: Finding[] = [];
  for (const source of sources) {
    const ofSource = all.filter((one) => one.source === source);
    // nearly always all is well: one try a table
    if ((await failure(sql, ofSource, PINNED)) === undefined) continue;
    for (const one of ofSource) {
      const failed = await failure(sql, [one], PINNED);
      if (failed === undefined || !isOfNames(failed)) continue;
      if ((await failure(sql, [one], await everySchema(sql))) !== undefined) continue;
      findings.push({
        severity: 'error',
        object: one.object,
        problem: `It cannot be evaluated under the search path of our functions (${failed.message}): ${one.fails} fails.`,
        mend: one.mend.length > 0 ? one.mend : one.otherwise,
        mend_with: 'sql',
      });
    }
  }
  return findings;
}

async function expressionsOf(sql: Sql): Promise<Expression[]> {
  const rows = await sql.unsafe<(Omit<Expression, 'mend'> & { functions: string[] })[]>(`
    with ${TABLES},
    found as (
      select 1 as place, 'pg_class'::regclass as class, i.indexrelid as oid, i.indrelid as table, 'index ' || i.indexrelid::regclass as object,
        concat_ws(', ', pg_get_expr(i.indexprs, i.indrelid), pg_get_expr(i.indpred, i.indrelid)) as expression,
        'every call that reads or writes the table' as fails, format('drop index %s;', i.indexrelid::regclass) as otherwise
      from tables t
      join pg_index i on i.indrelid = t.oid
      where (i.indexprs is not null or i.indpred is not null)
        and not exists (select from pg_inherits h where h.inhrelid = i.indexrelid)
      union all
      select 2, 'pg_statistic_ext'::regclass, s.oid, s.stxrelid, format('statistics %s.%I', s.stxnamespace::regnamespace, s.stxname),
        array_to_string(pg_get_statisticsobjdef_expressions(s.oid), ', '),
        'every call that reads or writes the table', format('drop statistics %s.%I;', s.stxnamespace::regnamespace, s.stxname)
      from tables t
      join pg_statistic_ext s on s.stxrelid = t.oid
      where s.stxexprs is not null
        and not t.relispartition
      union all
      select 3, 'pg_constraint'::regclass, k.oid, k.conrelid, format('constraint %I on %s', k.conname, k.conrelid::regclass),
        pg_get_expr(k.conbin, k.conrelid), 'every write', null
      from tables t
      join pg_constraint k on k.conrelid = t.oid and k.contype = 'c' and k.coninhcount = 0
      union all
      select 4, 'pg_attrdef'::regclass, d.oid, d.adrelid, format('column %I of %s', a.attname, d.adrelid::regclass),
        pg_get_expr(d.adbin, d.adrelid), case a.attgenerated when '' then 'every insert' else 'every write' end, null
      from tables t
      join pg_attrdef d on d.adrelid = t.oid
      join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum and not a.attisdropped
      where not t.relispartition
      union all
      select 5, 'pg_trigger'::regclass, g.oid, g.tgrelid, format('trigger %I on %s', g.tgname, g.tgrelid::regclass),
        substring(pg_get_triggerdef(g.oid) from ' WHEN \\((.*)\\) EXECUTE FUNCTION '), 'every write', null
      from tables t
      join pg_trigger g on g.tgrelid = t.oid and g.tgqual is not null and g.tgparentid = 0 and not g.tgisinternal and g.tgenabled <> 'D'
    )
    select f.object, f.expression, f.fails, array_remove(array[f.otherwise], null) as otherwise,
      case when f.place = 5 then format('%1$s as old cross join %1$s as new', sample.rows) else sample.rows || ' as sample' end as source,
      array(
        select distinct ${OWN_PATH}
        from pg_depend d
        left join pg_operator o on d.refclassid = 'pg_operator'::regclass and o.oid = d.refobjid
        join pg_proc p
          on p.oid = case d.refclassid when 'pg_proc'::regclass then d.refobjid when 'pg_operator'::regclass then o.oprcode end
        where d.classid = f.class
          and d.objid = f.oid
          -- what the trigger executes is a finding of its own
          and (f.place <> 5 or p.oid <> (select g.tgfoid from pg_trigger g where g.oid = f.oid))
          and ${IS_LED_ASTRAY}
        order by 1
      ) as functions
    from found f
    cross join lateral (
      -- one row of values that every type of the seed has, and one of nulls
      select format('jsonb_populate_record(null::%s, %L)', f.table::regclass, jsonb_object_agg(a.attname, case a.atttypid::regtype::text
          when 'text' then '"x"'
          when 'uuid' then '"00000000-0000-4000-8000-000000000000"'
          when 'jsonb' then '{}'
          when 'double precision' then '1'
          when 'integer' then '1'
          when 'bigint' then '1'
          when 'boolean' then 'false'
          when 'timestamp with time zone' then '"2020-01-01T00:00:00Z"'
        end::jsonb)) as rows
      from pg_attribute a
      where a.attrelid = f.table
        and a.attnum > 0
        and not a.attisdropped
    ) sample
    order by f.place, f.object`);
  return rows.map(({ functions, ...one }) => ({ ...one, mend: functions }));
}

const TAKEN_BACK = new Error('taken back');

/** What evaluating them ends in, as the owner of our tables, who does it in a call; undefined when all goes well. */
async function failure(
  sql: Sql,
  tried: Expression[],
  path: string,
): Promise<postgres.PostgresError | undefined> {
  const [{ source }] = tried as [Expression];
  const list = tried.map(({ expression }) => expression).join(', ');
  let isBegun = false;
  const said = await sql
    .savepoint(async (savepoint) => {
      await savepoint`
        select set_config('role', r.rolname, true)
        from pg_class c
        join pg_roles r on r.oid = c.relowner
        where c.oid = to_regclass('dpg.items')`;
      await savepoint`select set_config('search_path', ${path}, true)`;
      isBegun = true;
      await savepoint.unsafe(`select num_nulls(${list}) from ${source}`);
      // a function in it may have noted something
      throw TAKEN_BACK;
    })
    .catch((error) => error);
  if (said === TAKEN_BACK) return undefined;
  if (!isBegun || (said as { code?: string }).code === undefined) throw said;
  return said;
}

/** Undefined functions and operators, tables, types and other objects, schemas. */
const isOfNames = ({ code }: postgres.PostgresError) => ['42883', '42P01', '42704', '3F000'].includes(code);

async function everySchema(sql: Sql): Promise<string> {
  const [row] = await sql`
    select string_agg(format('%I', n.nspname), ', ' order by n.nspname <> 'public', n.nspname) as path
    from pg_namespace n
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;
  return String(row?.path);
}
