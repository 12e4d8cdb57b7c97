create or replace function dpg_private.insert_event(event dpg.action_events)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Through the root, whose plan is kept and knows no leaves. The columns are named: an application may have added some.
  insert into dpg.action_events (
    partition_network, action_type, event_id, origin_instance_domain, action_id, action_status, update_count,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
    source_item_owner, source_item_latitude, source_item_longitude, target_item_network, target_item_domain,
    target_item_type, target_item_id, target_item_instance_url, target_item_owner, target_item_latitude,
    target_item_longitude, event_payload, remarks, created_at, source_item_is_local, target_item_is_local
  )
  values (
    event.partition_network, event.action_type, event.event_id, event.origin_instance_domain, event.action_id,
    event.action_status, event.update_count, event.source_item_network, event.source_item_domain,
    event.source_item_type, event.source_item_id, event.source_item_instance_url, event.source_item_owner,
    event.source_item_latitude, event.source_item_longitude, event.target_item_network, event.target_item_domain,
    event.target_item_type, event.target_item_id, event.target_item_instance_url, event.target_item_owner,
    event.target_item_latitude, event.target_item_longitude, event.event_payload, event.remarks, event.created_at,
    event.source_item_is_local, event.target_item_is_local
  )
  on conflict do nothing;
  if found then
    return true;
  end if;
  if (dpg_private.get_event(event.partition_network, event.action_type, event.event_id)).event_id is not null
    or (
      dpg_private.get_event_of_update(
        event.partition_network, event.action_type, event.origin_instance_domain, event.action_id, event.update_count
      )
    ).event_id is not null
  then
    return false;
  end if;
  -- a unique index that is not ours has such a row, which raises here; or a trigger of the application suppresses the event
  execute format(
    'insert into dpg.action_events (%s) select %s from (select ($1).*) e',
    replace(dpg_private.event_columns_sql(), 'e.', ''), dpg_private.event_columns_sql()
  )
  using event;
  if (dpg_private.get_event(event.partition_network, event.action_type, event.event_id)).event_id is null then
    perform dpg_private.refuse_suppressed(
      'insert', dpg_private.leaf('action_events', event.partition_network, event.action_type),
      jsonb_build_object('event_id', event.event_id)
    );
  end if;
  return true;
end
$body$;

comment on function dpg_private.insert_event(dpg.action_events) is
  'Inserts an event. False, and nothing written, when its id was used before, or when this update of its action has an event already. Raises DP018.';
