import { queryCheck, reattached, roots, TREE } from './check.js';

/** A value as pg_get_expr writes it in a bound: it never uses E''. */
const literal = (value: string) => `'''' || replace(${value}, '''', '''''') || ''''`;

// dpg_private.partition_names says which table is for which keys, pg_inherits where each is attached.
export const partitions = queryCheck(
  'partitions',
  `
  with ${TREE},
  registered as (
    select p.root, p.network, p.key, p.name, coalesce(p.key, p.network) as value,
      to_regclass('dpg.' || p.name) as oid,
      case when p.key is null then 'dpg.' || p.root else 'dpg.' || n.name end as parent_name,
      'FOR VALUES IN (' || ${literal('coalesce(p.key, p.network)')} || ')' as bound
    from dpg_private.partition_names p
    left join dpg_private.partition_names n on n.root = p.root and n.network = p.network and n.key is null and p.key is not null
  ),
  found as (
    select r.*, c.relkind, c.relpersistence, i.inhparent, i.inhdetachpending, to_regclass(r.parent_name) as parent,
      pg_get_expr(c.relpartbound, c.oid) as actual_bound,
      format('alter table %s attach partition dpg.%I for values in (%L);', r.parent_name, r.name, r.value) as attach
    from registered r
    join pg_class c on c.oid = r.oid
    left join pg_inherits i on i.inhrelid = c.oid
  ),
  findings as (
    select 1 as place, 'error' as severity, f.key, f.name,
      'The table is detached: its rows are in nobody''s sight, and new ones of its keys cannot be written; attach it again, or rename it if it is to be kept apart.' as problem,
      case
        -- drop table ... cascade of a network's own partition spares what was detached from it
        when f.parent is null
          then array[format('select dpg_private.ensure_network(%L, %L, %L);', f.root, f.network, f.key), f.attach]
        else array[f.attach]
      end as mend
    from found f
    where f.inhparent is null
      and f.relkind in ('r', 'p')
    union all
    select 2, 'error', f.key, f.name, 'Its detaching was begun with concurrently and not ended: its rows are in nobody''s sight.',
      array[format('alter table %s detach partition dpg.%I finalize;', f.inhparent::regclass, f.name), f.attach]
    from found f
    where f.inhdetachpending
    union all
    select 3, 'error', f.key, f.name, format('It is attached to %s instead of %s.', f.inhparent::regclass, f.parent_name),
      ${reattached('f.oid', 'f.inhparent', 'f.attach')}
    from found f
    where f.inhparent <> f.parent
      and not f.inhdetachpending
    union all
    select 4, 'error', f.key, f.name, format('Its bound is %s instead of %s.', f.actual_bound, f.bound),
      ${reattached('f.oid', 'f.inhparent', 'f.attach')}
    from found f
    where f.inhparent = f.parent
      and not f.inhdetachpending
      and f.actual_bound <> f.bound
    union all
    select 5, 'error', f.key, f.name, 'The table is unlogged: a crash empties it, and a standby has none of it.',
      array[format('alter table dpg.%I set logged;', f.name)]
    from found f
    where f.relpersistence = 'u'
      and f.relkind = 'r'
    union all
    select 6, 'error', u.key, u.name,
      format('It was attached by hand, with the bound %s: the functions do not know it.', u.bound),
      case
        when u.is_one_value and not exists (
            select
            from dpg_private.partition_names p
            where p.name = u.name or p.root = u.root and p.network = u.network and p.key is not distinct from u.key
          )
          then array[format('insert into dpg_private.partition_names (root, network, key, name) values (%L, %L, %L, %L);',
            u.root, u.network, u.key, u.name)]
        else array[format('alter table %s detach partition %s;', u.parent::regclass, u.oid::regclass)]
      end
    from (
      select t.oid, t.parent, c.relname as name, root.relname as root, bound.text as bound,
        case t.level when 1 then value.text else p.network end as network,
        case t.level when 2 then value.text end as key,
        c.relnamespace = 'dpg'::regnamespace
          and t.level = case t.kind when 'p' then 1 else 2 end
          and (t.level = 1 or p.network is not null)
          and bound.text = 'FOR VALUES IN (' || ${literal('value.text')} || ')' as is_one_value
      from tree t
      join pg_class c on c.oid = t.oid
      join pg_class root on root.oid = t.root
      left join registered p on p.oid = t.parent
      cross join lateral (select pg_get_expr(c.relpartbound, c.oid) as text) bound
      cross join lateral (
        select replace(substring(bound.text from $bound$^FOR VALUES IN \\('(.*)'\\)$$bound$), '''''', '''') as text
      ) value
      where t.level > 0
        and not exists (select from registered r where r.oid = t.oid)
    ) u
  )
  -- a network's own partition before its leaves
  select severity, 'table ' || format('dpg.%I', name) as object, problem, mend
  from findings
  order by key is not null, place, name`,
  roots,
);
