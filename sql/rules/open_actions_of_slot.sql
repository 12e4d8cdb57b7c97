-- What dpg_private.count_open_sql says, with plans that are kept, for leaves that have a slot: sql/README.md, "Plans
-- that are kept". One look finds the next status that is there, so closed actions cost one look for each of their
-- statuses.

create or replace function dpg_private.count_open_between_of_slot(
  slot anyenum,
  source dpg.item_ref,
  source_url text,
  target dpg.item_ref,
  final_statuses text[]
)
returns bigint
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $body$
begin
  return (
    with recursive present(action_status) as (
      (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.target_item_id = target.item_id
          and a.source_item_id = source.item_id
        order by a.action_status
        limit 1
      )
      union all
      select n.action_status
      from present p
      cross join lateral (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.target_item_id = target.item_id
          and a.source_item_id = source.item_id
          and a.action_status > p.action_status
        order by a.action_status
        limit 1
      ) n
    )
    select coalesce(sum(o.open_actions), 0)::bigint
    from present p
    cross join lateral (
      select count(*) as open_actions
      from dpg_private.action_rows(slot) a
      where a.target_item_id = target.item_id
        and a.source_item_id = source.item_id
        and a.action_status = p.action_status
        and (a.source_item_network, a.source_item_domain, a.source_item_type)
          = (source.item_network, source.item_domain, source.item_type)
        and a.source_item_is_local = (source_url is null)
        and (
          source_url is null
          or dpg_private.is_same_url(a.source_item_instance_url, source_url)
        )
        and (a.target_item_domain, a.target_item_type) = (target.item_domain, target.item_type)
    ) o
    where p.action_status <> all (final_statuses)
  );
end
$body$;

comment on function dpg_private.count_open_between_of_slot(anyenum, dpg.item_ref, text, dpg.item_ref, text[]) is
  'How many open actions there are between two items in the leaf of a slot.';

create or replace function dpg_private.count_open_source_of_slot(
  slot anyenum,
  source dpg.item_ref,
  source_url text,
  target dpg.item_ref,
  final_statuses text[]
)
returns bigint
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $body$
begin
  return (
    with recursive present(action_status) as (
      (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.source_local_item_id = source.item_id
        order by a.action_status
        limit 1
      )
      union all
      select n.action_status
      from present p
      cross join lateral (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.source_local_item_id = source.item_id
          and a.action_status > p.action_status
        order by a.action_status
        limit 1
      ) n
    )
    select coalesce(sum(o.open_actions), 0)::bigint
    from present p
    cross join lateral (
      select count(*) as open_actions
      from dpg_private.action_rows(slot) a
      where a.source_local_item_id = source.item_id
        and a.action_status = p.action_status
        and (a.source_item_network, a.source_item_domain, a.source_item_type)
          = (source.item_network, source.item_domain, source.item_type)
        and a.source_item_is_local = (source_url is null)
        and (
          source_url is null
          or dpg_private.is_same_url(a.source_item_instance_url, source_url)
        )
    ) o
    where p.action_status <> all (final_statuses)
  );
end
$body$;

comment on function dpg_private.count_open_source_of_slot(anyenum, dpg.item_ref, text, dpg.item_ref, text[]) is
  'How many open actions there are from a source of its network in the leaf of a slot.';

create or replace function dpg_private.count_open_other_source_of_slot(
  slot anyenum,
  source dpg.item_ref,
  source_url text,
  target dpg.item_ref,
  final_statuses text[]
)
returns bigint
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $body$
begin
  return (
    with recursive present(action_status) as (
      (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.source_local_item_id is null
          and a.source_item_id = source.item_id
        order by a.action_status
        limit 1
      )
      union all
      select n.action_status
      from present p
      cross join lateral (
        select a.action_status
        from dpg_private.action_rows(slot) a
        where a.source_local_item_id is null
          and a.source_item_id = source.item_id
          and a.action_status > p.action_status
        order by a.action_status
        limit 1
      ) n
    )
    select coalesce(sum(o.open_actions), 0)::bigint
    from present p
    cross join lateral (
      select count(*) as open_actions
      from dpg_private.action_rows(slot) a
      where a.source_local_item_id is null
        and a.source_item_id = source.item_id
        and a.action_status = p.action_status
        and (a.source_item_network, a.source_item_domain, a.source_item_type)
          = (source.item_network, source.item_domain, source.item_type)
        and a.source_item_is_local = (source_url is null)
        and (
          source_url is null
          or dpg_private.is_same_url(a.source_item_instance_url, source_url)
        )
    ) o
    where p.action_status <> all (final_statuses)
  );
end
$body$;

comment on function dpg_private.count_open_other_source_of_slot(anyenum, dpg.item_ref, text, dpg.item_ref, text[]) is
  'How many open actions there are from a source of another network or instance in the leaf of a slot.';
