create or replace function dpg_private.action_columns_sql()
returns text
language sql
immutable
parallel safe
security invoker
return
  'a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
   a.remarks, a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id,
   a.source_item_instance_url, a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type,
   a.target_item_id, a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at,
   a.source_item_latitude, a.source_item_longitude, a.target_item_latitude, a.target_item_longitude,
   a.source_item_is_local, a.source_local_item_id';

comment on function dpg_private.action_columns_sql() is
  'The columns of an action a that dpg.found_action has, in their order; dpg_private.mirrored_actions has them, too. Named, since an application may add columns to dpg.item_actions.';
