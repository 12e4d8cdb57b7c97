create or replace function dpg_private.event_fields()
returns text[]
language sql
immutable
parallel safe
security invoker
return array[
  'partition_network', 'action_type', 'event_id', 'origin_instance_domain', 'action_id', 'action_status', 'update_count',
  'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_id', 'source_item_instance_url',
  'source_item_owner', 'source_item_latitude', 'source_item_longitude',
  'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_id', 'target_item_instance_url',
  'target_item_owner', 'target_item_latitude', 'target_item_longitude',
  'event_payload', 'remarks', 'created_at'
];

comment on function dpg_private.event_fields() is
  'The fields of an event that travels from one instance to another, in the order of the columns.';
