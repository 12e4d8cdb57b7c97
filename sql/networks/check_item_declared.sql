create or replace function dpg_private.check_item_declared(item dpg.item_ref, index integer default null)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (
      select
      from dpg.networks n
      where n.network = item.item_network
        and (n.item_types -> item.item_domain ? item.item_type) is not true
    )
    -- one that is there already goes on; locked, so that it is not deleted and made anew
    and (dpg_private.lock_item(item, 'key share')).item_id is null
  then
    perform dpg_private.refuse_undeclared_item(item, index);
  end if;
end
$body$;

comment on function dpg_private.check_item_declared(dpg.item_ref, integer) is
  'Raises DP014 when the item is new and its network is registered and does not declare its domain or type.';
