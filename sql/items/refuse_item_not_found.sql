create or replace function dpg_private.refuse_item_not_found(item dpg.item_ref)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP002',
    message = dpg_private.text_for_client(
      format('there is no item %L/%L/%L/%s here', item.item_network, item.item_domain, item.item_type, item.item_id)
    ),
    hint = 'Check network, domain, type and id; the item may have been deleted, or live on another instance.',
    detail = dpg_private.text_for_client(to_jsonb(item)::text);
end
$body$;

comment on function dpg_private.refuse_item_not_found(dpg.item_ref) is
  'Raises DP002 for the item.';
