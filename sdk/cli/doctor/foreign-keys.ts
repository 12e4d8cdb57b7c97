import { OURS, queryCheck, reattached, roots, sameAttachment, TREE } from './check.js';

// Those of the roots are theirs (objects.ts looks after them) and each partition's; those between actions and items are
// a network's own (dpg_private.ensure_network_partition makes them).
export const foreignKeys = queryCheck(
  'foreign keys',
  `
  with ${TREE},
  networks as (
    select a.network, to_regclass('dpg.' || a.name) as actions, to_regclass('dpg.' || i.name) as items
    from dpg_private.partition_names a
    left join dpg_private.partition_names i on i.root = 'items' and i.network = a.network and i.key is null
    where a.root = 'item_actions'
      and a.key is null
      and to_regclass('dpg.' || a.name) is not null
  ),
  keys as (
    select k.oid, k.conname, k.conrelid, k.confrelid,
      case when p.conrelid = k.conrelid then 'referred' when p.confrelid = k.confrelid then 'referring' end as cloned_for
    from pg_constraint k
    left join pg_constraint p on p.oid = k.conparentid
    where k.contype = 'f'
  ),
  findings as (
    select 1 as place, 0 as level, n.actions as oid,
      'The items of its network have no table: its actions refer to items that are gone.' as problem,
      array[format('select dpg_private.ensure_network_partition(%L, %L, null);', 'items', n.network)] as mend
    from networks n
    where n.items is null
      -- one under another name is a finding of partitions
      and not exists (
        select
        from tree t
        join pg_class c on c.oid = t.oid
        where t.root = 'dpg.items'::regclass
          and t.level = 1
          and pg_get_expr(c.relpartbound, c.oid) = 'FOR VALUES IN (''' || replace(n.network, '''', '''''') || ''')'
      )
    union all
    select 2, 0, n.actions, format('It lacks the foreign key %s to %s: items that actions refer to can be deleted.', k.name, n.items),
      array[format(
        'alter table %1$s add constraint %2$I foreign key (%3$s_item_network, %3$s_item_domain, %3$s_item_type, %4$s) references %5$s (item_network, item_domain, item_type, item_id);',
        n.actions, k.name, k.side, k.id, n.items)]
    from networks n
    cross join (values
      ('item_actions_source_item_fkey', 'source', 'source_local_item_id'),
      ('item_actions_target_item_fkey', 'target', 'target_item_id')
    ) k (name, side, id)
    where n.items is not null
      and not exists (
        select
        from pg_constraint c
        where c.conrelid = n.actions
          and c.confrelid = n.items
          and c.conname = k.name
          and c.contype = 'f'
      )
    union all
    select 3, t.level, t.oid, format('It lacks %s of its parent.', string_agg(format('the foreign key %s', k.conname), ', ' order by k.conname)),
      ${reattached('t.oid', 't.parent', sameAttachment('t.oid', 't.parent'))}
    from tree t
    join (
      -- each partition of the table that refers has the key ...
      select k.oid, k.conname, k.conrelid as parent, true as is_referring
      from keys k
      where k.cloned_for is distinct from 'referred'
      union all
      -- ... and each partition of the table that is referred to is in it
      select k.oid, k.conname, k.confrelid, false
      from keys k
      where k.cloned_for is distinct from 'referring'
    ) k on k.parent = t.parent
    where not exists (
      select
      from pg_constraint own
      where own.conparentid = k.oid
        and case when k.is_referring then own.conrelid else own.confrelid end = t.oid
    )
    group by t.level, t.parent, t.oid
    union all
    select 4, 0, k.conrelid, case
        when enforcement.is_off then format('Its foreign key %s is not enforced.', k.conname)
        else format('Its foreign key %s is not enforced on the rows that are there.', k.conname)
      end,
      array[format(case when enforcement.is_off then 'alter table %s alter constraint %I enforced;' else 'alter table %s validate constraint %I;' end,
        k.conrelid::regclass, k.conname)]
    from pg_constraint k
    join pg_class c on c.oid = k.conrelid and c.relnamespace = any (${OURS})
    -- of PostgreSQL 18
    cross join lateral (select pg_get_constraintdef(k.oid) like '% NOT ENFORCED' as is_off) enforcement
    where k.contype = 'f'
      and k.conparentid = 0
      and not k.convalidated
  )
  select 'error' as severity, 'table ' || oid::regclass as object, problem, mend
  from findings
  order by place, level, oid::regclass::text, problem`,
  roots,
);
