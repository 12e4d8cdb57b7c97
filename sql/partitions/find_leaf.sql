create or replace function dpg_private.look_up_leaf(root text, network text, key text)
returns table (leaf regclass)
language sql
stable
parallel safe
security invoker
begin atomic
  select n.leaf
  from (
    select to_regclass('dpg.' || p.name) as leaf
    from dpg_private.partition_names p
    where p.root = look_up_leaf.root
      and p.network = look_up_leaf.network
      and p.key = look_up_leaf.key
    offset 0 -- found once, wherever the leaf is used
  ) n
  -- a table that was detached, or took the name of one that was dropped, holds no rows of the root
  where pg_partition_root(n.leaf) = ('dpg.' || look_up_leaf.root)::regclass;
end;

comment on function dpg_private.look_up_leaf(text, text, text) is
  'The leaf of these keys, as a table of no row or one. Stored parsed and inlined into the statement of a function that asks for more at the same time; dpg_private.find_leaf where that is all.';

create or replace function dpg_private.find_leaf(root text, network text, key text)
returns regclass
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- as long as the table is small the planner would rather compare every row of it
as $body$
begin
  -- plpgsql keeps the plan: this is part of every call
  return (select l.leaf from dpg_private.look_up_leaf(root, network, key) l);
end
$body$;

comment on function dpg_private.find_leaf(text, text, text) is
  'The leaf of these keys; null where there is none. Under the pinned search path its text is qualified and can stand in a statement.';
