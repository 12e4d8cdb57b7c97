create or replace function dpg_private.are_item_filters(
  item_network text,
  item_domain text,
  item_type text,
  created_by text,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb
)
returns boolean
language sql
immutable
parallel safe
security invoker
return dpg_private.is_key(item_network)
  and dpg_private.is_key(item_domain)
  and (item_type is null or dpg_private.is_key(item_type))
  and (created_by is null or dpg_private.is_key(created_by))
  and (item_instance_url is null or dpg_private.is_url(item_instance_url))
  and (item_schema_url is null or dpg_private.is_url(item_schema_url))
  and (item_state is null or dpg_private.is_short_document(item_state));

comment on function dpg_private.are_item_filters(text, text, text, text, text, text, jsonb) is
  'Whether dpg_private.check_item_filters has nothing to say, or at most of a long item_state. False or null where it may. Stored parsed and inlined.';
