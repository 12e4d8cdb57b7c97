create or replace function dpg_private.check_undeclared_item(item dpg.item_ref)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- one that is there already goes on; locked, so that it is not deleted and made anew
  if (
    dpg_private.lock_item(dpg_private.leaf('items', item.item_network, item.item_domain), item, 'key share')
  ).item_id is null then
    perform dpg_private.refuse_undeclared_item(item);
  end if;
end
$body$;

comment on function dpg_private.check_undeclared_item(dpg.item_ref) is
  'Raises DP014 for an item that its network does not declare, unless it is there already.';
