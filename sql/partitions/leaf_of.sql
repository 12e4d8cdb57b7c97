create or replace function dpg_private.leaf_of(root text, network text, key text)
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
    where p.root = leaf_of.root
      and p.network = leaf_of.network
      and p.key = leaf_of.key
    offset 0 -- found once, wherever the leaf is used
  ) n
  -- a table that was detached, or took the name of one that was dropped, holds no rows of the root
  where pg_partition_root(n.leaf) = ('dpg.' || leaf_of.root)::regclass;
end;

comment on function dpg_private.leaf_of(text, text, text) is
  'The leaf of these keys, as a table of no row or one. Stored parsed and inlined into the statement of a function that asks for more at the same time; dpg_private.leaf where that is all.';
