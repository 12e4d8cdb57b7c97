create or replace function dpg_private.look_up_leaf_and_slot(root text, network text, key text)
returns table (leaf regclass, slot smallint)
language sql
stable
parallel safe
security invoker
begin atomic
  select n.leaf,
    dpg_private.slot_of(
      look_up_leaf_and_slot.root, look_up_leaf_and_slot.network, look_up_leaf_and_slot.key
    )
  from (
    select to_regclass('dpg.' || p.name) as leaf
    from dpg_private.partition_names p
    where p.root = look_up_leaf_and_slot.root
      and p.network = look_up_leaf_and_slot.network
      and p.key = look_up_leaf_and_slot.key
      and not p.is_closed
    offset 0 -- so that the name is looked up once, however often the leaf is used
  ) n
  -- a table that was detached, or that has the name of a dropped leaf, holds no rows of the root
  where pg_partition_root(n.leaf) = ('dpg.' || look_up_leaf_and_slot.root)::regclass;
end;

comment on function dpg_private.look_up_leaf_and_slot(text, text, text) is
  'The leaf of these keys and its slot, as a table of one row or none; none where it is closed. Stored parsed, so that
PostgreSQL inlines it into a statement that asks for more at the same time. Where only the leaf is needed, call
dpg_private.find_leaf.';

create or replace function dpg_private.find_open_leaf(root text, network text, key text)
returns regclass
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- while partition_names is small, the planner would read all of it: 21 microseconds, not 10
as $body$
begin
  -- PL/pgSQL keeps the plan, which pays because this is part of every call
  return (select l.leaf from dpg_private.look_up_leaf_and_slot(root, network, key) l);
end
$body$;

comment on function dpg_private.find_open_leaf(text, text, text) is
  'The leaf of these keys; null when there is none, or when it is closed. With the pinned search path its text has the
schema, so it can stand in a dynamic statement. For lists over networks, which leave out those that live elsewhere.';

create or replace function dpg_private.find_leaf(root text, network text, key text)
returns regclass
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- as in dpg_private.find_open_leaf
as $body$
declare
  leaf constant regclass := (select l.leaf from dpg_private.look_up_leaf_and_slot(root, network, key) l);
begin
  if leaf is null then
    perform dpg_private.check_home(network);
  end if;
  return leaf;
end
$body$;

comment on function dpg_private.find_leaf(text, text, text) is
  'The leaf of these keys, as dpg_private.find_open_leaf; null when there is none. For a call that names the network.
Raises DP017.';
