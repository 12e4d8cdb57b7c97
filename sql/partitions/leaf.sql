create or replace function dpg_private.leaf(root text, network text, key text)
returns regclass
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- as long as the table is small the planner would rather compare every row of it
as $body$
declare
  named regclass;
begin
  -- plpgsql keeps the plan: this is part of every call
  select to_regclass('dpg.' || p.name)
  into named
  from dpg_private.partition_names p
  where p.root = leaf.root
    and p.network = leaf.network
    and p.key = leaf.key;
  -- a table that was detached, or took the name of one that was dropped, holds no rows of the root
  if pg_partition_root(named) = ('dpg.' || root)::regclass then
    return named;
  end if;
  return null;
end
$body$;

comment on function dpg_private.leaf(text, text, text) is
  'The leaf of these keys; null where there is none. Under the pinned search path its text is qualified and can stand in a statement.';
