-- A search over several domains has one order and pages over all: newest first, then domain, type and id.
begin;
select plan(37);

select dpg_test.insert_users('asha', 'ravi');

-- nine items of three times in four domains; a fifth domain is empty, a sixth is of another network
select dpg.ensure_item_partition('many_dot', v.domain) from (values ('b'), ('a'), ('a.b'), ('é'), ('empty')) v(domain);
select dpg.ensure_item_partition('other_dot', 'c'), dpg.ensure_item_partition('other_dot', 'a');
insert into dpg.items (
  item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state, item_latitude,
  item_longitude, created_by, created_at
)
select v.network, v.domain, v.type, ('00000000-0000-4000-8000-00000000000' || v.id)::uuid, 'u', 's',
  jsonb_build_object('even', v.id::integer % 2 = 0), 10, 20, v.owner,
  '2026-01-01 00:00:00.123456+00'::timestamptz + v.time * interval '1 microsecond'
from (values
  ('many_dot', 'b', 'x', '1', 0, 'asha'), ('many_dot', 'a', 'y', '2', 0, 'asha'), ('many_dot', 'a', 'x', '4', 0, 'ravi'),
  ('many_dot', 'a', 'x', '3', 0, 'asha'), ('many_dot', 'é', 'a', '5', 0, 'asha'), ('many_dot', 'a.b', 'x', '6', 0, 'ravi'),
  ('many_dot', 'b', 'z', '7', 1, 'asha'), ('many_dot', 'a', 'z', '8', 2, 'asha'), ('many_dot', 'b', 'a', '9', 2, 'asha'),
  ('other_dot', 'c', 'x', '1', 0, 'asha'), ('other_dot', 'a', 'x', '1', 3, 'asha')
) v(network, domain, type, id, time, owner);

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
      'select string_agg(f.item_domain || right(f.item_id::text, 1), '' '' order by f.position), count(*), max(f.next_page_token) filter (where f.position = $1)
       from rows from (dpg.find_items(''many_dot'', page_size => $1, page_token => $2%s)) with ordinality f(
         item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state, item_latitude, item_longitude,
         created_by, created_at, updated_at, item_status, next_page_token, position)', filters
    ) into page, rows, token using page_size, token;
    walked := walked || coalesce(page, 'end');
    exit when rows < page_size;
  end loop;
  return array_to_string(walked, ' | ');
end
$body$;
create function pg_temp.count(filters text default '') returns bigint
language plpgsql as $body$
declare
  result bigint;
begin
  execute format('select dpg.count_items(''many_dot''%s)', filters) into result;
  return result;
end
$body$;

set local role dpg_app;
select dpg_test.note_written();

-- order and pages
select is(pg_temp.walk(20), 'a8 b9 b7 a3 a4 a2 a.b6 b1 é5', 'every domain: newest first, then domain, type and id');
select is(pg_temp.walk(1), 'a8 | b9 | b7 | a3 | a4 | a2 | a.b6 | b1 | é5 | end', 'pages of one');
select is(pg_temp.walk(2), 'a8 b9 | b7 a3 | a4 a2 | a.b6 b1 | é5', 'pages of two');
select is(pg_temp.walk(3), 'a8 b9 b7 | a3 a4 a2 | a.b6 b1 é5 | end', 'a full last page is followed by an empty one');
select is(pg_temp.walk(2, ', item_domains => ''{b,a}'''), 'a8 b9 | b7 a3 | a4 a2 | b1', 'two domains, in whatever order they are named');
select is(pg_temp.walk(2, ', item_domains => ''{a,b}'''), 'a8 b9 | b7 a3 | a4 a2 | b1', 'and the other way round');
select is(pg_temp.walk(2, ', item_domains => ''{a}'''), 'a8 a3 | a4 a2 | end', 'one domain as an array');
select is(pg_temp.walk(9, ', item_domains => ''{a,a,a,"a"}'''), 'a8 a3 a4 a2', 'a domain that is named twice is searched once');
select is(pg_temp.walk(9, ', item_domains => ''{empty,b,unknown,c}'''), 'b9 b7 b1', 'what has no items, no leaf, or a leaf in another network adds nothing');
select is(pg_temp.walk(9, ', item_domains => ''{unknown}'''), 'end', 'an unknown domain alone is nothing');
select is(pg_temp.walk(9, ', item_domains => ''{}'''), 'end', 'an empty array is nothing');
select is(pg_temp.walk(10, ', item_domain => null, item_domains => null'), 'a8 b9 b7 a3 a4 a2 a.b6 b1 é5', 'null is every domain');
select is(pg_temp.walk(2, ', created_by => ''ravi'''), 'a4 a.b6 | end', 'with an owner');
select is(pg_temp.walk(2, ', item_type => ''x'', item_domains => ''{a,b}'''), 'a3 a4 | b1', 'with a type');
select is(pg_temp.walk(2, ', item_state => ''{"even": true}'''), 'a8 a4 | a2 a.b6 | end', 'with a state');
select is(pg_temp.walk(4, ', latitude => 10, longitude => 20, radius_meters => 1'), 'a8 b9 b7 a3 | a4 a2 a.b6 b1 | é5', 'with a circle');

