import { isReceiving, OURS, queryCheck } from './check.js';

/** Fewer dead rows than these cost nobody anything: autovacuum may be on its way. */
const FLOOR = 10_000;
/** So many times as many as make autovacuum begin. */
const TIMES = 5;

export const vacuum = queryCheck(
  'vacuum',
  `
  with tables as (
    select c.oid, c.reltuples, c.reloptions, pg_stat_get_dead_tuples(c.oid) as dead
    from pg_class c
    where c.relnamespace = any (${OURS})
      and c.relkind = 'r'
  ),
  options as (
    select t.oid, o.option_name, o.option_value
    from tables t
    cross join lateral pg_options_to_table(t.reloptions) o
  ),
  judged as (
    select t.oid, t.dead,
      coalesce((select o.option_value from options o where o.oid = t.oid and o.option_name = 'autovacuum_vacuum_threshold'),
        current_setting('autovacuum_vacuum_threshold'))::double precision
      + coalesce((select o.option_value from options o where o.oid = t.oid and o.option_name = 'autovacuum_vacuum_scale_factor'),
        current_setting('autovacuum_vacuum_scale_factor'))::double precision * greatest(t.reltuples, 0) as begins_at
    from tables t
    where t.dead > ${FLOOR}
  )
  select 'warning' as severity, 'setting autovacuum' as object,
    'Nothing is vacuumed by itself: tables grow, and plans are made from old figures.' as problem,
    array['alter system set autovacuum = on;', 'select pg_reload_conf();'] as mend
  where not current_setting('autovacuum')::boolean
  union all
  select 'warning', 'table ' || o.oid::regclass, 'It is left out of autovacuum: it grows, and plans are made from old figures.',
    array[format('alter table %s reset (autovacuum_enabled);', o.oid::regclass)]
  from options o
  where o.option_name = 'autovacuum_enabled'
    and not o.option_value::boolean
    and not ${isReceiving('o.oid')}
  union all
  select 'warning', 'table ' || j.oid::regclass,
    format('It has %s dead rows: autovacuum, which begins at %s, does not get along, or an old transaction holds them (pg_stat_activity, pg_prepared_xacts, pg_replication_slots).',
      j.dead, round(j.begins_at)),
    array[format('vacuum (analyze) %s;', j.oid::regclass)]
  from judged j
  where j.dead > ${TIMES} * j.begins_at`,
);
