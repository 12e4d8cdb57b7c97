-- Searches whose plans are kept: sql/README.md, "Plans that are kept". The latest actions of an owner come from the
-- index by owner and time, those of some statuses from the one by owner, status and time, whoever that is. For item_id,
-- which has an index of its own, for action_id and for the oldest first, PostgreSQL plans with the values.

create or replace function dpg_private.actions_of_slot(
  slot anyenum,
  search dpg_private.action_search,
  page dpg_private.action_page
)
returns setof dpg.found_action
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
    select a.*,
      dpg_private.ownership_roles(
        search.actor, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
      ),
      null::jsonb, case when search.with_items and a.source_item_is_local then '' end,
      null::jsonb, case when search.with_items then '' end,
      case when page.binding is not null then
        dpg_private.token_of_action(
          page.binding, a.updated_at, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        )
      end
    from (
      (
        select
          a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
          a.remarks,
          a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
          a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
          a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
          a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
          a.source_local_item_id, a.performed_by
        from dpg_private.action_rows(slot) a
        where search.ownership_role <> 'received'
          and a.source_item_owner = search.actor
          and a.source_item_is_local
          and a.updated_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or a.updated_at < page.after_time
            or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
              > (page.after_network, page.after_type, page.after_id, page.after_url)
          )
        order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        limit page.row_limit
      )
      union all
      -- what the actor is on both sides of is found above: see dpg_private.party_searches_sql
      select b.*
      from (
        select
          a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
          a.remarks,
          a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
          a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
          a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
          a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
          a.source_local_item_id, a.performed_by
        from dpg_private.action_rows(slot) a
        where search.ownership_role <> 'initiated'
          and a.target_item_owner = search.actor
          and a.updated_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or a.updated_at < page.after_time
            or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
              > (page.after_network, page.after_type, page.after_id, page.after_url)
          )
        order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        limit page.row_limit
      ) b
      where search.ownership_role = 'received'
        or not (b.source_item_owner = search.actor and b.source_item_is_local)
    ) a
    order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
    limit page.row_limit;
end
$body$;

comment on function dpg_private.actions_of_slot(anyenum, dpg_private.action_search, dpg_private.action_page) is
  'A page of the actions of a party in the leaf of a slot, latest change first. One statement, so that it reads no more
of each role than the page needs. Without tokens where the page has no binding.';

create or replace function dpg_private.actions_with_status_of_slot(
  slot anyenum,
  search dpg_private.action_search,
  page dpg_private.action_page
)
returns setof dpg.found_action
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
    select a.*,
      dpg_private.ownership_roles(
        search.actor, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
      ),
      null::jsonb, case when search.with_items and a.source_item_is_local then '' end,
      null::jsonb, case when search.with_items then '' end,
      case when page.binding is not null then
        dpg_private.token_of_action(
          page.binding, a.updated_at, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        )
      end
    from (
      select a.*
      from unnest(search.action_statuses) s(action_status)
      cross join lateral (
        select
          a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
          a.remarks,
          a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
          a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
          a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
          a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
          a.source_local_item_id, a.performed_by
        from dpg_private.action_rows(slot) a
        where search.ownership_role <> 'received'
          and a.source_item_owner = search.actor
          and a.source_item_is_local
          and a.action_status = s.action_status
          and a.updated_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or a.updated_at < page.after_time
            or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
              > (page.after_network, page.after_type, page.after_id, page.after_url)
          )
        order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        limit page.row_limit
      ) a
      union all
      -- what the actor is on both sides of is found above: see dpg_private.party_searches_sql
      select b.*
      from unnest(search.action_statuses) s(action_status)
      cross join lateral (
        select
          a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
          a.remarks,
          a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
          a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
          a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
          a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
          a.source_local_item_id, a.performed_by
        from dpg_private.action_rows(slot) a
        where search.ownership_role <> 'initiated'
          and a.target_item_owner = search.actor
          and a.action_status = s.action_status
          and a.updated_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or a.updated_at < page.after_time
            or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
              > (page.after_network, page.after_type, page.after_id, page.after_url)
          )
        order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        limit page.row_limit
      ) b
      where search.ownership_role = 'received'
        or not (b.source_item_owner = search.actor and b.source_item_is_local)
    ) a
    order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
    limit page.row_limit;
end
$body$;

comment on function dpg_private.actions_with_status_of_slot(
  anyenum, dpg_private.action_search, dpg_private.action_page
) is
  'What dpg_private.actions_of_slot does, for a search with statuses: a page of each of them, by an index that has the
status before the time. So a rare one costs what a common one does.';

create or replace function dpg_private.actions_elsewhere(search dpg_private.action_search, page dpg_private.action_page)
returns setof dpg.found_action
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
    select
      a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
      a.remarks,
      a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
      a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
      a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
      a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
      a.source_local_item_id, a.performed_by,
      array['initiated'], null::jsonb, case when search.with_items then '' end, null::jsonb, null::text,
      case when page.binding is not null then
        dpg_private.token_of_action(
          page.binding, a.updated_at, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        )
      end
    from (
      (
        select *
        from dpg_private.mirrored_actions a
        where search.action_statuses is null
          and a.source_item_owner = search.actor
          and a.partition_network <> all (dpg_private.moved_networks())
          and (search.partition_network is null or a.partition_network = search.partition_network)
          and (search.action_types is null or a.action_type = any (search.action_types))
          and a.updated_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or a.updated_at < page.after_time
            or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
              > (page.after_network, page.after_type, page.after_id, page.after_url)
          )
        order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        limit page.row_limit
      )
      union all
      select a.*
      from unnest(search.action_statuses) s(action_status)
      cross join lateral (
        select *
        from dpg_private.mirrored_actions a
        where a.action_status = s.action_status
          and a.source_item_owner = search.actor
          and a.partition_network <> all (dpg_private.moved_networks())
          and (search.partition_network is null or a.partition_network = search.partition_network)
          and (search.action_types is null or a.action_type = any (search.action_types))
          and a.updated_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or a.updated_at < page.after_time
            or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
              > (page.after_network, page.after_type, page.after_id, page.after_url)
          )
        order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        limit page.row_limit
      ) a
    ) a
    order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
    limit page.row_limit;
end
$body$;

comment on function dpg_private.actions_elsewhere(dpg_private.action_search, dpg_private.action_page) is
  'A page of the actions of a party that live on other instances, latest change first. Without tokens where the page has
no binding.';
