create or replace function dpg_private.check_action_key(partition_network text, action_type text, action_id uuid)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_present('action_id', action_id);
end
$body$;

comment on function dpg_private.check_action_key(text, text, uuid) is
  'Raises DP001 unless the three name an action.';
