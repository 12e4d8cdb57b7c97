create or replace function dpg_private.is_redaction(before dpg.action_events, after dpg.action_events)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  allowed dpg.action_events := before;
begin
  if dpg_private.is_redacted(before.partition_network, before.action_type, before.action_id, before.event_id) then
    allowed.event_payload := '{}';
    allowed.remarks := null;
    if dpg_private.is_unchanged_event(allowed, after) then
      return not dpg_private.is_unchanged_event(before, after);
    end if;
    allowed := before;
  end if;
  if before.source_item_is_local and dpg_private.is_replacement(before.source_item_owner, after.source_item_owner) then
    allowed.source_item_owner := after.source_item_owner;
  end if;
  if before.target_item_is_local and dpg_private.is_replacement(before.target_item_owner, after.target_item_owner) then
    allowed.target_item_owner := after.target_item_owner;
  end if;
  return dpg_private.is_unchanged_event(allowed, after) and not dpg_private.is_unchanged_event(before, after);
end
$body$;

comment on function dpg_private.is_redaction(dpg.action_events, dpg.action_events) is
  'Whether a change of an event is no more than what dpg.redactions has on record: payload and remarks of a redacted event are taken away, or an owner, a user of this instance, gives way to the tombstone or to whom the items are being moved.';
