-- Walking the pages yields each row once and in order, whatever their size; a token holds for its call only.
begin;
select plan(37);

select dpg_test.insert_users('asha');

-- ten items at three times: most of the order is by type and id
select dpg.ensure_item_partition('page_dot', 'student'), dpg.ensure_item_partition('page_dot', 'tutor');
insert into dpg.items (item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state, item_latitude, item_longitude, created_by, created_at)
select 'page_dot', v.domain, v.type, ('00000000-0000-4000-8000-00000000000' || v.id)::uuid, 'u', 's', jsonb_build_object('even', v.even), 10, 20, 'asha',
  '2026-01-01 00:00:00.123456+00'::timestamptz + v.time * interval '1 microsecond'
from (values
  ('student', 'a', '1', 0, false), ('student', 'a', '2', 0, true), ('student', 'b', '1', 0, false), ('student', 'b', '3', 0, true),
  ('student', 'a', '4', 1, false), ('student', 'b', '4', 1, true), ('student', 'c"\é', '4', 1, false), ('student', 'c"\é', '5', 1, true),
  ('student', 'a', '9', 2, false), ('student', 'a', '8', 2, true), ('tutor', 'a', '1', 1, true)
) v(domain, type, id, time, even);

-- the rows of all pages, in order, pages parted by a bar
create function pg_temp.walk(page_size integer, filters text default '') returns text
language plpgsql as $body$
declare
  token text;
  page text;
  rows integer;
  walked text[] := '{}';
begin
  for turn in 1..20 loop
    execute format(
      'select string_agg(f.item_type || right(f.item_id::text, 1), '' '' order by f.position), count(*), max(f.next_page_token) filter (where f.position = $1)
       from rows from (dpg.find_items(''page_dot'', ''student'', page_size => $1, page_token => $2%s)) with ordinality f(
         item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state, item_latitude, item_longitude,
         created_by, created_at, updated_at, item_status, next_page_token, position)', filters
    ) into page, rows, token using page_size, token;
    walked := walked || coalesce(page, 'end');
    exit when rows < page_size;
  end loop;
  return array_to_string(walked, ' | ');
end
$body$;

set local role dpg_app;
select dpg_test.note_written();

select is(pg_temp.walk(20), 'a8 a9 a4 b4 c"\é4 c"\é5 a1 a2 b1 b3', 'one page: newest first, then type and id ascending');
select is(pg_temp.walk(1), 'a8 | a9 | a4 | b4 | c"\é4 | c"\é5 | a1 | a2 | b1 | b3 | end', 'pages of one');
select is(pg_temp.walk(2), 'a8 a9 | a4 b4 | c"\é4 c"\é5 | a1 a2 | b1 b3 | end', 'pages of two: a full last page is followed by an empty one');
select is(pg_temp.walk(3), 'a8 a9 a4 | b4 c"\é4 c"\é5 | a1 a2 b1 | b3', 'pages of three: a short page is the end');
select is(pg_temp.walk(10), 'a8 a9 a4 b4 c"\é4 c"\é5 a1 a2 b1 b3 | end', 'a page of all');
select is(pg_temp.walk(2, ', item_type => ''a'''), 'a8 a9 | a4 a1 | a2', 'with a type');
select is(pg_temp.walk(2, ', item_state => ''{"even": true}'''), 'a8 b4 | c"\é5 a2 | b3', 'with a state');
select is(pg_temp.walk(4, ', created_by => ''asha'', latitude => 10, longitude => 20, radius_meters => 1'), 'a8 a9 a4 b4 | c"\é4 c"\é5 a1 a2 | b1 b3', 'with an owner and a circle');

-- a token is that of its row: from any row on, with any page size, in any time zone, of any date style
create temporary table tokens as
select f.item_type || right(f.item_id::text, 1) as row, f.next_page_token as token from dpg.find_items('page_dot', 'student') f;
set local time zone 'America/St_Johns';
set local datestyle = 'German, DMY';
select is(
  (select string_agg(f.item_type || right(f.item_id::text, 1), ' ' order by f.created_at desc, f.item_type, f.item_id)
   from dpg.find_items('page_dot', 'student', page_size => 3, page_token => (select t.token from tokens t where t.row = 'c"\é4')) f),
  'c"\é5 a1 a2', 'a token continues after its row'
);
select is(
  (select count(*)::integer from dpg.find_items('page_dot', 'student', page_token => (select t.token from tokens t where t.row = 'b3'))), 0,
  'after the last row there is none'
);
-- rows that come or go meanwhile disturb no other
select lives_ok(
  $$select dpg.delete_item('asha', 'page_dot', 'student', 'c"\é', '00000000-0000-4000-8000-000000000004')$$, 'the row of a token goes'
);
select lives_ok($$select dpg.upsert_item('asha', 'page_dot', 'student', 'new', 'u', 's')$$, 'a newer row comes');
select is(
  (select string_agg(f.item_type || right(f.item_id::text, 1), ' ' order by f.created_at desc, f.item_type, f.item_id)
   from dpg.find_items('page_dot', 'student', page_size => 3, page_token => (select t.token from tokens t where t.row = 'c"\é4')) f),
  'c"\é5 a1 a2', 'the page after it is the same'
);
select dpg_test.note_written();

