create or replace function dpg_private.tied_tables(parent regclass)
returns regclass[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return array(
    select t.relation
    from (
      -- its foreign keys, to the users, to items and to tables of the application: a new partition has them too
      select k.confrelid::regclass as relation
      from pg_constraint k
      where k.contype = 'f'
        and k.conrelid = tied_tables.parent
      union
      select p.relid
      from pg_constraint k
      cross join lateral pg_partition_tree(k.confrelid) p
      where k.contype = 'f'
        and k.conrelid = tied_tables.parent
      union
      -- foreign keys to it, of actions and of tables of the application: they are extended to a new partition
      select k.conrelid
      from pg_constraint k
      left join pg_constraint p on p.oid = k.conparentid
      where k.contype = 'f'
        and k.confrelid = tied_tables.parent
        -- the key of a referring partition is its table's
        and p.confrelid is distinct from k.confrelid
    ) t
    where t.relation <> tied_tables.parent
    order by t.relation::oid
  );
end
$body$;

comment on function dpg_private.tied_tables(regclass) is
  'The tables that are tied to this partitioned table by foreign keys, from it or to it, those of the application included: attaching a partition to it takes SHARE ROW EXCLUSIVE on each of them.';
