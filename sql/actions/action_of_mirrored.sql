create or replace function dpg_private.action_of_mirrored(mirrored dpg_private.mirrored_actions)
returns dpg.item_actions
language sql
immutable
parallel safe
security invoker
return row(
  mirrored.partition_network, mirrored.action_type, mirrored.action_id, mirrored.action_status, mirrored.update_count,
  mirrored.requirements_snapshot, mirrored.remarks,
  mirrored.source_item_network, mirrored.source_item_domain, mirrored.source_item_type, mirrored.source_item_id,
  mirrored.source_item_instance_url, mirrored.source_item_owner,
  mirrored.target_item_network, mirrored.target_item_domain, mirrored.target_item_type, mirrored.target_item_id,
  mirrored.target_item_instance_url, mirrored.target_item_owner,
  mirrored.created_at, mirrored.updated_at,
  mirrored.source_item_latitude, mirrored.source_item_longitude,
  mirrored.target_item_latitude, mirrored.target_item_longitude,
  mirrored.source_item_is_local, mirrored.source_local_item_id
)::dpg.item_actions;

comment on function dpg_private.action_of_mirrored(dpg_private.mirrored_actions) is
  'A mirrored action as the row that dpg.item_actions would have.';
