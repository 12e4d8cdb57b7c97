create or replace function dpg_private.events_at(positions bigint[], lease_id uuid)
returns setof dpg.feed_event
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted record;
  searches text[] := array[]::text[];
  expected bigint := 0;
  returned bigint;
begin
  -- One search for each leaf, by the primary key. A leaf that cannot be found by its name may have another now: the root
  -- knows it by its bound.
  for wanted in
    select f.partition_network, f.action_type,
      coalesce(dpg_private.leaf('action_events', f.partition_network, f.action_type), 'dpg.action_events') as leaf,
      array_agg(f."position" order by f."position") as positions,
      array_agg(f.event_id order by f."position") as ids
    from dpg_private.event_feed f
    where f."position" = any (events_at.positions)
    group by f.partition_network, f.action_type
  loop
    expected := expected + cardinality(wanted.positions);
    -- the columns by name, since an application may add others to the table
    searches := searches || format(
      'select w."position", $1, e.partition_network, e.action_type, e.event_id, e.origin_instance_domain,
         e.action_id, e.action_status, e.update_count,
         e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id,
         e.source_item_instance_url, e.source_item_owner, e.source_item_latitude, e.source_item_longitude,
         e.target_item_network, e.target_item_domain, e.target_item_type, e.target_item_id,
         e.target_item_instance_url, e.target_item_owner, e.target_item_latitude, e.target_item_longitude,
         e.event_payload, e.remarks, e.created_at, e.source_item_is_local, e.target_item_is_local
       from unnest(%L::bigint[], %L::uuid[]) w("position", event_id)
       join %s e on e.partition_network = %L and e.action_type = %L and e.event_id = w.event_id',
      wanted.positions, wanted.ids, wanted.leaf, wanted.partition_network, wanted.action_type
    );
  end loop;
  if searches = '{}' then
    return;
  end if;
  return query execute array_to_string(searches, ' union all ') || ' order by 1' using lease_id;
  get diagnostics returned = row_count;
  if returned < expected then
    -- better to stand still than to skip events without a word
    perform dpg_private.refuse_lost_events(positions);
  end if;
end
$body$;

comment on function dpg_private.events_at(bigint[], uuid) is
  'The events at these positions of the feed, in order, each with this lease. Raises DP010 where one is missing.';
