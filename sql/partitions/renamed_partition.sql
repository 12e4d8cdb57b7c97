create or replace function dpg_private.renamed_partition(root text, network text, key text)
returns regclass
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select c.oid::regclass
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    where i.inhparent = case
        when key is null then ('dpg.' || root)::regclass
        else (
          select to_regclass('dpg.' || p.name)
          from dpg_private.partition_names p
          where p.root = renamed_partition.root
            and p.network = renamed_partition.network
            and p.key is null
        )
      end
      and not i.inhdetachpending
      -- as the functions create them: a network's own partition is partitioned, and its leaves are plain tables
      and c.relkind = case when key is null then 'p' else 'r' end
      -- as PostgreSQL writes it, which never uses E''
      and pg_get_expr(c.relpartbound, c.oid)
        = 'FOR VALUES IN (''' || replace(coalesce(key, network), '''', '''''') || ''')'
  );
end
$body$;

comment on function dpg_private.renamed_partition(text, text, text) is
  'The partition that takes the rows of these keys (a null key: of the network), whatever its name; null where there is none. For keys whose name is claimed and has no table.';
