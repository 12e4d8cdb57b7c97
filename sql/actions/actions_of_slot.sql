-- Searches whose plans are kept: sql/README.md, "Plans that are kept". The latest actions of an owner come from the
-- index by owner and time, whoever that is; the status is compared in the rows, since no index has it. Who has many
-- actions, and few of that status, reads them all: for that, and for item_id, which has an index of its own, PostgreSQL
-- plans with the values.

create or replace function dpg_private.has_near_page_of_slot(
  slot anyenum,
  search dpg_private.action_search,
  page dpg_private.action_page
)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
set jit = off
as $body$
declare
  many constant integer := 1000;
  found_rows integer;
begin
  if search.ownership_role <> 'received' then
    select count(*)
    into found_rows
    from (
      select
      from (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.source_item_owner = search.actor
          and a.source_item_is_local
          and a.updated_at <= coalesce(page.after_time, 'infinity')
        order by a.updated_at desc
        limit many
      ) a
      where a.action_status = search.action_status
      limit page.row_limit
    ) n;
    if found_rows < page.row_limit and exists (
      select
      from dpg_private.action_rows(slot) a
      where a.source_item_owner = search.actor
          and a.source_item_is_local
        and a.updated_at <= coalesce(page.after_time, 'infinity')
      order by a.updated_at desc
      offset many
    ) then
      return false;
    end if;
  end if;
  if search.ownership_role <> 'initiated' then
    select count(*)
    into found_rows
    from (
      select
      from (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.target_item_owner = search.actor
          and a.updated_at <= coalesce(page.after_time, 'infinity')
        order by a.updated_at desc
        limit many
      ) a
      where a.action_status = search.action_status
      limit page.row_limit
    ) n;
    if found_rows < page.row_limit and exists (
      select
      from dpg_private.action_rows(slot) a
      where a.target_item_owner = search.actor
        and a.updated_at <= coalesce(page.after_time, 'infinity')
      order by a.updated_at desc
      offset many
    ) then
      return false;
    end if;
  end if;
  return true;
end
$body$;

comment on function dpg_private.has_near_page_of_slot(anyenum, dpg_private.action_search, dpg_private.action_page) is
  'Whether a page of the actions that have a status is found among the next 1,000 of the party in each role, or the
party has no more. Reads no more than the page does, where it is found early.';

create or replace function dpg_private.actions_of_slot(
  slot anyenum,
  search dpg_private.action_search,
  page dpg_private.action_page,
  with_mirrored boolean
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
      dpg_private.token_of_position(
        page.binding,
        timestamptz_send(a.updated_at) || uuid_send(a.action_id)
          || convert_to(
            jsonb_build_array(a.partition_network, a.action_type, a.target_item_instance_url)::text, 'UTF8'
          )
      )
    from (
      (
        select
          a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
          a.remarks,
          a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
          a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
          a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
          a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
          a.source_local_item_id, a.performed_by,
          dpg_private.ownership_roles(
            search.actor, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
          ) as ownership_roles
        from dpg_private.action_rows(slot) a
        where search.ownership_role <> 'received'
          and a.source_item_owner = search.actor
          and a.source_item_is_local
          and (search.action_status is null or a.action_status = search.action_status)
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
          a.source_local_item_id, a.performed_by,
          dpg_private.ownership_roles(
            search.actor, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
          ) as ownership_roles
        from dpg_private.action_rows(slot) a
        where search.ownership_role <> 'initiated'
          and a.target_item_owner = search.actor
          and (search.action_status is null or a.action_status = search.action_status)
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
      union all
      (
        select
          a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
          a.remarks,
          a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
          a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
          a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
          a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
          a.source_local_item_id, a.performed_by,
          array['initiated'] as ownership_roles
        from dpg_private.mirrored_actions a
        where with_mirrored
          and search.ownership_role <> 'received'
          and a.source_item_owner = search.actor
          and (search.partition_network is null or a.partition_network = search.partition_network)
          and (search.action_type is null or a.action_type = search.action_type)
          and (search.action_status is null or a.action_status = search.action_status)
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
    ) a
    order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
    limit page.row_limit;
end
$body$;

comment on function dpg_private.actions_of_slot(anyenum, dpg_private.action_search, dpg_private.action_page, boolean) is
  'A page of the actions of a party in the leaf of a slot, latest change first; with_mirrored: and of those that live on
other instances. One statement, so that it reads no more of each than the page needs.';

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
    select a.*,
      dpg_private.token_of_position(
        page.binding,
        timestamptz_send(a.updated_at) || uuid_send(a.action_id)
          || convert_to(
            jsonb_build_array(a.partition_network, a.action_type, a.target_item_instance_url)::text, 'UTF8'
          )
      )
    from (
      select
        a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
        a.remarks,
        a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
        a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
        a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
        a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
        a.source_local_item_id, a.performed_by,
        array['initiated'] as ownership_roles
      from dpg_private.mirrored_actions a
      where a.source_item_owner = search.actor
        and (search.partition_network is null or a.partition_network = search.partition_network)
        and (search.action_type is null or a.action_type = search.action_type)
        and (search.action_status is null or a.action_status = search.action_status)
        and a.updated_at <= coalesce(page.after_time, 'infinity')
        and (
          page.after_time is null
          or a.updated_at < page.after_time
          or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
            > (page.after_network, page.after_type, page.after_id, page.after_url)
        )
      order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
      limit page.row_limit
    ) a;
end
$body$;

comment on function dpg_private.actions_elsewhere(dpg_private.action_search, dpg_private.action_page) is
  'A page of the actions of a party that live on other instances, latest change first.';
