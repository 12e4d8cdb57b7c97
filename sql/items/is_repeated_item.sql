create or replace function dpg_private.is_repeated_item(
  stored dpg.items,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb,
  item_latitude double precision,
  item_longitude double precision,
  created_by text
)
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
return dpg_private.was_sent(
  'items', stored.item_network, stored.item_domain, stored.item_type, stored.item_id,
  dpg_private.digest_of_item(
    is_repeated_item.item_instance_url, is_repeated_item.item_schema_url, is_repeated_item.item_state,
    is_repeated_item.item_latitude, is_repeated_item.item_longitude, is_repeated_item.created_by
  ),
  dpg_private.digest_of_item(
    stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude, stored.item_longitude, stored.created_by
  )
);

comment on function dpg_private.is_repeated_item(dpg.items, text, text, jsonb, double precision, double precision, text) is
  'Whether the stored item is what a trigger of the application made of this very content from this owner, so that sending it again changes nothing.';
