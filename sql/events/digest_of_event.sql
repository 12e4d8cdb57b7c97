create or replace function dpg_private.digest_of_event(event dpg.action_events)
returns bytea
language sql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- the same digits of coordinates, and the same times, in every session
set timezone = 'UTC'
return sha256(
  convert_to(
    jsonb_build_array(
      event.partition_network, event.action_type, event.event_id, event.origin_instance_domain, event.action_id,
      event.action_status, event.update_count, event.source_item_network, event.source_item_domain,
      event.source_item_type, event.source_item_id, event.source_item_instance_url, event.source_item_owner,
      event.source_item_latitude, event.source_item_longitude, event.target_item_network, event.target_item_domain,
      event.target_item_type, event.target_item_id, event.target_item_instance_url, event.target_item_owner,
      event.target_item_latitude, event.target_item_longitude, event.event_payload, event.remarks, event.created_at
    )::text,
    'UTF8'
  )
);

comment on function dpg_private.digest_of_event(dpg.action_events) is
  'SHA-256 of the content of a mirrored event, for dpg_private.sent_contents.';
