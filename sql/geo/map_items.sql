do $body$
begin
  if pg_catalog.to_regtype('dpg.map_marker') is null then
    create type dpg.map_marker as (
      latitude double precision,
      longitude double precision,
      item_count bigint,
      south double precision,
      west double precision,
      north double precision,
      east double precision,
      item_domain text,
      item_type text,
      item_id uuid
    );
  end if;
  if pg_catalog.to_regtype('dpg_private.map_cell') is null then
    create type dpg_private.map_cell as (
      column_number bigint,
      row_number bigint,
      item_count bigint,
      latitude_sum double precision,
      longitude_sum double precision,
      south double precision,
      west double precision,
      north double precision,
      east double precision,
      item_domain text,
      stored_longitude double precision
    );
  end if;
end
$body$;

comment on type dpg.map_marker is
  'A row of dpg.map_items: one item with its key, or a cell of the grid that holds several: their mean place (degrees),
how many they are, and the edges between which they lie.';
comment on type dpg_private.map_cell is
  'What a cell of the grid holds: see dpg.map_items. Sums for the mean place; of a single item its domain and its
longitude as it is stored, by which its key is found.';

create or replace function dpg_private.level_of_map(box dpg_private.circle_bounds, max_markers integer)
returns integer
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  width constant double precision := box.east - box.west + case when box.west > box.east then 360 else 0 end;
  height constant double precision := box.north - box.south;
begin
  -- Cells of level 32 are 8 millionths of a millionth of the world: what is at one place to a centimetre stays
  -- together.
  for level in reverse 32 .. 1 loop
    if (ceil(width * 2 ^ level / 360) + 1) * (ceil(height * 2 ^ level / 180) + 1) <= max_markers then
      return level;
    end if;
  end loop;
  return 0;
end
$body$;

comment on function dpg_private.level_of_map(dpg_private.circle_bounds, integer) is
  'The level of the grid for a box: the finest at which its cells, with one more in each direction for those that it
touches at its edges, are no more than max_markers. Level 0 is one cell, the world; each level halves both sides.';

