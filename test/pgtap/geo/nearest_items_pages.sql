-- Pages of nearest_items: ties are ordered by type and id, and no row is shown twice or left out.
begin;
select plan(9);
select dpg_test.insert_users('asha');
set local role dpg_app;
-- 7 at one place, whatever the order in which they were made, then rings of 4 around it
select dpg.upsert_item('asha', 'geo_dot', 'tie', t.type, 'https://one.example.com', 'https://s.example.com', '{}', 12, 77, t.id::uuid)
from (values
  ('b', '00000000-0000-4000-8000-000000000003'), ('a', '00000000-0000-4000-8000-000000000009'), ('b', '00000000-0000-4000-8000-000000000001'),
  ('c', '00000000-0000-4000-8000-000000000000'), ('a', 'ffffffff-0000-4000-8000-000000000000'), ('b', '00000000-0000-4000-8000-000000000002'),
  ('B', '00000000-0000-4000-8000-000000000005')
) t(type, id);
select dpg.upsert_item('asha', 'geo_dot', 'tie', 'ring' || d, 'https://one.example.com', 'https://s.example.com', '{}', 12 + x * d * 0.01, 77 + y * d * 0.01)
from generate_series(1, 5) d, (values (1, 0), (-1, 0), (0, 1), (0, -1)) r(x, y);

create function pg_temp.pages(size integer, radius double precision default null) returns table (number bigint, page integer, item_type text, item_id uuid, distance_meters double precision)
language plpgsql
as $f$
declare
  token text;
  found_row record;
  rows_of_page integer;
begin
  number := 0;
  page := 0;
  loop
    page := page + 1;
    rows_of_page := 0;
    for found_row in
      select * from dpg.nearest_items('geo_dot', 'tie', 12, 77, radius_meters => radius, page_size => size, page_token => token)
    loop
      rows_of_page := rows_of_page + 1;
      number := number + 1;
      item_type := found_row.item_type;
      item_id := found_row.item_id;
      distance_meters := found_row.distance_meters;
      token := found_row.next_page_token;
      return next;
    end loop;
    exit when rows_of_page < size or page > 100;
  end loop;
end
$f$;

select results_eq(
  $$ select item_type, item_id from dpg.nearest_items('geo_dot', 'tie', 12, 77, page_size => 7) $$,
  $$ select t.type, t.id::uuid from (values
       ('B', '00000000-0000-4000-8000-000000000005'), ('a', '00000000-0000-4000-8000-000000000009'), ('a', 'ffffffff-0000-4000-8000-000000000000'),
       ('b', '00000000-0000-4000-8000-000000000001'), ('b', '00000000-0000-4000-8000-000000000002'), ('b', '00000000-0000-4000-8000-000000000003'),
       ('c', '00000000-0000-4000-8000-000000000000')
     ) t(type, id) order by t.type, t.id::uuid $$,
  'ties are ordered by item_type, then item_id'
);
select is((select count(*) from pg_temp.pages(1)), 27::bigint, 'pages of one row show as many rows as there are');
select is((select count(distinct item_id) from pg_temp.pages(1)), 27::bigint, 'each once');
select is((select string_agg(item_id::text, ',' order by number) from pg_temp.pages(1)), (select string_agg(item_id::text, ',' order by number) from pg_temp.pages(1000)), 'in the order of one large page');
select is((select string_agg(item_id::text, ',' order by number) from pg_temp.pages(4)), (select string_agg(item_id::text, ',' order by number) from pg_temp.pages(1000)), 'pages of four do as well');
select is(
  (
    select count(*)
    from dpg.nearest_items('geo_dot', 'tie', 12, 77, page_size => 9, page_token => (
      select n.next_page_token from dpg.nearest_items('geo_dot', 'tie', 12, 77, page_size => 1000) with ordinality n order by n.ordinality desc limit 1
    ))
  ),
  0::bigint,
  'nothing comes after the last row'
);
select is(
  (select count(*) from (select distance_meters < lag(distance_meters) over (order by number) as nearer from pg_temp.pages(3)) p where nearer),
  0::bigint,
  'no row is nearer than the one before it'
);
select is((select string_agg(distinct item_type, ',') from pg_temp.pages(2, 2500) where item_type like 'ring%'), 'ring1,ring2', 'with a radius the pages end at it');
select is((select count(*) from pg_temp.pages(2, 2500)), 15::bigint, 'and show all that is within');
select * from finish();
rollback;
