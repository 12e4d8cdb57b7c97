-- See sql/README.md, "Plans that are kept". Each event of a batch is found by its key, however large the leaf is: the
-- planner, who counts a page of the disk for each, would read a leaf of 20,000 events whole for a batch of 1,000.
create or replace function dpg_private.events_at_of_slot(
  slot anyenum,
  partition_network text,
  action_type text,
  positions bigint[],
  event_ids uuid[],
  lease_id uuid
)
returns setof dpg.feed_event
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_memoize = off
set jit = off
as $body$
begin
  return query
    select w."position", events_at_of_slot.lease_id,
      e.partition_network, e.action_type, e.event_id, e.origin_instance_domain, e.action_id, e.action_status,
      e.update_count, e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id,
      e.source_item_instance_url, e.source_item_owner, e.source_item_latitude, e.source_item_longitude,
      e.target_item_network, e.target_item_domain, e.target_item_type, e.target_item_id, e.target_item_instance_url,
      e.target_item_owner, e.target_item_latitude, e.target_item_longitude, e.event_payload, e.remarks,
      e.created_at, e.source_item_is_local, e.target_item_is_local, e.performed_by, e.acting_side
    from unnest(positions, event_ids) w("position", event_id)
    join dpg_private.event_rows(slot) e
      on e.partition_network = events_at_of_slot.partition_network
      and e.action_type = events_at_of_slot.action_type
      and e.event_id = w.event_id;
end
$body$;

comment on function dpg_private.events_at_of_slot(anyenum, text, text, bigint[], uuid[], uuid) is
  'The events of these ids in the leaf of a slot, each with its position in the feed and with this lease.';
