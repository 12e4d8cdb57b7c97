import { queryCheck, roots, TREE } from './check.js';

/** From so many leaves on a plan for all of them is felt: 50 to 100 ms, 10 MB a statement in a session (sql/README.md). */
const MANY_LEAVES = 100;

/** What pg_dump locks besides: tables of the catalogue and their indexes. Measured: 1,199 locks in all for 1,027 tables. */
const CATALOGUE = 172;

export const settings = queryCheck(
  'settings',
  `
  with ${TREE},
  trees as (
    -- what a statement without partition keys locks: every table of the tree, and every index
    select t.root, count(distinct t.oid) filter (where t.kind = 'r') as leaves,
      count(distinct t.oid) + count(i.indexrelid) as locks
    from tree t
    left join pg_index i on i.indrelid = t.oid
    group by t.root
  ),
  widest as (
    select coalesce(max(leaves), 0) as leaves, coalesce(max(locks), 0) as locks from trees
  ),
  -- what pg_dump locks: each table of the database, and what it reads of the catalogue
  dump as (
    select count(*) + ${CATALOGUE} as locks
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p')
      and n.nspname !~ '^pg_'
      and n.nspname <> 'information_schema'
  ),
  slots as (
    select per_transaction.setting::integer as per_transaction, sessions.number,
      per_transaction.setting::bigint * sessions.number as total
    from pg_settings per_transaction
    cross join (
      select sum(setting::bigint) as number from pg_settings where name in ('max_connections', 'max_prepared_transactions')
    ) sessions
    where per_transaction.name = 'max_locks_per_transaction'
  ),
  -- whoever logs in for an application; the database itself where nobody does yet
  sessions as (
    select r.oid, format('role %I in database %I', r.rolname, current_database()) as target
    from pg_roles r
    where r.rolcanlogin
      and not r.rolsuper
      and exists (
        select from pg_roles ours
        where ours.rolname in ('dpg_app', 'dpg_readonly', 'dpg_admin') and pg_has_role(r.oid, ours.oid, 'member')
      )
    union all
    select 0, format('database %I', current_database())
  ),
  -- the most particular one holds
  effective as (
    select s.oid, s.target, p.name,
      coalesce(
        (
          select substring(entry from '=(.*)$')
          from pg_db_role_setting d
          cross join unnest(d.setconfig) entry
          where d.setrole in (0, s.oid)
            and d.setdatabase in (0, (select oid from pg_database where datname = current_database()))
            and starts_with(entry, p.name || '=')
          order by d.setrole <> 0 desc, d.setdatabase <> 0 desc
          limit 1
        ),
        case when p.source in ('default', 'configuration file', 'command line', 'environment variable', 'override') then p.reset_val else p.boot_val end
      ) as value
    from sessions s
    cross join pg_settings p
    where p.name in ('plan_cache_mode', 'jit', 'session_replication_role')
  ),
  -- of the database, where it holds for its roles too
  distinct_effective as (
    select e.*
    from effective e
    where e.oid = 0
      or e.value is distinct from (select d.value from effective d where d.oid = 0 and d.name = e.name)
  )
  select 'warning' as severity, 'setting max_locks_per_transaction' as object,
    format('There are %s locks for all sessions, and a statement on one root without its partition keys takes %s, pg_dump %s: what takes more than there are ends in "out of shared memory". Calls are not concerned.',
      slots.total, widest.locks, dump.locks) as problem,
    array[format('alter system set max_locks_per_transaction = %s; -- and restart the server',
      ceil(greatest(widest.locks, dump.locks) * 2.0 / slots.number))] as mend
  from slots, widest, dump
  where greatest(widest.locks, dump.locks) > slots.total
  union all
  select 'error', 'setting plan_cache_mode of ' || e.target,
    'It is force_generic_plan: each prepared statement on a root locks and plans every leaf.',
    array[format('alter %s set plan_cache_mode = force_custom_plan;', e.target)]
  from distinct_effective e
  where e.name = 'plan_cache_mode'
    and e.value = 'force_generic_plan'
  union all
  select 'notice', 'setting plan_cache_mode of ' || e.target,
    format('It is auto: the sixth call of a prepared statement of your own on a root makes a plan for all %s leaves. Our functions are not concerned.', widest.leaves),
    array[format('alter %s set plan_cache_mode = force_custom_plan;', e.target)]
  from distinct_effective e, widest
  where e.name = 'plan_cache_mode'
    and e.value = 'auto'
    and widest.leaves >= ${MANY_LEAVES}
  union all
  select 'notice', 'setting jit of ' || e.target,
    format('It is on: a plan over %s leaves is compiled because it is estimated to be dear, which costs more than it saves.', widest.leaves),
    array[format('alter %s set jit = off;', e.target)]
  from distinct_effective e, widest
  where e.name = 'jit'
    and e.value = 'on'
    and widest.leaves >= ${MANY_LEAVES}
  union all
  select 'error', 'setting session_replication_role of ' || e.target,
    format('It is %s: foreign keys are not checked, and triggers that keep the data layer''s own tables do not run.', e.value),
    array[format('alter %s reset session_replication_role;', e.target)]
  from distinct_effective e
  where e.name = 'session_replication_role'
    and e.value = 'replica'`,
  roots,
);