-- DP011
create function pg_temp.page(token text, filters text default '''page_dot'', ''student''') returns text
language sql as $body$
  select left(dpg_test.full_refusal(format('select count(*) from dpg.find_items(%s, page_token => %L)', filters, token)), 5)
$body$;
create temporary table one as select t.token from tokens t where t.row = 'a9';
select is(dpg_test.full_refusal($$select count(*) from dpg.find_items('page_dot', 'student', page_token => 'abc')$$), 'DP011 {"page_token": "abc"}', 'three letters');
select is(pg_temp.page((select token from one)), 'no re', 'the token itself is one');
select is(pg_temp.page(''), 'DP011', 'an empty token');
select is(pg_temp.page(' ' || (select token from one)), 'DP011', 'a token after a space');
select is(pg_temp.page((select left(token, -1) from one)), 'DP011', 'a token without its last character');
select is(pg_temp.page((select token || 'A' from one)), 'DP011', 'a token with one more');
select is(pg_temp.page((select upper(token) from one)), 'DP011', 'a token in capitals');
select is(pg_temp.page((select left(token, 16) from one)), 'DP011', 'the first half of a token');
select is(pg_temp.page((select left(one.token, 16) || substr(other.token, 17) from one, (select t.token from tokens t where t.row = 'a4') other)), 'DP011', 'two halves of two tokens');
select is(pg_temp.page('日本' || repeat('é', 40)), 'DP011', 'a token beyond ASCII');
select is(pg_temp.page(repeat('x', 1000000)), 'DP011', 'a token of a million characters');
select is(pg_temp.page((select token from one), $$'page_dot', 'tutor'$$), 'DP011', 'a token of another domain');
select is(pg_temp.page((select token from one), $$'page_other', 'student'$$), 'DP011', 'a token of another network, even one without items');
select is(pg_temp.page((select token from one), $$'page_dot', 'student', item_type => 'a'$$), 'DP011', 'a token of other filters');
select is(pg_temp.page((select token from one), $$'page_dot', 'student', item_state => '{}'$$), 'DP011', 'an empty filter is another filter');
select is(
  left(dpg_test.full_refusal(format($$select count(*) from dpg.nearest_items('page_dot', 'student', 1, 2, page_token => %L)$$, (select token from one))), 5), 'DP011',
  'a token of another call'
);
select is(
  left(dpg_test.full_refusal(format($$select count(*) from dpg.find_items('page_dot', 'student', page_size => 7, page_token => %L)$$, (select token from one))), 10), 'no refusal',
  'another page size is no other call'
);

-- DP001 before DP011
select is(dpg_test.full_refusal($$select count(*) from dpg.find_items('page_dot', 'student', page_size => 0, page_token => 'abc')$$), 'DP001 {"value": 0, "argument": "page_size"}', 'a page of none');
select is(dpg_test.full_refusal($$select count(*) from dpg.find_items('page_dot', 'student', page_size => 1001)$$), 'DP001 {"value": 1001, "argument": "page_size"}', 'a page of 1,001');
select is(dpg_test.full_refusal($$select count(*) from dpg.find_items('page_dot', 'student', page_size => 10000)$$), 'DP001 {"value": 10000, "argument": "page_size"}', 'a page of 10,000');
select is(dpg_test.full_refusal($$select count(*) from dpg.find_items('page_dot', 'student', page_size => -1)$$), 'DP001 {"value": -1, "argument": "page_size"}', 'a page of less than none');
select is((select count(*)::integer from dpg.find_items('page_dot', 'student', page_size => 1000)), 10, 'a page of 1,000 is one');

select dpg_test.wrote_nothing('no read has written anything, no partition was made');
select is((select count(*)::integer from dpg.partitions p where p.network = 'page_other'), 0, 'none for the network that was asked for');

select * from finish();
rollback;
