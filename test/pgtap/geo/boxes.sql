-- A box is any box: exact at its edges, across the 180th meridian, a pole, a line, a point, the world.
begin;
select plan(30);

select dpg_test.insert_users('asha');
select dpg.ensure_item_partition('box_dot', 'place'), dpg.ensure_item_partition('box_dot', 'other');
insert into dpg.items (
  item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_latitude, item_longitude, created_by
)
select 'box_dot', v.domain, 't', ('00000000-0000-4000-8000-' || lpad(v.n::text, 12, '0'))::uuid, 'https://box.example.com', 's',
  v.latitude, v.longitude, 'asha'
from (values
  (1, 'place', 12::double precision, 77::double precision), (2, 'place', 12.5, 77.5), (3, 'place', 90, 0), (4, 'place', -90, 45),
  (5, 'place', 0, 180), (6, 'place', 0, -180), (7, 'place', 0, 179.5), (8, 'place', 0, -179.5), (9, 'place', null, null),
  (10, 'other', 12, 77)
) v(n, domain, latitude, longitude);

create function pg_temp.found(south double precision, west double precision, north double precision, east double precision, filters text default '')
returns text language plpgsql as $body$
declare
  found text;
begin
  execute format(
    $$select coalesce(string_agg(ltrim(right(f.item_id::text, 2), '0'), ' ' order by f.item_id), 'none')
        || ' = ' || dpg.count_items('box_dot', 'place', south => $1, west => $2, north => $3, east => $4%1$s)
        || case when '%1$s' = '' and count(f.item_id) <> (
          select count(*) from dpg.nearest_items('box_dot', 'place', 0, 0, south => $1, west => $2, north => $3, east => $4)
        ) then ' but nearest_items finds others' else '' end
      from dpg.find_items('box_dot', 'place', south => $1, west => $2, north => $3, east => $4%1$s) f$$,
    filters
  ) into found using south, west, north, east;
  return found;
end
$body$;
create function pg_temp.refused(south text, west text, north text, east text) returns text language sql as $body$
  select substring(dpg_test.full_refusal(format(
    $$select dpg.find_items('box_dot', 'place', south => %s, west => %s, north => %s, east => %s)$$, south, west, north, east
  )) from '^DP001.*"argument": "([a-z]+)"')
$body$;

set local role dpg_app;

select is(pg_temp.found(-90, -180, 90, 180), '1 2 3 4 5 6 7 8 = 8', 'the world has all that have a place');
select is(pg_temp.found(12, 77, 12.5, 77.5), '1 2 = 2', 'places on the edges are inside');
select is(pg_temp.found(12.000000001, 77, 12.5, 77.5), '2 = 1', 'below the southern edge');
select is(pg_temp.found(12, 77.000000001, 12.5, 77.5), '2 = 1', 'west of the western one');
select is(pg_temp.found(12, 77, 12.499999999, 77.5), '1 = 1', 'above the northern one');
select is(pg_temp.found(12, 77, 12.5, 77.499999999), '1 = 1', 'east of the eastern one');
select is(pg_temp.found(12, 77, 12, 77), '1 = 1', 'a point');
select is(pg_temp.found(12, 70, 12, 80), '1 = 1', 'a line');
select is(pg_temp.found(13, 70, 14, 80), 'none = 0', 'an empty box');
select is(pg_temp.found(-1, 179, 1, -179), '5 6 7 8 = 4', 'across the 180th meridian');
select is(pg_temp.found(-1, 179, 1, 180), '5 6 7 = 3', 'up to it from the west: 180 and -180 are one meridian');
select is(pg_temp.found(-1, -180, 1, -179), '5 6 8 = 3', 'from it to the east');
select is(pg_temp.found(-1, 180, 1, 180), '5 6 = 2', 'the meridian itself');
select is(pg_temp.found(-1, -180, 1, -180), '5 6 = 2', 'by its other name');
select is(pg_temp.found(-1, 180, 1, -180), '5 6 = 2', 'from the one to the other');
select is(pg_temp.found(-1, -180, 1, 180), '5 6 7 8 = 4', 'all the way round');
select is(pg_temp.found(-1, 10, 1, 9), '5 6 7 8 = 4', 'nearly all the way round, across the meridian');
select is(pg_temp.found(90, -180, 90, 180), '3 = 1', 'a pole');
select is(pg_temp.found(89, 10, 90, 20), 'none = 0', 'by numbers alone: a place on a pole has its longitude');
select is(pg_temp.found(-90, 45, -89, 45), '4 = 1', 'and is found by it');
select is(pg_temp.found(-90, -180, 90, 180, $$, latitude => 12, longitude => 77, radius_meters => 1000$$), '1 = 1', 'box and circle: both');
select is(pg_temp.found(12.4, 77, 13, 78, $$, latitude => 12, longitude => 77, radius_meters => 1000$$), 'none = 0', 'where they do not meet');
select is(
  (select string_agg(f.item_domain, ' ' order by f.item_domain) from dpg.find_items('box_dot', south => 12, west => 77, north => 12, east => 77) f),
  'other place', 'over all domains'
);

select is(pg_temp.refused('1', '0', '0', '1'), 'south', 'south above north');
select is(pg_temp.refused('0', '0', '1', 'null'), 'east', 'three of four edges');
select is(pg_temp.refused('null', '0', '1', '1'), 'south', 'another three');
select is(pg_temp.refused('-90.1', '0', '1', '1'), 'south', 'beyond a pole');
select is(pg_temp.refused('0', '0', '1', '180.1'), 'east', 'beyond 180 degrees');
select is(pg_temp.refused('''NaN''', '0', '1', '1'), 'south', 'NaN');
select is(pg_temp.refused('0', '''-Infinity''', '1', '1'), 'west', 'an infinite edge');

select * from finish();
rollback;
