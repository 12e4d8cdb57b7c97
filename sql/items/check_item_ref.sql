create or replace function dpg_private.check_item_ref(argument text, item dpg.item_ref)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  prefix text := coalesce(argument || '.', '');
begin
  perform
    dpg_private.check_key(prefix || 'item_network', item.item_network),
    dpg_private.check_key(prefix || 'item_domain', item.item_domain),
    dpg_private.check_key(prefix || 'item_type', item.item_type),
    dpg_private.check_present(prefix || 'item_id', item.item_id);
end
$body$;

comment on function dpg_private.check_item_ref(text, dpg.item_ref) is
  'Raises DP001 unless item names an item: three keys and an id. argument is its name, null where the four are arguments of their own.';
