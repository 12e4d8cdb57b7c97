import { OURS, queryCheck } from './check.js';

// All keys are text: an index whose order is no longer that of the library does not find what is there, and lets in what is
// there already. C and POSIX have no version, since they have no library.
export const collations = queryCheck(
  'collations',
  `
  with current as (
    select d.datname, d.datcollversion as made_with, pg_database_collation_actual_version(d.oid) as actual
    from pg_database d
    where d.datname = current_database()
  ),
  used as (
    select i.indrelid, u.oid
    from pg_index i
    join pg_class c on c.oid = i.indrelid
    cross join lateral unnest(i.indcollation::oid[]) u (oid)
    where c.relnamespace = any (${OURS}) or c.oid = to_regclass('public."user"')
  ),
  changed as (
    select format('%s.%I', c.collnamespace::regnamespace, c.collname) as name, c.collversion as made_with,
      pg_collation_actual_version(c.oid) as actual, array_agg(distinct u.indrelid::regclass::text order by u.indrelid::regclass::text) as tables
    from pg_collation c
    join used u on u.oid = c.oid
    -- that of the database is above
    where c.collprovider <> 'd'
    group by c.oid, c.collnamespace, c.collname, c.collversion
  ),
  findings as (
    select 1 as place, format('database %I', c.datname) as object,
      format('Its indexes on text were built with version %s of the collation, and the system has %s: they may miss rows that are there, and take in keys twice.', c.made_with, c.actual) as problem,
      array[
        format('reindex database %I;', c.datname),
        format('alter database %I refresh collation version;', c.datname)
      ] as mend
    from current c
    where c.made_with <> c.actual
    union all
    select 2, 'collation ' || c.name,
      format('Indexes on %s were built with its version %s, and the system has %s: they may miss rows that are there, and take in keys twice.',
        array_to_string(c.tables, ', '), c.made_with, c.actual),
      array(select format('reindex table %s;', t) from unnest(c.tables) t) || format('alter collation %s refresh version;', c.name)
    from changed c
    where c.made_with <> c.actual
  )
  select 'error' as severity, object, problem, mend
  from findings
  order by place, object`,
);
