-- A circle needs its three arguments, in range (DP001): find_items and count_items.
begin;
select plan(45);
select dpg_test.insert_users('asha');
set local role dpg_app;
select dpg.upsert_item('asha', 'geo_dot', 'place', 't', 'https://one.example.com', 'https://s.example.com', '{}', 12, 77);

select is(
  dpg_test.refused_value(format('select * from dpg.%s(''geo_dot'', %L, %s)', f.name, case when r.arguments like '%777%' then 'unknown' else 'place' end, r.arguments)),
  'DP001 ' || r.expected,
  f.name || ' ' || r.arguments
)
from (values ('find_items'), ('count_items')) f(name)
cross join (values
  ('latitude => 12', 'longitude'),
  ('longitude => 77', 'latitude'),
  ('radius_meters => 1000', 'latitude'),
  ('latitude => 12, longitude => 77', 'radius_meters'),
  ('latitude => 12, radius_meters => 1000', 'longitude'),
  ('longitude => 77, radius_meters => 1000', 'latitude'),
  ('latitude => ''NaN'', longitude => 77, radius_meters => 1000', 'latitude NaN'),
  ('latitude => 12, longitude => ''NaN'', radius_meters => 1000', 'longitude NaN'),
  ('latitude => 12, longitude => 77, radius_meters => ''NaN''', 'radius_meters NaN'),
  ('latitude => ''-infinity'', longitude => 77, radius_meters => 1000', 'latitude -Infinity'),
  ('latitude => 12, longitude => ''infinity'', radius_meters => 1000', 'longitude Infinity'),
  ('latitude => 12, longitude => 77, radius_meters => ''infinity''', 'radius_meters Infinity'),
  ('latitude => 90.5, longitude => 77, radius_meters => 1000', 'latitude 90.5'),
  ('latitude => -90.5, longitude => 77, radius_meters => 1000', 'latitude -90.5'),
  ('latitude => 12, longitude => 180.5, radius_meters => 1000', 'longitude 180.5'),
  ('latitude => 12, longitude => -180.5, radius_meters => 1000', 'longitude -180.5'),
  ('latitude => 12, longitude => 77, radius_meters => -1', 'radius_meters -1'),
  ('latitude => 12, longitude => 777, radius_meters => 1000', 'longitude 777')
) r(arguments, expected);

select is(dpg_test.refused_value(r.call), 'no refusal', r.call)
from (values
  ('select dpg.count_items(''geo_dot'', ''place'', latitude => 90, longitude => 180, radius_meters => 0)'),
  ('select dpg.count_items(''geo_dot'', ''place'', latitude => -90, longitude => -180, radius_meters => 1e308)'),
  ('select dpg.count_items(''geo_dot'', ''place'', latitude => ''-0'', longitude => ''-0'', radius_meters => ''-0'')'),
  ('select dpg.find_items(''geo_dot'', ''place'', latitude => ''-0'', longitude => ''-0'', radius_meters => ''-0'')'),
  ('select dpg.find_items(''geo_dot'', ''place'', latitude => 5e-324, longitude => -5e-324, radius_meters => 5e-324)')
) r(call);
-- an item's own coordinates
select is(dpg_test.refused_value(format('select dpg.upsert_item(''asha'', ''geo_dot'', ''place'', ''t'', ''https://one.example.com'', ''https://s.example.com'', ''{}'', %s)', r.arguments)), r.expected, 'upsert_item ' || r.arguments)
from (values
  ('12, null', 'DP001 item_longitude'),
  ('null, 77', 'DP001 item_latitude'),
  ('''NaN'', 77', 'DP001 item_latitude NaN'),
  ('''-0'', ''-0''', 'no refusal')
) r(arguments, expected);
select * from finish();
rollback;
