create or replace function dpg_private.default_payload(action_status text)
returns jsonb
language sql
stable -- as jsonb_build_object is: else it could not be inlined
parallel safe
security invoker
return jsonb_build_object('status', action_status);

comment on function dpg_private.default_payload(text) is
  'The payload of an event when the caller gives no event_payload: {"status": <status>}.';

create or replace function dpg_private.digest_of_change(
  action_status text,
  event_payload jsonb,
  remarks text,
  performed_by text
)
returns bytea
language sql
stable
parallel safe
security invoker
-- without performed_by it is what releases before 0.2.0 have stored
return sha256(
  convert_to(
    (
      jsonb_build_array(action_status, event_payload, remarks)
      || case when performed_by is null then '[]'::jsonb else jsonb_build_array(performed_by) end
    )::text,
    'UTF8'
  )
);

comment on function dpg_private.digest_of_change(text, jsonb, text, text) is
  'SHA-256 of what a transition says, for dpg_private.sent_contents.';

create or replace function dpg_private.insert_event(event dpg.action_events)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  is_new boolean;
begin
  -- through the root: its plan is kept and knows no leaves
  insert into dpg.action_events (
    partition_network, action_type, event_id, origin_instance_domain, action_id, action_status, update_count,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
    source_item_owner, source_item_latitude, source_item_longitude, target_item_network, target_item_domain,
    target_item_type, target_item_id, target_item_instance_url, target_item_owner, target_item_latitude,
    target_item_longitude, event_payload, remarks, created_at, source_item_is_local, target_item_is_local,
    performed_by, acting_side
  )
  values (
    event.partition_network, event.action_type, event.event_id, event.origin_instance_domain, event.action_id,
    event.action_status, event.update_count, event.source_item_network, event.source_item_domain,
    event.source_item_type, event.source_item_id, event.source_item_instance_url, event.source_item_owner,
    event.source_item_latitude, event.source_item_longitude, event.target_item_network, event.target_item_domain,
    event.target_item_type, event.target_item_id, event.target_item_instance_url, event.target_item_owner,
    event.target_item_latitude, event.target_item_longitude, event.event_payload, event.remarks, event.created_at,
    event.source_item_is_local, event.target_item_is_local, event.performed_by, event.acting_side
  )
  on conflict do nothing;
  if found then
    return true;
  end if;
  if (dpg_private.find_event(event.partition_network, event.action_type, event.event_id)).event_id is not null
    or (
      dpg_private.find_event_of_update(
        event.partition_network, event.action_type, event.origin_instance_domain, event.action_id, event.update_count
      )
    ).event_id is not null
  then
    return false;
  end if;
  is_new := dpg_private.insert_again('action_events', dpg_private.event_columns_sql(''), event);
  if (dpg_private.find_event(event.partition_network, event.action_type, event.event_id)).event_id is null then
    perform dpg_private.refuse_suppressed(
      'insert', dpg_private.find_leaf('action_events', event.partition_network, event.action_type),
      jsonb_build_object('event_id', event.event_id)
    );
  end if;
  return is_new;
end
$body$;

comment on function dpg_private.insert_event(dpg.action_events) is
  'Inserts an event. False, and nothing written, when its id was used before, or when this update of its action has
an event already. Raises DP018.';

create or replace function dpg_private.event_of_action(
  action dpg.item_actions,
  event_id uuid,
  event_payload jsonb,
  remarks text,
  acting_side text
)
returns dpg.action_events
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  event dpg.action_events;
begin
  -- by name: an application may have added columns, which stand anywhere
  event.partition_network := action.partition_network;
  event.action_type := action.action_type;
  event.event_id := event_id;
  event.origin_instance_domain := action.target_item_instance_url;
  event.action_id := action.action_id;
  event.action_status := action.action_status;
  event.update_count := action.update_count;
  event.source_item_network := action.source_item_network;
  event.source_item_domain := action.source_item_domain;
  event.source_item_type := action.source_item_type;
  event.source_item_id := action.source_item_id;
  event.source_item_instance_url := action.source_item_instance_url;
  event.source_item_owner := action.source_item_owner;
  event.source_item_latitude := action.source_item_latitude;
  event.source_item_longitude := action.source_item_longitude;
  event.target_item_network := action.target_item_network;
  event.target_item_domain := action.target_item_domain;
  event.target_item_type := action.target_item_type;
  event.target_item_id := action.target_item_id;
  event.target_item_instance_url := action.target_item_instance_url;
  event.target_item_owner := action.target_item_owner;
  event.target_item_latitude := action.target_item_latitude;
  event.target_item_longitude := action.target_item_longitude;
  event.event_payload := event_payload;
  event.remarks := remarks;
  event.created_at := action.updated_at;
  event.source_item_is_local := action.source_item_is_local;
  event.target_item_is_local := true;
  event.performed_by := action.performed_by;
  event.acting_side := acting_side;
  return event;
end
$body$;

comment on function dpg_private.event_of_action(dpg.item_actions, uuid, jsonb, text, text) is
  'The event of an action as it is now, with its status, update_count, time and performed_by.';

create or replace function dpg_private.append_event(
  action dpg.item_actions,
  event_id uuid,
  event_payload jsonb,
  remarks text,
  acting_side text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- The insert of dpg_private.insert_event, written here again: a call takes as long as three checks. It is called
  -- only where this one inserts nothing.
  insert into dpg.action_events (
    partition_network, action_type, event_id, origin_instance_domain, action_id, action_status, update_count,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
    source_item_owner, source_item_latitude, source_item_longitude, target_item_network, target_item_domain,
    target_item_type, target_item_id, target_item_instance_url, target_item_owner, target_item_latitude,
    target_item_longitude, event_payload, remarks, created_at, source_item_is_local, target_item_is_local,
    performed_by, acting_side
  )
  values (
    action.partition_network, action.action_type, event_id, action.target_item_instance_url, action.action_id,
    action.action_status, action.update_count, action.source_item_network, action.source_item_domain,
    action.source_item_type, action.source_item_id, action.source_item_instance_url, action.source_item_owner,
    action.source_item_latitude, action.source_item_longitude, action.target_item_network, action.target_item_domain,
    action.target_item_type, action.target_item_id, action.target_item_instance_url, action.target_item_owner,
    action.target_item_latitude, action.target_item_longitude, event_payload, remarks, action.updated_at,
    action.source_item_is_local, true, action.performed_by, acting_side
  )
  on conflict do nothing;
  if not found
    and not dpg_private.insert_event(
      dpg_private.event_of_action(action, event_id, event_payload, remarks, acting_side)
    )
  then
    return false;
  end if;
  -- for the feed; under the row lock of the action, so that its events are queued in their order
  insert into dpg_private.event_queue (partition_network, action_type, event_id, source_item_instance_url, created_at)
  values (action.partition_network, action.action_type, event_id, action.source_item_instance_url, action.updated_at);
  if not found then
    perform dpg_private.refuse_suppressed(
      'insert', 'dpg_private.event_queue', jsonb_build_object('event_id', event_id)
    );
  end if;
  return true;
end
$body$;

comment on function dpg_private.append_event(dpg.item_actions, uuid, jsonb, text, text) is
  'Appends the event of an action as it is now, with its status, update_count, time and performed_by, and queues it for
the feed. acting_side is the side that the change came from: source or target.
False, and nothing written, when the id was used before, or when this update has an event already: one that was mirrored
before its origin became a URL of this instance.';
