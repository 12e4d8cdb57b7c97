create or replace function dpg_private.leaf_to_write(root text, network text, key text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf text := dpg_private.leaf(root, network, key);
begin
  if leaf is null then
    perform dpg_private.ensure_partition(root, network, key);
    leaf := dpg_private.leaf(root, network, key);
  end if;
  return leaf;
end
$body$;

comment on function dpg_private.leaf_to_write(text, text, text) is
  'The leaf of these keys, made when missing, as schema-qualified text that can stand in a statement. Raises DP010.';
