-- Searches whose plans are kept: sql/README.md, "Plans that are kept". Each is one statement over the leaf that a slot
-- stands for, or over the leaves of a network, whose slot is given with the domains. A kept plan does not know the
-- values. So these are the searches in which they decide nothing: one index is the best for all of them. The settings
-- leave the planner that index, also while a leaf is empty.

create or replace function dpg_private.newest_of_slot(
  slot anyenum,
  page dpg_private.item_page,
  hidden_statuses text[]
)
returns setof dpg.found_item
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
set jit = off -- what the settings leave out counts as infinitely expensive, and would be worth compiling
as $body$
begin
  return query
    select i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url, i.item_state,
      i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at, i.item_status,
      case when page.binding is not null then
        dpg_private.token_of_position(
          page.binding, timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, 'UTF8')
        )
      end
    from dpg_private.item_rows(slot, null) i
    where i.created_at between coalesce(page.oldest, '-infinity') and coalesce(page.after_time, 'infinity')
      and (
        page.after_time is null
        or i.created_at < page.after_time
        or (i.item_domain, i.item_type, i.item_id)
          > (coalesce(page.after_domain, i.item_domain), page.after_type, page.after_id)
      )
      and dpg_private.is_found(i.item_domain, i.item_status, hidden_statuses)
    order by i.created_at desc, i.item_type, i.item_id
    limit page.row_limit;
end
$body$;

comment on function dpg_private.newest_of_slot(anyenum, dpg_private.item_page, text[]) is
  'A page of all items that are found in the leaf of a slot, newest first.';

create or replace function dpg_private.newest_of_network(
  slot anyenum,
  page dpg_private.item_page,
  domains text[],
  added_rows integer,
  hidden_statuses text[]
)
returns setof dpg.found_item
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
set jit = off
as $body$
begin
  return query
    select i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url, i.item_state,
      i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at, i.item_status,
      dpg_private.token_of_position(
        page.binding,
        timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, 'UTF8')
          || decode('00', 'hex') || convert_to(i.item_domain, 'UTF8')
      )
    from (
      -- the number of the last row of the same time
      select i.*, count(*) over (order by i.created_at desc) as number
      from (
        select i.*
        from dpg_private.item_rows(slot, domains) i
        where i.created_at <= coalesce(page.after_time, 'infinity')
          and (
            page.after_time is null
            or i.created_at < page.after_time
            or (i.item_domain, i.item_type, i.item_id) > (page.after_domain, page.after_type, page.after_id)
          )
          and dpg_private.is_found(i.item_domain, i.item_status, hidden_statuses)
        order by i.created_at desc
        limit page.row_limit + added_rows
      ) i
    ) i
    where i.number < page.row_limit + added_rows
    order by i.created_at desc, i.item_domain, i.item_type, i.item_id
    limit page.row_limit;
end
$body$;

comment on function dpg_private.newest_of_network(anyenum, dpg_private.item_page, text[], integer, text[]) is
  'A page of all items that are found in these domains of a network that has a slot, newest first. The indexes of the
leaves have an order without the domain. So items of one time are read together and sorted: added_rows more than the
page at most. Where more than that have one time, the page ends before them: see dpg_private.has_more_of_network.';

