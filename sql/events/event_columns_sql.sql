create or replace function dpg_private.event_columns_sql()
returns text
language sql
immutable
parallel safe
security invoker
return
  'e.partition_network, e.action_type, e.event_id, e.origin_instance_domain, e.action_id, e.action_status,
   e.update_count, e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id,
   e.source_item_instance_url, e.source_item_owner, e.source_item_latitude, e.source_item_longitude,
   e.target_item_network, e.target_item_domain, e.target_item_type, e.target_item_id, e.target_item_instance_url,
   e.target_item_owner, e.target_item_latitude, e.target_item_longitude, e.event_payload, e.remarks, e.created_at,
   e.source_item_is_local, e.target_item_is_local';

comment on function dpg_private.event_columns_sql() is
  'The columns of an event e that dpg.found_event and dpg.feed_event have, in their order. Named, since an application may add columns to dpg.action_events.';
