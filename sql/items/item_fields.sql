create or replace function dpg_private.item_fields()
returns text[]
language sql
immutable
parallel safe
security invoker
return array[
  'item_network', 'item_domain', 'item_type', 'item_instance_url', 'item_schema_url',
  'item_state', 'item_latitude', 'item_longitude', 'item_id'
];

comment on function dpg_private.item_fields() is
  'The fields that an element of upsert_items may have.';
