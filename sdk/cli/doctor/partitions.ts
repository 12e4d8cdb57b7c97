import { type Expected, queryCheck, reattached, TREE } from './check.js';

/** A value as pg_get_expr writes it in a bound: it never uses E''. */
const literal = (value: string) => `'''' || replace(${value}, '''', '''''') || ''''`;
const boundOf = (value: string) => `'FOR VALUES IN (' || ${literal(value)} || ')'`;

/** Whether a table certainly holds no rows, by the size of its files: what was detached would be out of sight. */
const holdsNothing = (table: string) => `not exists (
  select
  from (select ${table} as oid union select relid from pg_partition_tree(${table})) part
  join pg_class c on c.oid = part.oid
  where c.relkind not in ('r', 'p') or pg_relation_size(c.oid) > 0
)`;

const named = ({ declarations }: Expected): string[][] => [
  declarations.roots,
  declarations.objects.filter(({ kind }) => kind === 'table').map(({ name }) => name),
];

// dpg_private.partition_names says which table is for which keys, pg_inherits where each is attached, and its bound what
// it holds. Nothing here takes rows out of sight: what holds some is given its name or its record back, or left alone.
export const partitions = queryCheck(
  'partitions',
  `
  with ${TREE},
  attached as (
    select t.oid, t.parent, t.level, t.kind, root.relname::text as root, c.relname::text as name, c.relnamespace = 'dpg'::regnamespace as is_ours,
      bound.text as bound,
      case when bound.text = ${boundOf('value.text')} then value.text end as value
    from tree t
    join pg_class c on c.oid = t.oid
    join pg_class root on root.oid = t.root
    cross join lateral (select pg_get_expr(c.relpartbound, c.oid) as text) bound
    cross join lateral (
      select replace(substring(bound.text from $bound$^FOR VALUES IN \\('(.*)'\\)$$bound$), '''''', '''') as text
    ) value
    where t.level > 0
  ),
  registered as (
    select p.root, p.network, p.key, p.name, coalesce(p.key, p.network) as value,
      to_regclass('dpg.' || p.name) as oid,
      case when p.key is null then 'dpg.' || p.root else coalesce('dpg.' || n.name, a.oid::regclass::text) end as parent_name,
      ${boundOf('coalesce(p.key, p.network)')} as bound
    from dpg_private.partition_names p
    left join dpg_private.partition_names n on n.root = p.root and n.network = p.network and n.key is null and p.key is not null
    left join attached a on a.level = 1 and a.root = p.root and a.value = p.network and n.name is null and p.key is not null
  ),
  found as (
    select r.*, c.relkind, c.relpersistence, i.inhparent, i.inhdetachpending, to_regclass(r.parent_name) as parent,
      pg_get_expr(c.relpartbound, c.oid) as actual_bound,
      case
        when r.parent_name is not null
          then format('alter table %s attach partition dpg.%I for values in (%L);', r.parent_name, r.name, r.value)
      end as attach
    from registered r
    join pg_class c on c.oid = r.oid
    left join pg_inherits i on i.inhrelid = c.oid
  ),
  -- attached, and not by a name that the functions know
  unknown as (
    select a.oid, a.parent, a.root, a.name, a.bound, a.is_ours, keys.*, holder.name as own_name, holder.oid as held_by,
      -- as the functions make them: a network's own partition is partitioned, and its leaves are plain tables
      keys.network is not null and a.value is not null and a.kind = case a.level when 1 then 'p' else 'r' end as is_a_partition,
      ${holdsNothing('a.oid')} as is_empty,
      exists (select from registered r where r.name = a.name) or a.name !~ '^[a-z0-9_]+$' as is_name_unfit
    from attached a
    left join attached parent on parent.oid = a.parent
    cross join lateral (
      select case a.level when 1 then a.value else parent.value end as network, case a.level when 2 then a.value end as key
    ) keys
    left join registered holder
      on holder.root = a.root and holder.network = keys.network and holder.key is not distinct from keys.key and a.value is not null
    where not exists (select from registered r where r.oid = a.oid)
  ),
  findings as (
    select 0 as place, 'error' as severity, u.key, u.oid::regclass::text as object,
      case
        when u.is_a_partition and u.own_name is not null and u.held_by is null
          then format('It is the partition dpg.%I under another name: its rows are there, and the functions do not find it.', u.own_name)
        when u.is_empty or u.is_a_partition and u.own_name is null and not u.is_name_unfit
          then format('It was attached by hand, with the bound %s, or its record is gone: the functions do not know it.', u.bound)
        when u.own_name is not null
          then format('It holds rows of the keys of dpg.%I, which is there as well: detached, the rows would be in nobody''s sight. Decide which of the two is kept, or move the rows.', u.own_name)
        when u.is_a_partition
          then 'It was attached by hand, and holds rows: the functions do not know it. Rename it, to a name of a-z, 0-9 and _ that dpg_private.partition_names does not have, and examine it again.'
        else format('It was attached by hand, with the bound %s, and holds rows: the functions do not know it. Detached, the rows would be in nobody''s sight: move them first.', u.bound)
      end as problem,
      case
        when u.is_a_partition and u.own_name is not null and u.held_by is null
          then case when u.name <> u.own_name then array[format('alter table %s rename to %I;', u.oid::regclass, u.own_name)] else '{}' end
            || case
              when not u.is_ours
                then array[format('alter table %s.%I set schema dpg;',
                  (select c.relnamespace::regnamespace from pg_class c where c.oid = u.oid), u.own_name)]
              else '{}'
            end
        when u.is_a_partition and u.own_name is null and not u.is_name_unfit
          then case when u.is_ours then '{}' else array[format('alter table %s set schema dpg;', u.oid::regclass)] end
            || format('insert into dpg_private.partition_names (root, network, key, name) values (%L, %L, %L, %L);',
              u.root, u.network, u.key, u.name)
        when u.is_empty then array[format('alter table %s detach partition %s;', u.parent::regclass, u.oid::regclass)]
        else '{}'
      end as mend
    from unknown u
    union all
    select 1, 'error', f.key, f.oid::regclass::text,
      'The table is detached: its rows are in nobody''s sight, and new ones of its keys cannot be written; attach it again, or rename it if it is to be kept apart.',
      case
        when exists (
          select
          from unknown u
          where u.root = f.root and u.network = f.network and u.key is not distinct from f.key and not u.is_empty
        )
          then '{}'
        -- drop table ... cascade of a network's own partition spares what was detached from it
        when f.parent is null
          then array[format('select dpg_private.ensure_network_partition(%L, %L, %L);', f.root, f.network, f.key)] || f.attach
        else array[f.attach]
      end
    from found f
    where f.inhparent is null
      and f.relkind in ('r', 'p')
    union all
    select 2, 'error', f.key, f.oid::regclass::text, 'Its detaching was begun with concurrently and not ended: its rows are in nobody''s sight.',
      array[format('alter table %s detach partition dpg.%I finalize;', f.inhparent::regclass, f.name), f.attach]
    from found f
    where f.inhdetachpending
    union all
    select 3, 'error', f.key, f.oid::regclass::text, format('It is attached to %s instead of %s.', f.inhparent::regclass, f.parent_name),
      ${reattached('f.oid', 'f.inhparent', 'f.attach')}
    from found f
    where f.inhparent <> f.parent
      and not f.inhdetachpending
    union all
    select 4, 'error', f.key, f.oid::regclass::text, format('Its bound is %s instead of %s.', f.actual_bound, f.bound),
      ${reattached('f.oid', 'f.inhparent', 'f.attach')}
    from found f
    where f.inhparent = f.parent
      and not f.inhdetachpending
      and f.actual_bound <> f.bound
    union all
    select 5, 'error', f.key, f.oid::regclass::text, 'The table is unlogged: a crash empties it, and a standby has none of it.',
      array[format('alter table dpg.%I set logged;', f.name)]
    from found f
    where f.relpersistence = 'u'
      and f.relkind = 'r'
    union all
    select 6, 'warning', null, c.oid::regclass::text,
      format('It has the columns of %s and rows, and is attached to nothing: if it was a partition, its rows are in nobody''s sight. Look at it; attach it again under the name that dpg_private.partition_names has for its keys, or move it to a schema of yours.',
        root.oid::regclass),
      '{}'
    from pg_class c
    join pg_class root on root.oid = any (array(select to_regclass(name) from unnest($1::text[]) name))
    where c.relnamespace = 'dpg'::regnamespace
      and c.relkind in ('r', 'p')
      and not c.relispartition
      and c.oid::regclass::text <> all ($2::text[])
      and not exists (select from registered r where r.oid = c.oid)
      and not exists (
        select attname from pg_attribute where attrelid = root.oid and attnum > 0 and not attisdropped
        except
        select attname from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped
      )
      and not ${holdsNothing('c.oid')}
  )
  -- a network's own partition before its leaves
  select severity, 'table ' || object as object, problem, mend
  from findings
  order by key is not null, place, object`,
  named,
);
