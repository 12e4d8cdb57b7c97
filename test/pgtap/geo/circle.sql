-- The circle of find_items and count_items, wherever on the globe. A degree of a great circle is 111,320.032 m.
begin;
select plan(34);
select dpg_test.insert_users('asha');
create function pg_temp.within(latitude double precision, longitude double precision, radius_meters double precision) returns text
language plpgsql
as $f$
declare
  names text := (
    select string_agg(f.item_type, ', ' order by f.item_type collate "C")
    from dpg.find_items('geo_dot', 'place', latitude => within.latitude, longitude => within.longitude, radius_meters => within.radius_meters, page_size => 1000) f
  );
  counted bigint := dpg.count_items('geo_dot', 'place', latitude => within.latitude, longitude => within.longitude, radius_meters => within.radius_meters);
begin
  -- both functions must agree
  return case when counted = coalesce(cardinality(string_to_array(names, ', ')), 0) then coalesce(names, 'none') else format('%s, but counted %s', names, counted) end;
end
$f$;
set local role dpg_app;
select dpg.upsert_item('asha', 'geo_dot', 'place', p.name, 'https://one.example.com', 'https://s.example.com', '{}', p.latitude, p.longitude)
from (values
  ('null island', 0, 0), ('east', 0, 1), ('west', 0, -1), ('north', 1, 0), ('south', -1, 0),
  ('date line', 0, 180), ('date line west', 0, -179), ('date line east', 0, 179),
  ('north pole', 90, 0), ('arctic 0', 89, 0), ('arctic 90', 89, 90), ('arctic 180', 89, 180), ('arctic -90', 89, -90), ('arctic 88', 88, 45),
  ('south pole', -90, 123), ('antarctic 0', -89, 0), ('antarctic -120', -89, -120), ('nowhere', null, null)
) p(name, latitude, longitude);

select is(pg_temp.within(0, 0, 111321), 'east, north, null island, south, west', 'a degree around a place');
select is(pg_temp.within(0, 0, 111319), 'null island', 'a metre less');
select is(pg_temp.within(0.5, 0.5, 78715), 'east, north, null island', 'between places: 78,715 m to those on the equator, 78,712 m to the one in the north');
select is(pg_temp.within(0.5, 0.5, 78713), 'north', 'less holds that one alone');
select is(pg_temp.within(0.5, 0.5, 78711), 'none', 'and even less none');
select is(pg_temp.within(0, 180, 111321), 'date line, date line east, date line west', 'on the antimeridian');
select is(pg_temp.within(0, -180, 111321), 'date line, date line east, date line west', 'on its other name');
select is(pg_temp.within(0, 179, 111321), 'date line, date line east', 'east of it');
select is(pg_temp.within(0, -179, 111321), 'date line, date line west', 'west of it');
select is(pg_temp.within(0, 179, 222641), 'date line, date line east, date line west', 'across it');
select is(pg_temp.within(0, -180, 1), 'date line', '-180 and 180 are one place');
select is(pg_temp.within(90, 0, 111321), 'arctic -90, arctic 0, arctic 180, arctic 90, north pole', 'around the north pole');
select is(pg_temp.within(90, -77, 111321), 'arctic -90, arctic 0, arctic 180, arctic 90, north pole', 'whatever its longitude');
select is(pg_temp.within(90, 0, 111319), 'north pole', 'a metre less');
select is(pg_temp.within(90, 55, 1), 'north pole', 'the pole itself');
select is(pg_temp.within(89, 0, 222641), 'arctic -90, arctic 0, arctic 180, arctic 88, arctic 90, north pole', 'over the pole');
select is(pg_temp.within(89, 0, 157427), 'arctic -90, arctic 0, arctic 90, north pole', 'a quarter around the pole is 157,426 m across');
select is(pg_temp.within(89, 0, 157425), 'arctic 0, north pole', 'less does not reach it');
select is(pg_temp.within(-90, 0, 111321), 'antarctic -120, antarctic 0, south pole', 'around the south pole');
select is(pg_temp.within(-90, 0, 111319), 'south pole', 'a metre less');
select is(pg_temp.within(0, 0, 0), 'null island', 'a radius of 0 is the very place');
select is(pg_temp.within(89, 180, 0), 'arctic 180', 'also far north');
select is(pg_temp.within(1e-9, 0, 0), 'none', 'and nothing beside it');
select is(pg_temp.within(0, 0, '-0'), 'null island', '-0 is 0');
select is(
  pg_temp.within(0, 0, 10018803.9),
  'antarctic 0, arctic -90, arctic 0, arctic 88, arctic 90, east, north, north pole, null island, south, south pole, west',
  'a quarter of a great circle around the equator reaches the poles and what is on this side of them'
);
select is(
  pg_temp.within(0, 0, 19926286),
  'antarctic -120, antarctic 0, arctic -90, arctic 0, arctic 180, arctic 88, arctic 90, date line east, date line west, east, north, north pole, null island, south, south pole, west',
  'all but the antipode'
);
select is(
  pg_temp.within(0, 0, 19926285),
  'antarctic -120, antarctic 0, arctic -90, arctic 0, arctic 180, arctic 88, arctic 90, east, north, north pole, null island, south, south pole, west',
  'all but a degree around the antipode'
);
select is(cardinality(string_to_array(pg_temp.within(0, 0, 20037605.8), ', ')), 17, 'half the globe around is everything that has a place');
select is(cardinality(string_to_array(pg_temp.within(12, 77, 20037605.8), ', ')), 17, 'wherever the centre is');
select is(cardinality(string_to_array(pg_temp.within(0, 0, 30000000), ', ')), 17, 'more is no less');
select is(cardinality(string_to_array(pg_temp.within(-33, 151, 1e308), ', ')), 17, 'however much');
-- whose straight line comes out a trifle longer than the globe is thick
select dpg.upsert_item('asha', 'geo_dot', 'antipodes', 'antipode', 'https://one.example.com', 'https://s.example.com', '{}', 38.06, -21.07);
select is(dpg.count_items('geo_dot', 'antipodes', latitude => -38.06, longitude => 158.93, radius_meters => 20037605.8), 1::bigint, 'an exact antipode is within half the globe');
select cmp_ok(
  (select abs(n.distance_meters - 20037605.732) from dpg.nearest_items('geo_dot', 'antipodes', -38.06, 158.93) n),
  '<',
  0.5::double precision,
  'and at that distance'
);
select is(
  (select count(*) from dpg.find_items('geo_dot', 'place', item_type => 'east', latitude => 0, longitude => 0, radius_meters => 200000)),
  1::bigint,
  'with another filter'
);
select * from finish();
rollback;
