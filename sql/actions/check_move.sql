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
language sql
stable
parallel safe
security invoker
return coalesce(
  dpg_private.check_action_key(partition_network, action_type, action_id),
  dpg_private.check_key('action_status', action_status),
  case
    when expected_update_count < 0 then
      dpg_private.refuse_argument(
        'expected_update_count', to_jsonb(expected_update_count), 'is negative', 'update_count starts at 0.'
      )
  end,
  dpg_private.check_remarks(remarks),
  -- last, since it returns something where it has looked up the limit
  case when event_payload is not null then dpg_private.check_document('event_payload', event_payload) end
);

comment on function dpg_private.check_move(text, text, uuid, text, integer, jsonb, text) is
  'Raises DP001 for arguments of a transition that are out of range, whatever the action is. Stored parsed and inlined.';
