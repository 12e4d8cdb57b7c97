import { OURS, queryCheck } from './check.js';

// The functions run as their owner and write as such.
export const owners = queryCheck(
  'owners',
  `
  with owner as (
    select c.relowner as oid
    from pg_class c
    where c.oid = to_regclass('dpg.items')
  ),
  owned as (
    select
      case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end as kind,
      c.oid::regclass::text as name, c.relowner as owner
    from pg_class c
    where c.relnamespace = any (${OURS})
      and c.relkind in ('r', 'p', 'v', 'S')
    union all
    select 'function', p.oid::regprocedure::text, p.proowner
    from pg_proc p
    where p.pronamespace = any (${OURS})
  )
  select 'error' as severity, format('%s %s', o.kind, o.name) as object,
    format('It belongs to %s, the rest to %s: functions run as their owner, and lack what the other has.',
      o.owner::regrole, owner.oid::regrole) as problem,
    array[format('alter %s %s owner to %s;', o.kind, o.name, owner.oid::regrole)] as mend
  from owned o
  cross join owner
  where o.owner <> owner.oid
  order by o.kind desc, o.name`,
);
