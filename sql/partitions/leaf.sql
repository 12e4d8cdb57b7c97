create or replace function dpg_private.leaf(root text, network text, key text)
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
  return (select l.leaf from dpg_private.leaf_of(root, network, key) l);
end
$body$;

comment on function dpg_private.leaf(text, text, text) is
  'The leaf of these keys; null where there is none. Under the pinned search path its text is qualified and can stand in a statement.';
