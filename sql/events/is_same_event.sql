create or replace function dpg_private.is_same_event(stored dpg.action_events, proposed dpg.action_events)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  tombstone constant text := dpg_private.tombstone();
begin
  if stored is not distinct from proposed then
    return true;
  end if;
  -- what was taken away since cannot be compared, and is not restored
  if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, stored.event_id) then
    proposed.event_payload := stored.event_payload;
    proposed.remarks := stored.remarks;
  end if;
  if stored.source_item_owner = tombstone then
    proposed.source_item_owner := tombstone;
  end if;
  if stored.target_item_owner = tombstone then
    proposed.target_item_owner := tombstone;
  end if;
  return stored is not distinct from proposed;
end
$body$;

comment on function dpg_private.is_same_event(dpg.action_events, dpg.action_events) is
  'Whether a stored event is the proposed one, as far as it was not redacted.';
