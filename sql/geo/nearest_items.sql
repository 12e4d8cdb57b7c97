do $body$
begin
  if pg_catalog.to_regtype('dpg.nearest_item') is null then
    create type dpg.nearest_item as (
      item_network text,
      item_domain text,
      item_type text,
      item_id uuid,
      item_instance_url text,
      item_schema_url text,
      item_state jsonb,
      item_latitude double precision,
      item_longitude double precision,
      created_by text,
      created_at timestamptz,
      updated_at timestamptz,
      distance_meters double precision,
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.nearest_item is
  'A row of dpg.nearest_items: the columns of dpg.items, then distance_meters along the great circle and
next_page_token, which continues after this row.';

create or replace function dpg.nearest_items(
  item_network text,
  item_domain text,
  latitude double precision,
  longitude double precision,
  radius_meters double precision default null,
  item_type text default null,
  item_state jsonb default null,
  page_size integer default 20,
  page_token text default null
)
returns setof dpg.nearest_item
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- a distance must come back from the page token exactly as it went in
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  binding bigint;
  page_start bytea;
  chord_and_type text; -- of the row that the page starts after
  bounds dpg_private.circle_bounds;
begin
  page_size := coalesce(page_size, 20);
  checked := num_nonnulls(
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_present('latitude', latitude is not null),
    dpg_private.check_present('longitude', longitude is not null),
    dpg_private.check_circle_or_none(latitude, longitude, coalesce(radius_meters, 0)),
    dpg_private.check_page_size(page_size)
  );
  select b.binding
  into binding
  from dpg_private.page_binding('nearest_items', jsonb_build_array(
    item_network, item_domain, latitude, longitude, radius_meters, item_type, item_state
  )) b;
  page_start := dpg_private.page_position(binding, page_token);
  chord_and_type := convert_from(substr(page_start, 17), 'UTF8');
  leaf := dpg_private.find_leaf('items', item_network, item_domain);
  if leaf is null then
    return;
  end if;
  if radius_meters is not null then
    bounds := dpg_private.bounds_of_circle(latitude, longitude, radius_meters);
  end if;

  -- Ordered by the chord alone first, ties included: before version 17 PostgreSQL reads the index in the order of
  -- the distance only where nothing else is in the order. The centre and its box are parameters: as expressions
  -- they take long to plan. The distance is computed from the chord by which rows are ordered, so that it never
  -- decreases.
  return query execute format(
    'select %1$s, %2$s, %3$s
     from (
       select %1$s, dpg_private.chord_meters(i.item_latitude, i.item_longitude, $2) as chord
       from %4$s i
       where i.item_latitude is not null and %5$s %6$s %7$s
       order by dpg_private.chord_meters(i.item_latitude, i.item_longitude, $2)
       fetch first ($9) rows with ties
     ) i
     order by i.chord, i.item_type, i.item_id
     limit $9',
    dpg_private.item_columns_sql('i.'),
    dpg_private.great_circle_sql('i.chord'),
    dpg_private.page_token_sql('$8', 'uuid_send(i.item_id) || convert_to(i.chord || '' '' || i.item_type, ''UTF8'')'),
    leaf,
    dpg_private.item_conditions_sql(item_type, null, null, null, item_state, null),
    case when radius_meters is not null then
      'and dpg_private.is_in_box(i.item_latitude, i.item_longitude, $3) and ' || dpg_private.haversine_sql() || ' <= $4'
    end,
    case when page_start is not null then
      'and (
         dpg_private.chord_meters(i.item_latitude, i.item_longitude, $2) > $10
         or (
           dpg_private.chord_meters(i.item_latitude, i.item_longitude, $2) = $10
           and (i.item_type, i.item_id) > ($11, $12)
         )
       )'
    end
  )
  using item_type, dpg_private.place(latitude, longitude),
    case when radius_meters is not null then dpg_private.circle_box(latitude, longitude, radius_meters) end,
    bounds.reach, item_state, latitude, longitude,
    binding, page_size, split_part(chord_and_type, ' ', 1)::double precision,
    substr(chord_and_type, strpos(chord_and_type, ' ') + 1), encode(substr(page_start, 1, 16), 'hex')::uuid;
end
$body$;

comment on function dpg.nearest_items(
  text, text, double precision, double precision, double precision, text, jsonb, integer, text
) is
  'The items of a network and domain that have a place, nearest to latitude and longitude (degrees) first, then by
item_type and item_id. distance_meters is along the great circle of earthdistance''s sphere. radius_meters limits
the search to a circle. item_state means containment (@>). Pages as in dpg.find_items. A later page passes over the
rows before it, so its cost grows with its number.
Raises DP001, DP011.
Example: select item_id, distance_meters
from dpg.nearest_items(''yellow_dot'', ''tutor'', 12.9716, 77.5946, page_size => 10)';
