-- Nearest first, with the distance along the great circle. The distances were computed apart, by the haversine formula
-- on a sphere of 6,378,168 m.
begin;
select plan(14);
select dpg_test.insert_users('asha');
set local role dpg_app;
select dpg.upsert_item('asha', 'geo_dot', 'place', p.name, 'https://one.example.com', 'https://s.example.com',
  jsonb_build_object('name', p.name, 'hemisphere', case when p.latitude < 0 then 'south' else 'north' end), p.latitude, p.longitude)
from (values
  ('delhi', 28.6139, 77.2090), ('antipode', -12.9716, -102.4054), ('here', 12.9716, 77.5946), ('london', 51.5074, -0.1278),
  ('mysuru', 12.2958, 76.6394), ('north pole', 90, 0), ('near', 12.9800, 77.6000), ('suva', -18.1416, 178.4419),
  ('south pole', -90, 0), ('chennai', 13.0827, 80.2707), ('taveuni', -16.8, -179.9), ('nowhere', null, null)
) p(name, latitude, longitude);
select dpg.upsert_item('asha', 'geo_dot', 'elsewhere', 'near', 'https://one.example.com', 'https://s.example.com', '{}', 12.9717, 77.5947);

select results_eq(
  $$ select item_type, round(distance_meters::numeric, 3) from dpg.nearest_items('geo_dot', 'place', 12.9716, 77.5946, page_size => 10) $$,
  $$ values ('here', 0.000), ('near', 1103.416), ('mysuru', 128160.888), ('chennai', 290498.497), ('delhi', 1741759.550),
       ('london', 8044198.219), ('north pole', 8574803.941), ('south pole', 11462801.791), ('suva', 11592034.322), ('taveuni', 11741882.260) $$,
  'in the order of their distances, in metres'
);
select results_eq(
  $$ select item_type, abs(distance_meters - 20037605.732) < 1 from dpg.nearest_items('geo_dot', 'place', 12.9716, 77.5946) offset 10 $$,
  $$ values ('antipode', true) $$,
  'half the globe is the farthest; items without a place or in another domain are not among them'
);
select is(
  (select distance_meters from dpg.nearest_items('geo_dot', 'place', 12.9716, 77.5946, page_size => 1)),
  0::double precision,
  'the very place is at a distance of exactly 0'
);
select results_eq(
  $$ select item_type from dpg.nearest_items('geo_dot', 'place', 12.9716, 77.5946, radius_meters => 290499) $$,
  $$ values ('here'), ('near'), ('mysuru'), ('chennai') $$,
  'within a radius'
);
select results_eq(
  $$ select item_type from dpg.nearest_items('geo_dot', 'place', 12.9716, 77.5946, radius_meters => 290498) $$,
  $$ values ('here'), ('near'), ('mysuru') $$,
  'and not a metre farther'
);
select results_eq(
  $$ select item_type from dpg.nearest_items('geo_dot', 'place', 12.9716, 77.5946, radius_meters => 0) $$,
  $$ values ('here') $$,
  'a radius of 0 is the very place'
);
select results_eq(
  $$ select item_type from dpg.nearest_items('geo_dot', 'place', 12.9716, 77.5946, item_state => '{"hemisphere": "south"}') $$,
  $$ values ('south pole'), ('suva'), ('taveuni'), ('antipode') $$,
  'of a state'
);
select results_eq(
  $$ select item_type from dpg.nearest_items('geo_dot', 'place', 12.9716, 77.5946, item_type => 'london') $$,
  $$ values ('london') $$,
  'of a type'
);
select results_eq(
  $$ select item_type, round(distance_meters::numeric, 3) from dpg.nearest_items('geo_dot', 'place', -16.8, 180, page_size => 2) $$,
  $$ values ('taveuni', 10656.884), ('suva', 222879.608) $$,
  'across the antimeridian'
);
select results_eq(
  $$ select item_type, round(distance_meters::numeric, 3) from dpg.nearest_items('geo_dot', 'place', -16.8, -180, page_size => 2) $$,
  $$ values ('taveuni', 10656.884), ('suva', 222879.608) $$,
  'which -180 is as well'
);
select results_eq(
  $$ select item_type, round(distance_meters::numeric, 3) from dpg.nearest_items('geo_dot', 'place', 90, 123, page_size => 2) $$,
  $$ values ('north pole', 0.000), ('london', 4284997.458) $$,
  'at a pole, whose longitude says nothing'
);
select is(
  (select row(n.item_network, n.item_domain, n.item_type, n.item_id, n.item_instance_url, n.item_schema_url, n.item_state, n.item_latitude, n.item_longitude, n.created_by, n.created_at, n.updated_at, n.item_status)::text
   from dpg.nearest_items('geo_dot', 'place', 51.5, 0, page_size => 1) n),
  (select i::text from dpg.items i where i.item_network = 'geo_dot' and i.item_type = 'london'),
  'a row has the columns of the item'
);
select is((select count(*) from dpg.nearest_items('geo_dot', 'unknown', 12.9716, 77.5946)), 0::bigint, 'nothing is near where there is no leaf');
select is(
  (select count(*) from dpg.nearest_items('geo_dot', 'place', 12.9716, 77.5946, page_size => null)),
  11::bigint,
  'a null page size is the default'
);
select * from finish();
rollback;
