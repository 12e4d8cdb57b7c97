-- In a large leaf find_items asks the index first how old the last row of the page is: the pages are the same, ties included.
begin;
select plan(4);
select dpg_test.insert_users('asha');
select dpg.ensure_item_partition('geo_dot', 'many');
-- 1,500 within 2 km, five at each time
insert into dpg.items (item_network, item_domain, item_type, item_instance_url, item_schema_url, item_latitude, item_longitude, created_by, created_at)
select 'geo_dot', 'many', 'type ' || n % 3, 'https://one.example.com', 'https://s.example.com', 12 + n % 2 * 0.0001 * (n % 100), 77 + n * 0.00001, 'asha',
  timestamptz '2026-01-01' + n % 300 * interval '1 minute'
from generate_series(1, 1500) n;
analyze dpg.i_p_geodot_many;

create function pg_temp.pages(size integer) returns setof uuid
language plpgsql
as $f$
declare
  token text;
  found_row record;
  rows_of_page integer;
begin
  for page in 1..1000 loop
    rows_of_page := 0;
    for found_row in
      select * from dpg.find_items('geo_dot', 'many', latitude => 12, longitude => 77, radius_meters => 1200, page_size => size, page_token => token)
    loop
      rows_of_page := rows_of_page + 1;
      token := found_row.next_page_token;
      return next found_row.item_id;
    end loop;
    exit when rows_of_page < size;
  end loop;
end
$f$;
create temp table small as select id, number from pg_temp.pages(7) with ordinality p(id, number);
update pg_class set reltuples = 1000000 where oid = 'dpg.i_p_geodot_many'::regclass;
create temp table large as select id, number from pg_temp.pages(7) with ordinality p(id, number);
select cmp_ok((select count(*) from small), '>', 1000::bigint, 'many pages');
select set_eq('select * from large', 'select * from small', 'a large leaf gives the same rows in the same order');
select is((select count(distinct id) from large), (select count(*) from large), 'each once');
select is(
  (select count(*) from large),
  dpg.count_items('geo_dot', 'many', latitude => 12, longitude => 77, radius_meters => 1200),
  'as many as are counted'
);
select * from finish();
rollback;
