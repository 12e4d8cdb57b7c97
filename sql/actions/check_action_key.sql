create or replace function dpg_private.check_action_key(partition_network text, action_type text, action_id uuid)
returns void
language sql
stable
parallel safe
security invoker
return coalesce(
  dpg_private.check_key('partition_network', partition_network),
  dpg_private.check_key('action_type', action_type),
  dpg_private.check_present('action_id', action_id is not null)
);

comment on function dpg_private.check_action_key(text, text, uuid) is
  'Raises DP001 unless the three name an action. Stored parsed and inlined.';
