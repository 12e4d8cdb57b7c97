create or replace function dpg_private.kind_of_field(field text)
returns text
language sql
immutable
parallel safe
security invoker
return case
  when field in (
    'item_network', 'item_domain', 'item_type', 'partition_network', 'action_type', 'action_status',
    'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_owner',
    'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_owner'
  ) then 'key'
  when field in (
    'item_instance_url', 'item_schema_url', 'origin_instance_domain', 'source_item_instance_url', 'target_item_instance_url'
  ) then 'url'
  when field in ('item_id', 'event_id', 'action_id', 'source_item_id', 'target_item_id') then 'uuid'
  when field in ('item_latitude', 'source_item_latitude', 'target_item_latitude') then 'latitude'
  when field in ('item_longitude', 'source_item_longitude', 'target_item_longitude') then 'longitude'
  when field in ('item_state', 'event_payload') then 'object'
  when field in ('source_item_is_local', 'target_item_is_local') then 'boolean'
  when field = 'update_count' then 'count'
  when field = 'remarks' then 'remarks'
  when field = 'created_at' then 'time'
end;

comment on function dpg_private.kind_of_field(text) is
  'Which kind of dpg_private.is_field a field of an item or an event is; null for a field of neither.';