create or replace function dpg_private.has_more_of_network(
  slot anyenum,
  page dpg_private.item_page,
  domains text[],
  added_rows integer,
  hidden_statuses text[]
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
begin
  return (
    select count(*)
    from (
      select
      from dpg_private.item_rows(slot, domains) i
      where i.created_at <= coalesce(page.after_time, 'infinity')
        and (
          page.after_time is null
          or i.created_at < page.after_time
          or (i.item_domain, i.item_type, i.item_id) > (page.after_domain, page.after_type, page.after_id)
        )
        and dpg_private.is_found(i.item_domain, i.item_status, hidden_statuses)
      order by i.created_at desc
      limit page.row_limit + added_rows
    ) i
  ) = page.row_limit + added_rows;
end
$body$;

comment on function dpg_private.has_more_of_network(anyenum, dpg_private.item_page, text[], integer, text[]) is
  'Whether a page of dpg_private.newest_of_network that is not full lacks rows.';

create or replace function dpg_private.kept_bounds(search dpg_private.item_search)
returns dpg_private.circle_bounds
language sql
immutable
parallel safe
security invoker
return case
  when ((search).box).south is null then
    case
      when ((search).circle).bands is not null and ((search).circle).west <= ((search).circle).east
        then (search).circle
    end
  when ((search).box).bands is not null
    and ((search).circle).reach is null
    and ((search).box).west <= ((search).box).east
    and ((search).box).west > -180
    and ((search).box).east < 180
  then (search).box
end;

comment on function dpg_private.kept_bounds(dpg_private.item_search) is
  'The bounds of the circle or of the box of a search, where there is a kept plan for them: they are less than a degree
high and do not meet the antimeridian. Otherwise null, as where a search has both.';

create or replace function dpg_private.count_circle_of_slot(
  slot anyenum,
  search dpg_private.item_search,
  bounds dpg_private.circle_bounds,
  at_most integer,
  domains text[] default null
)
returns integer
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $body$
begin
  return (
    select count(*)
    from (
      select
      from dpg_private.item_rows(slot, domains) i
      where dpg_private.latitude_band(i.item_latitude) = any (bounds.bands)
        and i.item_latitude between bounds.south and bounds.north
        and i.item_longitude between bounds.west and bounds.east
        and (
          bounds.reach is null
          or dpg_private.is_within(i.item_latitude, i.item_longitude, search.latitude, search.longitude, bounds.reach)
        )
      limit at_most
    ) n
  );
end
$body$;

comment on function dpg_private.count_circle_of_slot(
  anyenum, dpg_private.item_search, dpg_private.circle_bounds, integer, text[]
) is
  'How many items in the leaf of a slot, or in these domains of its network, lie in a circle or a box, counted up to
at_most: whoever finds so many takes a plan that knows the bounds.';

create or replace function dpg_private.circle_of_slot(
  slot anyenum,
  search dpg_private.item_search,
  bounds dpg_private.circle_bounds,
  page dpg_private.item_page,
  at_most integer,
  domains text[] default null
)
returns table (found dpg.found_item, counted bigint)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $body$
begin
  return query
    select
      row(
        i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url, i.item_state,
        i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at, i.item_status,
        case when page.binding is not null then
          dpg_private.token_of_position(
            page.binding,
            timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, 'UTF8')
              || case when domains is null then '' else decode('00', 'hex') || convert_to(i.item_domain, 'UTF8') end
          )
        end
      )::dpg.found_item,
      i.counted
    from (
      select i.*, count(*) over () as counted
      from (
        select i.*
        from dpg_private.item_rows(slot, domains) i
        where dpg_private.latitude_band(i.item_latitude) = any (bounds.bands)
          and i.item_latitude between bounds.south and bounds.north
          and i.item_longitude between bounds.west and bounds.east
          and (
            bounds.reach is null
            or dpg_private.is_within(i.item_latitude, i.item_longitude, search.latitude, search.longitude, bounds.reach)
          )
          and dpg_private.is_found(i.item_domain, i.item_status, search.hidden_statuses)
          -- no condition that the index by time could answer: without the values it looks better than it is
          and (page.oldest is null or i.created_at >= page.oldest)
          and (
            page.after_time is null
            or i.created_at < page.after_time
            or (
              i.created_at = page.after_time
              and (i.item_domain, i.item_type, i.item_id)
                > (coalesce(page.after_domain, i.item_domain), page.after_type, page.after_id)
            )
          )
        limit at_most
      ) i
    ) i
    order by i.created_at desc, i.item_domain, i.item_type, i.item_id
    limit page.row_limit;
end
$body$;

comment on function dpg_private.circle_of_slot(
  anyenum, dpg_private.item_search, dpg_private.circle_bounds, dpg_private.item_page, integer, text[]
) is
  'A page of the items that are found and lie in a circle or a box, in the leaf of a slot or in these domains of its
network, newest first, each with how many items were read for it. It reads at_most: with so many, the page may lack
newer ones, and the caller takes a plan that knows the bounds.';
