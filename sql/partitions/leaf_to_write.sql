create or replace function dpg_private.leaf_to_write(root text, network text, key text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return coalesce(dpg_private.leaf(root, network, key), dpg_private.ensure_partition(root, network, key));
end
$body$;

comment on function dpg_private.leaf_to_write(text, text, text) is
  'The leaf of these keys, made when missing. Raises DP010.';