create or replace function dpg_private.cells_of_leaf_sql(
  leaf regclass,
  item_domain text,
  wanted dpg_private.item_search,
  level integer
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- The index on the bands has latitude and longitude: without other filters no row is read. 180 degrees are -180, in
  -- the cell, in the mean and in the edges. The last row of cells has the pole; the last column the numbers next to
  -- 180, which are 360 when 180 is added.
  return format(
    'select
       least(floor((p.longitude + 180) * %1$s / 360), %1$s - 1)::bigint as column_number,
       least(floor((i.item_latitude + 90) * %1$s / 180), %1$s - 1)::bigint as row_number,
       count(*) as item_count, sum(i.item_latitude) as latitude_sum, sum(p.longitude) as longitude_sum,
       min(i.item_latitude) as south, min(p.longitude) as west, max(i.item_latitude) as north, max(p.longitude) as east,
       %2$L as item_domain, min(i.item_longitude) as stored_longitude
     from %3$s i
     cross join lateral (select case when i.item_longitude = 180 then -180 else i.item_longitude end as longitude) p
     where %4$s
     group by 1, 2',
    (2 ^ level)::bigint, item_domain, leaf, dpg_private.item_conditions_sql(wanted, leaf)
  );
end
$body$;

comment on function dpg_private.cells_of_leaf_sql(regclass, text, dpg_private.item_search, integer) is
  'The statement that puts the items of a leaf that match a search into cells of a level, as rows of
dpg_private.map_cell. $1 is the search.';

create or replace function dpg_private.merged_cells(cells dpg_private.map_cell[])
returns dpg_private.map_cell[]
language sql
immutable
parallel safe
security invoker
return (
  select array_agg(
    row(
      m.column_number, m.row_number, m.item_count, m.latitude_sum, m.longitude_sum, m.south, m.west, m.north, m.east,
      m.item_domain, m.stored_longitude
    )::dpg_private.map_cell
  )
  from (
    select c.column_number, c.row_number, sum(c.item_count)::bigint as item_count, sum(c.latitude_sum) as latitude_sum,
      sum(c.longitude_sum) as longitude_sum, min(c.south) as south, min(c.west) as west, max(c.north) as north,
      max(c.east) as east, min(c.item_domain) as item_domain, min(c.stored_longitude) as stored_longitude
    from unnest(cells) c
    group by c.column_number, c.row_number
  ) m
);

comment on function dpg_private.merged_cells(dpg_private.map_cell[]) is
  'Cells of several leaves put together.';

create or replace function dpg_private.markers_of_leaf_sql(leaf regclass, wanted dpg_private.item_search)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return format(
    'select i.item_latitude as latitude, i.item_longitude as longitude, 1::bigint as item_count,
       i.item_latitude as south, i.item_longitude as west, i.item_latitude as north, i.item_longitude as east,
       i.item_domain, i.item_type, i.item_id
     from %s i
     where %s',
    leaf, dpg_private.item_conditions_sql(wanted, leaf)
  );
end
$body$;

comment on function dpg_private.markers_of_leaf_sql(regclass, dpg_private.item_search) is
  'The statement that makes a dpg.map_marker of each item of a leaf that matches a search. $1 is the search.';

create or replace function dpg_private.markers_of_cells(
  cells dpg_private.map_cell[],
  item_network text,
  wanted dpg_private.item_search
)
returns setof dpg.map_marker
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  of_leaf record;
begin
  for of_leaf in
    select l.leaf, l.item_domain, array_agg(c) as cells
    from unnest(cells) c
    join dpg_private.look_up_item_leaves(
      item_network, (select array_agg(distinct s.item_domain) from unnest(cells) s where s.item_count = 1)
    ) l on l.item_domain = c.item_domain
    where c.item_count = 1
    group by l.leaf, l.item_domain
  loop
    return query execute format(
      'select c.south, c.west, c.item_count, c.south, c.west, c.north, c.east, i.item_domain, i.item_type, i.item_id
       from unnest($2) c
       cross join lateral (
         select *
         from %s i
         where dpg_private.latitude_band(i.item_latitude) = dpg_private.latitude_band(c.south)
           and i.item_latitude = c.south
           and i.item_longitude = c.stored_longitude
           and %s
         limit 1
       ) i',
      of_leaf.leaf, dpg_private.item_conditions_sql(wanted, of_leaf.leaf)
    )
    using wanted, of_leaf.cells;
  end loop;
  return query
    -- the sum of one place, divided, may be another number than the place
    select least(greatest(c.latitude_sum / c.item_count, c.south), c.north),
      least(greatest(c.longitude_sum / c.item_count, c.west), c.east), c.item_count, c.south, c.west, c.north, c.east,
      null::text, null::text, null::uuid
    from unnest(cells) c
    where c.item_count > 1;
end
$body$;

comment on function dpg_private.markers_of_cells(dpg_private.map_cell[], text, dpg_private.item_search) is
  'The markers of cells; of one that holds a single item with its key, which is found by its place.';

create or replace function dpg_private.check_max_markers(max_markers integer)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (max_markers between 1 and 10000) is not true then
    dpg_private.refuse_argument(
      'max_markers', to_jsonb(max_markers), 'is out of range', 'A map has 1 to 10,000 markers.'
    )
end;

comment on function dpg_private.check_max_markers(integer) is
  'Raises DP001 unless max_markers is from 1 to 10,000.';

create or replace function dpg_private.are_few_in_place(
  item_network text,
  item_domains text[],
  wanted dpg_private.item_search,
  at_most integer
)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  place dpg_private.item_search := wanted;
  batch record;
  of_batch integer;
  counted integer := 0;
begin
  place.circle := null;
  place.box := null;
  if dpg_private.has_filters(place) then
    return true;
  end if;
  for batch in
    select n.batch, max(n.batch) over () as last_batch,
      string_agg(
        format('(select from %s i where %s limit $2)', n.leaf, dpg_private.item_conditions_sql(wanted, n.leaf)),
        ' union all '
      ) as searches
    from (
      select (row_number() over () - 1) / 16 as batch, l.*
      from dpg_private.look_up_item_leaves(item_network, item_domains) l
    ) n
    group by n.batch
    order by n.batch
  loop
    begin
      execute format('select count(*) from (select from (%s) i limit $2) i', batch.searches)
      into of_batch
      using wanted, at_most + 1 - counted;
      counted := counted + of_batch;
      if batch.last_batch > 0 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and counted has its value: see dpg_private.items_of_leaves
    end;
    if counted > at_most then
      return false;
    end if;
  end loop;
  return true;
end
$body$;

comment on function dpg_private.are_few_in_place(text, text[], dpg_private.item_search, integer) is
  'False where more than at_most items match a search that asks for nothing but a place: the index on the bands says so
without a look at the rows. True where they are fewer, or where the search asks for more and only the rows can say.';

create or replace function dpg.map_items(
  item_network text,
  item_domain text,
  south double precision,
  west double precision,
  north double precision,
  east double precision,
  max_markers integer default 1000,
  item_type text default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_state jsonb default null,
  latitude double precision default null,
  longitude double precision default null,
  radius_meters double precision default null,
  item_domains text[] default null,
  item_statuses text[] default null,
  any_status boolean default false,
  facets jsonb default null,
  search text default null
)
returns setof dpg.map_marker
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted dpg_private.item_search;
  level integer;
  batch record;
  markers dpg.map_marker[] := '{}';
  of_batch dpg.map_marker[];
  cells dpg_private.map_cell[];
  cells_of_batch dpg_private.map_cell[];
  domains constant text[] := case when item_domain is not null then array[item_domain] else item_domains end;
  are_few boolean;
begin
  max_markers := coalesce(max_markers, 1000);
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_item_domains(item_domain, item_domains),
    dpg_private.check_present('south', south is not null),
    dpg_private.check_present('west', west is not null),
    dpg_private.check_present('north', north is not null),
    dpg_private.check_present('east', east is not null),
    dpg_private.check_max_markers(max_markers),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_key_or_none('created_by', created_by),
    dpg_private.check_url_or_none('item_instance_url', item_instance_url),
    dpg_private.check_url_or_none('item_schema_url', item_schema_url),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters),
    dpg_private.check_here(item_network);
  wanted := dpg_private.search_of(
    item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude, radius_meters
  );
  wanted := dpg_private.with_more_filters(
    wanted, item_network, item_domain, item_domains, item_statuses, any_status, facets, search, south, west, north, east
  );
  if item_network = any (dpg_private.defined_networks()) and item_statuses is null and any_status is not true then
    wanted.hidden_statuses := dpg_private.find_hidden_statuses(item_network, item_domain, item_domains);
  end if;
  level := dpg_private.level_of_map(wanted.box, max_markers);

  are_few := dpg_private.are_few_in_place(item_network, domains, wanted, max_markers);
  for batch in
    select n.batch, max(n.batch) over () as last_batch,
      string_agg('(' || dpg_private.markers_of_leaf_sql(n.leaf, wanted) || ')', ' union all ') as markers_sql
    from (
      select (row_number() over () - 1) / 16 as batch, l.*
      from dpg_private.look_up_item_leaves(item_network, domains) l
      where are_few
    ) n
    group by n.batch
    order by n.batch
  loop
    begin
      execute format(
        'select array_agg(row(m.*)::dpg.map_marker) from (select * from (%s) m limit $2) m', batch.markers_sql
      )
      into of_batch
      using wanted, max_markers + 1 - cardinality(markers);
      markers := markers || of_batch;
      are_few := cardinality(markers) <= max_markers;
      if batch.last_batch > 0 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, the variables have their values: see dpg_private.items_of_leaves
    end;
    exit when not are_few;
  end loop;
  if are_few then
    return query
      select *
      from unnest(markers) m
      order by m.item_domain, m.item_type, m.item_id;
    return;
  end if;

  for batch in
    select n.batch, max(n.batch) over () as last_batch,
      string_agg('(' || dpg_private.cells_of_leaf_sql(n.leaf, n.item_domain, wanted, level) || ')', ' union all ')
        as cells_sql,
      count(*) as leaves
    from (
      select (row_number() over () - 1) / 16 as batch, l.*
      from dpg_private.look_up_item_leaves(item_network, domains) l
    ) n
    group by n.batch
    order by n.batch
  loop
    begin
      execute format('select array_agg(row(c.*)::dpg_private.map_cell) from (%s) c', batch.cells_sql)
      into cells_of_batch
      using wanted;
      cells := case
        when batch.leaves = 1 and cells is null then cells_of_batch
        else dpg_private.merged_cells(cells || cells_of_batch)
      end;
      if batch.last_batch > 0 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null;
    end;
  end loop;
  return query select * from dpg_private.markers_of_cells(cells, item_network, wanted);
end
$body$;

comment on function dpg.map_items(
  text, text, double precision, double precision, double precision, double precision, integer, text, text, text, text,
  jsonb, double precision, double precision, double precision, text[], text[], boolean, jsonb, text
) is
  'The items of a network in a box (degrees; west > east crosses the 180th meridian), as at most max_markers (1 to
10,000, default 1,000) markers of a map. So many items or fewer: each is a row with its key. More: a row for each cell
of a grid that holds some: the mean place, item_count, the edges between which its items lie; the key where it holds
one. The sum of item_count is dpg.count_items of the same filters. The grid is that of the whole world, and its level
follows from the size of the box alone, so that a map that is moved sees the same cells. Filters as in dpg.find_items.
Raises DP001, DP014.
Example: select * from dpg.map_items(
  ''yellow_dot'', ''tutor'', south => 12.8, west => 77.4, north => 13.1, east => 77.8, max_markers => 500
)';
