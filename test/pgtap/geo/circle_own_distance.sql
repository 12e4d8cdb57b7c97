-- A place whose own distance_meters is the radius belongs to the circle, however sines and their inverses are rounded.
begin;
select plan(2);
select dpg_test.insert_users('asha');
select dpg.ensure_item_partition('geo_dot', 'edges');
insert into dpg.items (item_network, item_domain, item_type, item_instance_url, item_schema_url, item_latitude, item_longitude, created_by)
select 'geo_dot', 'edges', 't', 'https://one.example.com', 'https://s.example.com', -80 + n * 0.8, -170 + n * 1.7, 'asha'
from generate_series(1, 200) n;

create temp table distances as
select i.item_id, i.distance_meters from dpg.nearest_items('geo_dot', 'edges', 12.9716, 77.5946, page_size => 1000) i;
select is(
  (
    select count(*)
    from distances d
    where not exists (
      select
      from dpg.find_items(
        'geo_dot', 'edges', latitude => 12.9716, longitude => 77.5946, radius_meters => d.distance_meters, page_size => 1000
      ) i
      where i.item_id = d.item_id
    )
  ),
  0::bigint,
  'find_items'
);
select is(
  (
    select count(*)
    from distances d
    where not exists (
      select
      from dpg.nearest_items('geo_dot', 'edges', 12.9716, 77.5946, radius_meters => d.distance_meters, page_size => 1000) i
      where i.item_id = d.item_id
    )
  ),
  0::bigint,
  'nearest_items'
);
select * from finish();
rollback;
