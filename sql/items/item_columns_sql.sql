create or replace function dpg_private.item_columns_sql()
returns text
language sql
immutable
parallel safe
security invoker
return
  'i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url, i.item_state,
   i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at';

comment on function dpg_private.item_columns_sql() is
  'The columns of an item i that dpg.found_item and dpg.nearest_item have, in their order. Named, since an application may add columns to dpg.items.';
