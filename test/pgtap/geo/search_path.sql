-- Places need no search path: neither callers nor maintenance need the schema of cube in it.
begin;
select plan(6);
select dpg_test.insert_users('asha');
create function pg_temp.story() returns text
language plpgsql
set search_path = ''
as $f$
begin
  perform dpg.upsert_item('asha', 'geo_dot', 'place', 't', 'https://one.example.com', 'https://s.example.com', '{}', 12.9716, 77.5946);
  perform dpg.upsert_items('asha', '[{"item_network": "geo_dot", "item_domain": "place", "item_type": "u", "item_instance_url": "https://one.example.com", "item_schema_url": "https://s.example.com", "item_latitude": 13, "item_longitude": 77.6}]');
  return pg_catalog.concat_ws(
    ' ',
    dpg.count_items('geo_dot', 'place', latitude => 12.9716, longitude => 77.5946, radius_meters => 1000),
    (select pg_catalog.string_agg(n.item_type, ',') from dpg.nearest_items('geo_dot', 'place', 12.9716, 77.5946) n),
    (select pg_catalog.count(*) from dpg.find_items('geo_dot', 'place', latitude => 12.9716, longitude => 77.5946, radius_meters => 10000))
  );
end
$f$;
set local role dpg_app;
select is(pg_temp.story(), '1 t,u 2', 'writing and searching places with an empty search_path');
reset role;

create function pg_temp.run(statement text) returns text
language plpgsql
set search_path = ''
as $f$
begin
  execute statement;
  return 'done';
end
$f$;
select is(pg_temp.run('reindex table dpg.i_p_geodot_place'), 'done', 'the index can be built again with an empty search_path');
select is(pg_temp.run('analyze dpg.i_p_geodot_place'), 'done', 'the leaf can be analysed');
select is(
  pg_temp.run($$ insert into dpg.items (item_network, item_domain, item_type, item_instance_url, item_schema_url, item_latitude, item_longitude, created_by)
    values ('geo_dot', 'place', 'v', 'https://one.example.com', 'https://s.example.com', 12, 77, 'asha') $$),
  'done',
  'rows can be inserted, as a restore does'
);
select is(pg_temp.run('select dpg.ensure_item_partition(''geo_dot'', ''other'')'), 'done', 'leaves can be made');
select is(pg_temp.run('create index on dpg.i_p_geodot_other using gist (dpg_private.place(item_latitude, item_longitude))'), 'done', 'an index on the place can be made');
select * from finish();
rollback;
