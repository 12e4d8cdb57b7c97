create or replace function dpg_private.refuse_event_of_other_items(proposed dpg.action_events)
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
      'event %s of %L/%L is between other items than what came of action %s from %L before',
      proposed.event_id, proposed.partition_network, proposed.action_type, proposed.action_id, proposed.origin_instance_domain
    )),
    hint = 'The events of one action name the same source and the same target, with the same URLs; another action needs an id of its own.',
    detail = dpg_private.text_for_client(jsonb_build_object(
      'partition_network', proposed.partition_network, 'action_type', proposed.action_type, 'event_id', proposed.event_id,
      'origin_instance_domain', proposed.origin_instance_domain, 'action_id', proposed.action_id
    )::text);
end
$body$;

comment on function dpg_private.refuse_event_of_other_items(dpg.action_events) is
  'Raises DP008 for an event whose action is here with another source or target.';
