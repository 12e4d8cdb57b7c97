create or replace function dpg_private.refuse_action_not_found(partition_network text, action_type text, action_id uuid)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP004',
    message = dpg_private.text_for_client(
      format('there is no action %L/%L/%s here', partition_network, action_type, action_id)
    ),
    hint = 'Check network, type and id; an action lives on the instance of its target, in the target''s network.',
    detail = dpg_private.text_for_client(
      jsonb_build_object('partition_network', partition_network, 'action_type', action_type, 'action_id', action_id)::text
    );
end
$body$;

comment on function dpg_private.refuse_action_not_found(text, text, uuid) is
  'Raises DP004 for the action.';