-- counts
select is(pg_temp.count(), 9::bigint, 'count_items of every domain');
select is(pg_temp.count(', item_domains => ''{a,b}'''), 7::bigint, 'of two domains');
select is(pg_temp.count(', item_domains => ''{a,a}'''), 4::bigint, 'of one that is named twice');
select is(pg_temp.count(', item_domains => ''{unknown,empty,c}'''), 0::bigint, 'of what has no items');
select is(pg_temp.count(', item_domains => ''{}'''), 0::bigint, 'of no domain');
select is(pg_temp.count(', created_by => ''ravi'''), 2::bigint, 'with an owner');
select is((select count(*) from dpg.find_items('nowhere')), 0::bigint, 'a network without leaves');
select is(dpg.count_items('nowhere'), 0::bigint, 'and its count');

-- tokens
create temporary table tokens as
select f.item_domain || right(f.item_id::text, 1) as row, f.next_page_token as token
from dpg.find_items('many_dot', item_domains => '{a,b}') f;
create function pg_temp.page(filters text, after text) returns text
language sql as $body$
  select left(dpg_test.full_refusal(format(
    'select count(*) from dpg.find_items(''many_dot''%s, page_token => %L)', filters, (select token from tokens t where t.row = after)
  )), 5)
$body$;
select is(pg_temp.page(', item_domains => ''{a,b}''', 'b9'), 'no re', 'a token is one of its call');
select is(pg_temp.page(', item_domains => ''{a}''', 'a8'), 'DP011', 'of other domains');
select is(pg_temp.page(', item_domains => ''{a,b,unknown}''', 'a8'), 'DP011', 'of one more');
select is(pg_temp.page('', 'a8'), 'DP011', 'of every domain');
select is(pg_temp.page(', item_domain => ''a''', 'a8'), 'DP011', 'of one domain');
select is(
  left(dpg_test.full_refusal(format(
    $$select count(*) from dpg.find_items('many_dot', item_domains => '{a}', page_token => %L)$$,
    (select f.next_page_token from dpg.find_items('many_dot', 'a') f limit 1)
  )), 5),
  'DP011', 'the token of one domain in an array of that domain'
);
select is(
  (select string_agg(f.item_domain || right(f.item_id::text, 1), ' ')
   from dpg.find_items('many_dot', item_domains => '{a,b}', page_size => 3, page_token => (select t.token from tokens t where t.row = 'b7')) f),
  'a3 a4 a2', 'a token continues after its row, across times and domains'
);
select dpg_test.wrote_nothing('no read has written anything, no partition was made');

-- leaves that are lost
reset role;
drop table dpg.i_p_manydot_ab cascade; -- with its part of the keys of actions
set local role dpg_app;
select is(pg_temp.walk(20), 'a8 b9 b7 a3 a4 a2 b1 é5', 'a leaf that was dropped is not missed');
select is(pg_temp.count(', item_domains => ''{a.b,b}'''), 3::bigint, 'nor where it is named');
reset role;
alter table dpg.i_p_manydot detach partition dpg.i_p_manydot_b;
set local role dpg_app;
select is(pg_temp.walk(20), 'a8 a3 a4 a2 é5', 'one that was detached is no leaf any more');
select is(pg_temp.count(), 5::bigint, 'and is not counted');
select is((select count(*) from dpg.find_items('many_dot', item_domains => '{b}')), 0::bigint, 'nor found by name');

select * from finish();
rollback;
