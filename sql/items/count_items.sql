create or replace function dpg.count_items(
  item_network text,
  item_domain text,
  item_type text default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_state jsonb default null,
  latitude double precision default null,
  longitude double precision default null,
  radius_meters double precision default null
)
returns bigint
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  matches bigint;
  circle dpg_private.circle_bounds;
begin
  checked := num_nonnulls(
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_key_or_none('created_by', created_by),
    dpg_private.check_url_or_none('item_instance_url', item_instance_url),
    dpg_private.check_url_or_none('item_schema_url', item_schema_url),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters)
  );
  leaf := dpg_private.find_leaf('items', item_network, item_domain);
  if leaf is null then
    return 0::bigint;
  end if;
  circle := dpg_private.bounds_of_circle(latitude, longitude, radius_meters);
  execute format(
    'select count(*) from %s i where %s',
    leaf,
    dpg_private.item_conditions_sql(item_type, created_by, item_instance_url, item_schema_url, item_state, circle)
  )
  into matches
  using item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude,
    circle.bands, circle.south, circle.north, circle.west, circle.east, circle.reach;
  return matches;
end
$body$;

comment on function dpg.count_items(
  text, text, text, text, text, text, jsonb, double precision, double precision, double precision
) is
  'How many items match the filters of dpg.find_items. Counts them one by one: the cost grows with the number of
matches.
Raises DP001.
Example: select dpg.count_items(''yellow_dot'', ''tutor'', item_state => ''{"subject": "math"}'')';
