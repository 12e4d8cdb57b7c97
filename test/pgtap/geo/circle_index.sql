-- The circle is answered by the index on the bands, the nearest by the one on the place, not by reading the leaf.
begin;
select plan(14);
select dpg_test.insert_users('asha');
select dpg.ensure_item_partition('geo_dot', 'many');
insert into dpg.items (item_network, item_domain, item_type, item_instance_url, item_schema_url, item_latitude, item_longitude, created_by)
select 'geo_dot', 'many', 'place', 'https://one.example.com', 'https://s.example.com', -60 + n % 120 + n * 0.00001, -180 + n % 359 + n * 0.00001, 'asha'
from generate_series(1, 10000) n;
analyze dpg.i_p_geodot_many;

create temp table place_index as
select x.indexrelid as oid, t.root
from pg_index x
join (
  select 'band' as root, relid from pg_partition_tree('dpg.items_band_idx')
  union all
  select 'place', relid from pg_partition_tree('dpg.items_place_idx')
) t on t.relid = x.indexrelid
where x.indrelid = 'dpg.i_p_geodot_many'::regclass;
create temp table counts (leaf_scans bigint, index_scans bigint, index_entries bigint);
create function pg_temp.note() returns void
language sql
as $f$
  insert into counts
  select pg_stat_get_xact_numscans('dpg.i_p_geodot_many'::regclass), sum(pg_stat_get_xact_numscans(oid)), sum(pg_stat_get_xact_tuples_returned(oid))
  from place_index
$f$;
-- since the last time: sequential scans of the leaf, scans of the two indexes, entries that these gave
create function pg_temp.used(out leaf_scans bigint, out index_scans bigint, out index_entries bigint)
language plpgsql
as $f$
begin
  select
    pg_stat_get_xact_numscans('dpg.i_p_geodot_many'::regclass) - c.leaf_scans,
    (select sum(pg_stat_get_xact_numscans(p.oid)) from place_index p) - c.index_scans,
    (select sum(pg_stat_get_xact_tuples_returned(p.oid)) from place_index p) - c.index_entries
  into used.leaf_scans, used.index_scans, used.index_entries
  from counts c;
  delete from counts;
  perform pg_temp.note();
end
$f$;
select pg_temp.note();
select is((select count(*) from place_index), 2::bigint, 'the leaf has its part of both indexes');

select cmp_ok(dpg.count_items('geo_dot', 'many', latitude => 0.5, longitude => 0.5, radius_meters => 200000), '>', 0::bigint, 'a circle with few matches');
select results_eq('select leaf_scans, index_scans, index_entries < 200 from pg_temp.used()', $$ values (0::bigint, 1::bigint, true) $$, 'count_items reads a small part of the index, not the leaf');
select isnt_empty($$ select * from dpg.find_items('geo_dot', 'many', latitude => 0.5, longitude => 0.5, radius_meters => 200000) $$, 'the same circle');
select results_eq('select leaf_scans, index_scans, index_entries < 200 from pg_temp.used()', $$ values (0::bigint, 1::bigint, true) $$, 'so does find_items');
select is((select count(*) from dpg.nearest_items('geo_dot', 'many', 0.5, 0.5)), 20::bigint, 'the nearest 20');
select results_eq('select leaf_scans, index_scans, index_entries < 200 from pg_temp.used()', $$ values (0::bigint, 1::bigint, true) $$, 'nearest_items reads the index in its order');
select is((select count(*) from dpg.nearest_items('geo_dot', 'many', 0.5, 0.5, radius_meters => 1, page_size => 1000)), 0::bigint, 'none within a metre');
select results_eq('select leaf_scans, index_scans, index_entries < 200 from pg_temp.used()', $$ values (0::bigint, 1::bigint, true) $$, 'which is known without passing over the whole index');

-- the same condition and order by hand
create function pg_temp.plan_of(statement text) returns text
language plpgsql
as $f$
declare
  line text;
  plan text := '';
begin
  for line in execute 'explain (costs off) ' || statement loop
    plan := plan || line || E'\n';
  end loop;
  return plan;
end
$f$;
select matches(
  pg_temp.plan_of(
    'select * from dpg.items i where i.item_network = ''geo_dot'' and i.item_domain = ''many'' and '
      || (
        select dpg_private.item_conditions_sql(
          jsonb_populate_record(
            null::dpg_private.item_search,
            jsonb_build_object('latitude', 0.5, 'longitude', 0.5, 'circle', dpg_private.bounds_of_circle(0.5, 0.5, 5000))
          ),
          'dpg.items'
        )
      )
  ),
  '(Index Scan using|Bitmap Index Scan on) \S*latitude_band\S*idx',
  'the condition of a circle uses it through the root as well'
);
select matches(
  pg_temp.plan_of('select * from dpg.items i where i.item_network = ''geo_dot'' and i.item_domain = ''many'' and i.item_latitude is not null order by dpg_private.chord_meters(i.item_latitude, i.item_longitude, dpg_private.place(0.5, 0.5)) limit 20'),
  'Index Scan using \S*(place|cube)\S*idx[^\n]*\n\s*Order By:',
  'so does the order'
);
select doesnt_match(
  pg_temp.plan_of('select * from dpg.items i where i.item_network = ''geo_dot'' and i.item_domain = ''many'' and i.item_latitude is not null order by dpg_private.chord_meters(i.item_latitude, i.item_longitude, dpg_private.place(0.5, 0.5)) limit 20'),
  'Sort',
  'without a sort'
);
select is(
  (select string_agg(p.root || ' ' || am.amname, ',' order by p.root) from place_index p join pg_class c using (oid) join pg_am am on am.oid = c.relam),
  'band btree,place gist',
  'one is a btree, the other a GiST index'
);
-- small and large, across the antimeridian and over the poles, in all pages, against the straight line to every item
select is(
  (
    select count(*)
    from (values (0.5, 0.5), (-17, 179.9), (-17, -179.9), (59, 180), (89.9, 10), (-60, -77)) c(latitude, longitude)
    cross join unnest(array[1000.0, 30000, 60000, 300000, 3000000, 12000000]) r(radius)
    where dpg.count_items('geo_dot', 'many', latitude => c.latitude, longitude => c.longitude, radius_meters => r.radius)
      is distinct from (
        select count(*)
        from dpg.i_p_geodot_many i
        where dpg_private.chord_meters(i.item_latitude, i.item_longitude, dpg_private.place(c.latitude, c.longitude))
          <= 2 * 6378168 * sin(r.radius / (2 * 6378168))
      )
  ),
  0::bigint,
  'circles of every size hold what lies within'
);
select * from finish();
rollback;
