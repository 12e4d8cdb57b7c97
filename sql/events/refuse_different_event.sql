create or replace function dpg_private.refuse_different_event(stored dpg.action_events)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP008',
    message = dpg_private.text_for_client(format(
      'event %s of %L/%L is there already, with other content',
      stored.event_id, stored.partition_network, stored.action_type
    )),
    hint = 'Repeat a call with exactly what it said the first time; another change or event needs an id of its own.',
    -- no more than its id: it may belong to an action that is not the caller's
    detail = dpg_private.text_for_client(jsonb_build_object(
      'partition_network', stored.partition_network, 'action_type', stored.action_type, 'event_id', stored.event_id
    )::text);
end
$body$;

comment on function dpg_private.refuse_different_event(dpg.action_events) is
  'Raises DP008 for an event that is there with other content.';
