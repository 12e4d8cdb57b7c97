-- Searches whose plans are kept: sql/README.md, "Plans that are kept". An action has few events, and the newest
-- events of an owner come from the index by owner and time, whoever that is. What else is asked for is compared in
-- the rows, since no index has it.

create or replace function dpg_private.count_events_of_slot(slot anyenum, action_id uuid, at_most integer)
returns integer
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $body$
begin
  return (
    select count(*)
    from (
      select
      from dpg_private.event_rows(slot) e
      where e.action_id = count_events_of_slot.action_id
      limit at_most
    ) n
  );
end
$body$;

comment on function dpg_private.count_events_of_slot(anyenum, uuid, integer) is
  'How many events of an action the leaf of a slot has, counted up to at_most: whoever finds so many takes a plan that
knows the action.';

create or replace function dpg_private.events_of_action_of_slot(
  slot anyenum,
  search dpg_private.event_search,
  page dpg_private.event_page
)
returns setof dpg.found_event
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $body$
begin
  return query
    select e.*,
      dpg_private.ownership_roles(
        search.actor, e.source_item_owner, e.source_item_is_local, e.target_item_owner, e.target_item_is_local
      ),
      dpg_private.token_of_position(
        page.binding,
        timestamptz_send(e.created_at) || uuid_send(e.event_id)
          || convert_to(jsonb_build_array(e.update_count, e.partition_network, e.action_type)::text, 'UTF8')
      )
    from (
      select
        e.partition_network, e.action_type, e.event_id, e.origin_instance_domain, e.action_id, e.action_status,
        e.update_count, e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id,
        e.source_item_instance_url, e.source_item_owner, e.source_item_latitude, e.source_item_longitude,
        e.target_item_network, e.target_item_domain, e.target_item_type, e.target_item_id,
        e.target_item_instance_url, e.target_item_owner, e.target_item_latitude, e.target_item_longitude,
        e.event_payload, e.remarks, e.created_at, e.source_item_is_local, e.target_item_is_local, e.performed_by,
        e.acting_side
      from dpg_private.event_rows(slot) e
      where e.action_id = search.action_id
      offset 0 -- so that no other index is taken
    ) e
    where (
        (
          search.ownership_role <> 'received'
          and e.source_item_owner = search.actor
          and e.source_item_is_local
          and (search.item_id is null or e.source_item_id = search.item_id)
        )
        or (
          search.ownership_role <> 'initiated'
          and e.target_item_owner = search.actor
          and e.target_item_is_local
          and (search.item_id is null or e.target_item_id = search.item_id)
        )
      )
      and (search.action_status is null or e.action_status = search.action_status)
      and (search.update_count is null or e.update_count = search.update_count)
      and e.created_at <= coalesce(page.after_time, 'infinity')
      and (
        page.after_time is null
        or e.created_at < page.after_time
        or e.update_count < page.after_update_count
        or (
          e.update_count = page.after_update_count
          and (e.partition_network, e.action_type, e.event_id) > (page.after_network, page.after_type, page.after_id)
        )
      )
    order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
    limit page.row_limit;
end
$body$;

comment on function dpg_private.events_of_action_of_slot(anyenum, dpg_private.event_search, dpg_private.event_page) is
  'A page of the events of an action in the leaf of a slot of which the actor is a party, newest first. Reads all
events of the action: for few.';

create or replace function dpg_private.events_of_slot(
  slot anyenum,
  search dpg_private.event_search,
  page dpg_private.event_page
)
returns setof dpg.found_event
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off -- what has the same time is sorted all the same: an incremental sort is not meant
set jit = off -- what the settings leave out counts as infinitely expensive, and would be worth compiling
as $body$
begin
  return query
    select e.*,
      dpg_private.ownership_roles(
        search.actor, e.source_item_owner, e.source_item_is_local, e.target_item_owner, e.target_item_is_local
      ),
      dpg_private.token_of_position(
        page.binding,
        timestamptz_send(e.created_at) || uuid_send(e.event_id)
          || convert_to(jsonb_build_array(e.update_count, e.partition_network, e.action_type)::text, 'UTF8')
      )
    from (
      (
        select
          e.partition_network, e.action_type, e.event_id, e.origin_instance_domain, e.action_id, e.action_status,
          e.update_count, e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id,
          e.source_item_instance_url, e.source_item_owner, e.source_item_latitude, e.source_item_longitude,
          e.target_item_network, e.target_item_domain, e.target_item_type, e.target_item_id,
          e.target_item_instance_url, e.target_item_owner, e.target_item_latitude, e.target_item_longitude,
          e.event_payload, e.remarks, e.created_at, e.source_item_is_local, e.target_item_is_local, e.performed_by,
          e.acting_side
        from dpg_private.event_rows(slot) e
        where search.ownership_role <> 'received'
          and e.source_item_owner = search.actor
          and e.source_item_is_local
          and (search.item_id is null or e.source_item_id = search.item_id)
          and (search.action_status is null or e.action_status = search.action_status)
          and (search.update_count is null or e.update_count = search.update_count)
          and e.created_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or e.created_at < page.after_time
            or e.update_count < page.after_update_count
            or (
              e.update_count = page.after_update_count
              and (e.partition_network, e.action_type, e.event_id)
                > (page.after_network, page.after_type, page.after_id)
            )
          )
        order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
        limit page.row_limit
      )
      union all
      -- what the actor is on both sides of is found above: see dpg_private.party_searches_sql
      select b.*
      from (
        select
          e.partition_network, e.action_type, e.event_id, e.origin_instance_domain, e.action_id, e.action_status,
          e.update_count, e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id,
          e.source_item_instance_url, e.source_item_owner, e.source_item_latitude, e.source_item_longitude,
          e.target_item_network, e.target_item_domain, e.target_item_type, e.target_item_id,
          e.target_item_instance_url, e.target_item_owner, e.target_item_latitude, e.target_item_longitude,
          e.event_payload, e.remarks, e.created_at, e.source_item_is_local, e.target_item_is_local, e.performed_by,
          e.acting_side
        from dpg_private.event_rows(slot) e
        where search.ownership_role <> 'initiated'
          and e.target_item_owner = search.actor
          and e.target_item_is_local
          and (search.item_id is null or e.target_item_id = search.item_id)
          and (search.action_status is null or e.action_status = search.action_status)
          and (search.update_count is null or e.update_count = search.update_count)
          and e.created_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or e.created_at < page.after_time
            or e.update_count < page.after_update_count
            or (
              e.update_count = page.after_update_count
              and (e.partition_network, e.action_type, e.event_id)
                > (page.after_network, page.after_type, page.after_id)
            )
          )
        order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
        limit page.row_limit
      ) b
      where search.ownership_role = 'received'
        or not (
          b.source_item_owner = search.actor
          and b.source_item_is_local
          and (search.item_id is null or b.source_item_id = search.item_id)
        )
    ) e
    order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
    limit page.row_limit;
end
$body$;

comment on function dpg_private.events_of_slot(anyenum, dpg_private.event_search, dpg_private.event_page) is
  'A page of the events of a party in the leaf of a slot, newest first.';
