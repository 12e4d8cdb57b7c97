create or replace function dpg_private.append_event(
  action dpg.item_actions,
  event_id uuid,
  event_payload jsonb,
  remarks text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  event dpg.action_events;
begin
  event := row(
    action.partition_network, action.action_type, event_id, action.target_item_instance_url,
    action.action_id, action.action_status, action.update_count,
    action.source_item_network, action.source_item_domain, action.source_item_type, action.source_item_id,
    action.source_item_instance_url, action.source_item_owner, action.source_item_latitude, action.source_item_longitude,
    action.target_item_network, action.target_item_domain, action.target_item_type, action.target_item_id,
    action.target_item_instance_url, action.target_item_owner, action.target_item_latitude, action.target_item_longitude,
    event_payload, remarks, action.updated_at, action.source_item_is_local, true
  );
  -- through the root, whose plan is kept and knows no leaves
  insert into dpg.action_events
  values (event.*)
  on conflict do nothing;
  if not found
    and (dpg_private.get_event(event.partition_network, event.action_type, event_id)).event_id is null
    and (
      dpg_private.get_event_of_update(
        event.partition_network, event.action_type, event.origin_instance_domain, event.action_id, event.update_count
      )
    ).event_id is null
  then
    -- a unique index that is not ours has such a row, which raises here
    insert into dpg.action_events
    values (event.*)
    on conflict on constraint action_events_pkey do nothing;
  end if;
  if not found then
    return false;
  end if;
  -- for the feed: under the row lock of the action, so that its events are queued in their order
  insert into dpg_private.event_queue (partition_network, action_type, event_id, source_item_instance_url, created_at)
  values (action.partition_network, action.action_type, event_id, action.source_item_instance_url, action.updated_at);
  return true;
end
$body$;

comment on function dpg_private.append_event(dpg.item_actions, uuid, jsonb, text) is
  'Appends the event of an action as it is now: its status, update_count and time, and queues it for the feed. False, and nothing written, when the id was used before, or when this update has an event already: one that was mirrored before its origin became a URL of this instance.';
