create or replace function dpg_private.leaf(root text, network text, key text)
returns regclass
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- plpgsql keeps the plan: this is part of every call. A table that was detached, or took the name of one that was
  -- dropped, holds no rows of the root.
  return (
    select to_regclass('dpg.' || p.name)
    from dpg_private.partition_names p
    where p.root = leaf.root
      and p.network = leaf.network
      and p.key = leaf.key
      and pg_partition_root(to_regclass('dpg.' || p.name)) = ('dpg.' || leaf.root)::regclass
  );
end
$body$;

comment on function dpg_private.leaf(text, text, text) is
  'The leaf of these keys; null where there is none. Under the pinned search path its text is qualified and can stand in a statement.';
