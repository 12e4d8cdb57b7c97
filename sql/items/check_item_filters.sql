create or replace function dpg_private.check_item_filters(
  item_network text,
  item_domain text,
  item_type text,
  created_by text,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain);
  if item_type is not null then
    perform dpg_private.check_key('item_type', item_type);
  end if;
  if created_by is not null then
    perform dpg_private.check_key('created_by', created_by);
  end if;
  if item_instance_url is not null then
    perform dpg_private.check_url('item_instance_url', item_instance_url);
  end if;
  if item_schema_url is not null then
    perform dpg_private.check_url('item_schema_url', item_schema_url);
  end if;
  if item_state is not null then
    perform dpg_private.check_document('item_state', item_state);
  end if;
end
$body$;

comment on function dpg_private.check_item_filters(text, text, text, text, text, text, jsonb) is
  'Raises DP001 for a filter of find_items, count_items or nearest_items that is out of range; all but network and domain may be null.';
