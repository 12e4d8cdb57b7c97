-- The plan of a circle is made while the leaf is empty, and kept. It is the one that a full leaf needs.
begin;
select plan(9);
select dpg_test.insert_users('asha');
select dpg.ensure_item_partition('geo_dot', 'young');
create temp table scans (name text, scans bigint);
create function pg_temp.look() returns void
language sql
as $f$
  delete from scans;
  insert into scans
  select case when x.indexrelid in (select relid from pg_partition_tree('dpg.items_band_idx')) then 'band' else 'other' end,
    pg_stat_get_xact_numscans(x.indexrelid)
  from pg_index x
  where x.indrelid = 'dpg.i_p_geodot_young'::regclass
$f$;
create function pg_temp.scanned(name text) returns bigint
language sql
as $f$
  select (
    select sum(pg_stat_get_xact_numscans(x.indexrelid))
    from pg_index x
    where x.indrelid = 'dpg.i_p_geodot_young'::regclass
      and (scanned.name = 'band') = (x.indexrelid in (select relid from pg_partition_tree('dpg.items_band_idx')))
  ) - (select sum(s.scans) from scans s where s.name = scanned.name)
$f$;
do $do$
begin
  for n in 1..7 loop
    perform count(*) from dpg.find_items('geo_dot', 'young', latitude => 12, longitude => 77, radius_meters => 500);
    perform dpg.count_items('geo_dot', 'young', latitude => 12, longitude => 77, radius_meters => 500);
  end loop;
end
$do$;
insert into dpg.items (item_network, item_domain, item_type, item_instance_url, item_schema_url, item_latitude, item_longitude, created_by)
select 'geo_dot', 'young', 'place', 'https://one.example.com', 'https://s.example.com', 12 + n * 0.0001, 77, 'asha'
from generate_series(1, 3000) n;

select pg_temp.look();
select is((select count(*) from dpg.find_items('geo_dot', 'young', latitude => 12, longitude => 77, radius_meters => 500, page_size => 100)), 44::bigint, 'a circle');
select cmp_ok(pg_temp.scanned('band'), '>', 0::bigint, 'the index on the bands finds it');
select is(pg_temp.scanned('other'), 0::bigint, 'and no other');
select pg_temp.look();
select is(dpg.count_items('geo_dot', 'young', latitude => 12, longitude => 77, radius_meters => 500), 44::bigint, 'it is counted');
select cmp_ok(pg_temp.scanned('band'), '>', 0::bigint, 'by the index on the bands');
select is(pg_temp.scanned('other'), 0::bigint, 'and by no other');
-- so does the plan that is made anew when the leaf is analysed while it is small
delete from dpg.items where item_domain = 'young' and item_latitude > 12.1;
analyze dpg.i_p_geodot_young;
select pg_temp.look();
select is((select count(*) from dpg.find_items('geo_dot', 'young', latitude => 12, longitude => 77, radius_meters => 500, page_size => 100)), 44::bigint, 'a small leaf');
select cmp_ok(pg_temp.scanned('band'), '>', 0::bigint, 'the same index');
select is(pg_temp.scanned('other'), 0::bigint, 'and no other');
select * from finish();
rollback;
