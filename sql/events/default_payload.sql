create or replace function dpg_private.default_payload(action_status text)
returns jsonb
language sql
stable -- as jsonb_build_object is: else it could not be inlined
parallel safe
security invoker
return jsonb_build_object('status', action_status);

comment on function dpg_private.default_payload(text) is
  'What an event says when the caller gives no event_payload: {"status": <status>}.';
