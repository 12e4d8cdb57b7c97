create or replace function dpg_private.check_move(
  partition_network text,
  action_type text,
  action_id uuid,
  action_status text,
  expected_update_count integer,
  event_payload jsonb,
  remarks text
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_action_key(partition_network, action_type, action_id),
    dpg_private.check_key('action_status', action_status),
    dpg_private.check_remarks(remarks);
  if event_payload is not null then
    perform dpg_private.check_document('event_payload', event_payload);
  end if;
  if expected_update_count < 0 then
    perform dpg_private.refuse_argument(
      'expected_update_count', to_jsonb(expected_update_count), 'is negative', 'update_count starts at 0.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_move(text, text, uuid, text, integer, jsonb, text) is
  'Raises DP001 for arguments of a transition that are out of range, whatever the action is.';
