create or replace function dpg_private.refuse_not_action_party(
  party text,
  action dpg.item_actions,
  problem text default 'is no party of',
  hint text default 'Only the owners of its source and target items, as they were when the action was made, may read or change an action.',
  detail jsonb default '{}'
)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP005',
    message = dpg_private.text_for_client(
      format('user %L %s action %L/%L/%s', party, problem, action.partition_network, action.action_type, action.action_id)
    ),
    hint = dpg_private.text_for_client(hint),
    detail = dpg_private.text_for_client((jsonb_build_object(
      'actor', party, 'partition_network', action.partition_network,
      'action_type', action.action_type, 'action_id', action.action_id
    ) || detail)::text);
end
$body$;

comment on function dpg_private.refuse_not_action_party(text, dpg.item_actions, text, text, jsonb) is
  'Raises DP005 for the user and the action.';
