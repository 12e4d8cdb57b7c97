do $body$
begin
  if pg_catalog.to_regtype('dpg_private.item_content') is null then
    create type dpg_private.item_content as (
      place integer,
      item_state jsonb,
      item_status text
    );
  end if;
end
$body$;

comment on type dpg_private.item_content is
  'What a page of actions says of an item, and where in the page: place is twice the number of the row, and one more for
the target.';

create or replace function dpg_private.contents_of_slot(slot anyenum, items dpg.item_ref[], places integer[])
returns dpg_private.item_content[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return array(
    select row(r.place, i.item_state, i.item_status)::dpg_private.item_content
    from unnest(items, places) r(item_network, item_domain, item_type, item_id, place)
    cross join lateral (
      select i.item_state, i.item_status
      from dpg_private.item_rows(slot, null::text[]) i
      where i.item_network = r.item_network
        and i.item_domain = r.item_domain
        and i.item_type = r.item_type
        and i.item_id = r.item_id
      offset 0 -- one by one, also while the leaf is small
    ) i
  );
end
$body$;

comment on function dpg_private.contents_of_slot(anyenum, dpg.item_ref[], integer[]) is
  'The content of items in the leaf of a slot, each found by its key; what is not there is left out. It has no
settings for the planner, which would take as long as some items: dpg_private.actions_with_items has them.';

create or replace function dpg_private.contents_of_leaf(
  leaf regclass,
  slot smallint,
  items dpg.item_ref[],
  places integer[]
)
returns dpg_private.item_content[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  contents dpg_private.item_content[];
begin
  if slot is not null then
    execute format('select dpg_private.contents_of_slot(null::dpg_private.slot_%s, $1, $2)', slot)
    into contents
    using items, places;
  else
    execute format(
      'select array(
         select row(r.place, i.item_state, i.item_status)::dpg_private.item_content
         from unnest($1, $2) r(item_network, item_domain, item_type, item_id, place)
         join %s i using (item_network, item_domain, item_type, item_id)
       )',
      leaf
    )
    into contents
    using items, places;
  end if;
  return contents;
end
$body$;

comment on function dpg_private.contents_of_leaf(regclass, smallint, dpg.item_ref[], integer[]) is
  'The content of items in a leaf; by a kept plan where it has a slot.';

create or replace function dpg_private.actions_with_items(found_actions dpg.found_action[])
returns setof dpg.found_action
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off -- what the settings leave out counts as infinitely expensive, and would be worth compiling
as $body$
declare
  of_leaf record;
  contents dpg_private.item_content[] := '{}';
  of_this dpg_private.item_content[];
begin
  for of_leaf in
    select n.slot, n.items, n.places, count(*) over () as leaves,
      case
        when n.item_network <> all (dpg_private.moved_networks())
          then dpg_private.find_leaf_by_slot('items', n.slot, n.item_network, n.item_domain)
      end as leaf
    from (
      select r.item_network, r.item_domain, dpg_private.slot_of('items', r.item_network, r.item_domain) as slot,
        array_agg(row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref) as items,
        array_agg(r.place) as places
      from (select u.*, row_number() over ()::integer as number from unnest(found_actions) u) a
      cross join lateral (
        values
          (
            a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, 2 * a.number,
            a.source_item_status is not null
          ),
          (
            a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id, 2 * a.number + 1,
            a.target_item_status is not null
          )
      ) r(item_network, item_domain, item_type, item_id, place, is_here)
      where r.is_here
      group by r.item_network, r.item_domain
    ) n
  loop
    continue when of_leaf.leaf is null;
    if of_leaf.leaves <= 16 then
      contents := contents
        || dpg_private.contents_of_leaf(of_leaf.leaf, of_leaf.slot, of_leaf.items, of_leaf.places);
    else
      begin
        of_this := dpg_private.contents_of_leaf(of_leaf.leaf, of_leaf.slot, of_leaf.items, of_leaf.places);
        raise exception using errcode = 'DP000';
      exception
        when sqlstate 'DP000' then
          contents := contents || of_this; -- the locks are gone: see dpg_private.items_of_leaves
      end;
    end if;
  end loop;
  return query
    select a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
      a.remarks,
      a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
      a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
      a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
      a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
      a.source_local_item_id, a.performed_by, a.ownership_roles,
      s.item_state, s.item_status, t.item_state, t.item_status, a.next_page_token
    from (select u.*, row_number() over ()::integer as number from unnest(found_actions) u) a
    left join unnest(contents) s on s.place = 2 * a.number
    left join unnest(contents) t on t.place = 2 * a.number + 1
    order by a.number;
end
$body$;

comment on function dpg_private.actions_with_items(dpg.found_action[]) is
  'A page of actions with state and status of their items. Which items are of this instance the search has marked:
where source_item_status, target_item_status is '''' it is read, by its key; where it is null it is not.';
