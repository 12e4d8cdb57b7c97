create or replace function dpg_private.refuse_different_action(proposed dpg.item_actions)
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
      'action_id %s was used before in %L/%L, with other content',
      proposed.action_id, proposed.partition_network, proposed.action_type
    )),
    hint = 'Repeat a call with exactly what it said the first time; a new action needs an id of its own.',
    detail = dpg_private.text_for_client(jsonb_build_object(
      'partition_network', proposed.partition_network, 'action_type', proposed.action_type, 'action_id', proposed.action_id
    )::text);
end
$body$;

comment on function dpg_private.refuse_different_action(dpg.item_actions) is
  'Raises DP008 for the id of an action that was used before.';
