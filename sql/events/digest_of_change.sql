create or replace function dpg_private.digest_of_change(action_status text, event_payload jsonb, remarks text)
returns bytea
language sql
stable
parallel safe
security invoker
return sha256(convert_to(jsonb_build_array(action_status, event_payload, remarks)::text, 'UTF8'));

comment on function dpg_private.digest_of_change(text, jsonb, text) is
  'SHA-256 of what a transition says, for dpg_private.sent_contents.';
