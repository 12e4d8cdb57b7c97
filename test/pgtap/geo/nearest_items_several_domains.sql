-- nearest_items over several domains has one order and pages over all: distance, then domain, type and id.
begin;
select plan(28);

select dpg_test.insert_users('asha');

-- six at one place in three domains, one to each side of it, one far away, one without a place; another network has the place too
select dpg.ensure_item_partition('many_dot', v.domain) from (values ('b'), ('a'), ('é'), ('empty')) v(domain);
select dpg.ensure_item_partition('other_dot', 'a'), dpg.ensure_item_partition('other_dot', 'c');
insert into dpg.items (
  item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state, item_latitude,
  item_longitude, created_by
)
select v.network, v.domain, v.type, ('00000000-0000-4000-8000-00000000000' || v.id)::uuid, 'u', 's',
  jsonb_build_object('even', v.id::integer % 2 = 0), v.latitude, v.longitude, 'asha'
from (values
  ('many_dot', 'b', 'x', '1', 0, 0), ('many_dot', 'a', 'y', '2', 0, 0), ('many_dot', 'a', 'x', '4', 0, 0),
  ('many_dot', 'a', 'x', '3', 0, 0), ('many_dot', 'é', 'a', '5', 0, 0), ('many_dot', 'b', 'a', '6', 0, 0),
  ('many_dot', 'b', 'x', '7', 0, 1), ('many_dot', 'a', 'z', '8', 0, -1), ('many_dot', 'é', 'x', '9', -20, 0),
  ('many_dot', 'a', 'x', '0', null, null), ('other_dot', 'c', 'x', '1', 0, 0), ('other_dot', 'a', 'x', '1', 0, 0)
) v(network, domain, type, id, latitude, longitude);

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
       from rows from (dpg.nearest_items(''many_dot'', null, 0, 0, page_size => $1, page_token => $2%s)) with ordinality f(
         item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state, item_latitude, item_longitude,
         created_by, created_at, updated_at, item_status, distance_meters, next_page_token, position)', filters
    ) into page, rows, token using page_size, token;
    walked := walked || coalesce(page, 'end');
    exit when rows < page_size;
  end loop;
  return array_to_string(walked, ' | ');
end
$body$;

set local role dpg_app;
select dpg_test.note_written();

select is(pg_temp.walk(20), 'a3 a4 a2 b6 b1 é5 a8 b7 é9', 'every domain: by distance, then domain, type and id; what has no place is left out');
select is(pg_temp.walk(1), 'a3 | a4 | a2 | b6 | b1 | é5 | a8 | b7 | é9 | end', 'pages of one');
select is(pg_temp.walk(2), 'a3 a4 | a2 b6 | b1 é5 | a8 b7 | é9', 'pages of two');
select is(pg_temp.walk(3), 'a3 a4 a2 | b6 b1 é5 | a8 b7 é9 | end', 'a full last page is followed by an empty one');
select is(pg_temp.walk(4), 'a3 a4 a2 b6 | b1 é5 a8 b7 | é9', 'pages of four');
select is(pg_temp.walk(2, ', item_domains => ''{é,b}'''), 'b6 b1 | é5 b7 | é9', 'two domains');
select is(pg_temp.walk(3, ', item_domains => ''{a,a}'''), 'a3 a4 a2 | a8', 'a domain that is named twice is searched once');
select is(pg_temp.walk(9, ', item_domains => ''{empty,a,unknown,c}'''), 'a3 a4 a2 a8', 'what has no items, no leaf, or a leaf in another network adds nothing');
select is(pg_temp.walk(9, ', item_domains => ''{unknown}'''), 'end', 'an unknown domain alone is nothing');
select is(pg_temp.walk(9, ', item_domains => ''{}'''), 'end', 'an empty array is nothing');
select is(pg_temp.walk(4, ', radius_meters => 0'), 'a3 a4 a2 b6 | b1 é5', 'with a radius of nothing');
select is(pg_temp.walk(5, ', radius_meters => 120000'), 'a3 a4 a2 b6 b1 | é5 a8 b7', 'with a radius');
select is(pg_temp.walk(2, ', item_type => ''x'''), 'a3 a4 | b1 b7 | é9', 'with a type');
select is(pg_temp.walk(2, ', item_state => ''{"even": true}'''), 'a4 a2 | b6 a8 | end', 'with a state');
select is(pg_temp.walk(2, ', item_type => ''x'', radius_meters => 120000, item_domains => ''{b}'''), 'b1 b7 | end', 'with a type and a radius');
select is(
  (select string_agg(round(f.distance_meters)::text, ' ' order by f.distance_meters) from dpg.nearest_items('many_dot', null, 0, 0) f),
  '0 0 0 0 0 0 111320 111320 2226401', 'with the distance of each'
);

-- refusals
select is(dpg_test.full_refusal($$select dpg.nearest_items('n', 'd', 1, 2, item_domains => '{d}')$$), 'DP001 {"value": ["d"], "argument": "item_domains"}', 'one domain and several');
select is(dpg_test.full_refusal($$select dpg.nearest_items('n', null, 1, 2, item_domains => '{a,null}')$$), 'DP001 {"index": 1, "value": null, "argument": "item_domains"}', 'a domain that is null');
select matches(dpg_test.full_refusal($$select dpg.nearest_items('n', null, 1, 2, item_domains => array['a', 'b', repeat('x', 121)])$$), '^DP001 .*"index": 2', 'a domain of 121 characters');
select is(dpg_test.full_refusal($$select dpg.nearest_items('n', null, 1, null, item_domains => '{}')$$), 'DP001 {"value": null, "argument": "longitude"}', 'what follows is looked at where there is nothing to search');

-- tokens
create temporary table tokens as
select f.item_domain || right(f.item_id::text, 1) as row, f.next_page_token as token
from dpg.nearest_items('many_dot', null, 0, 0, item_domains => '{a,b}') f;
create function pg_temp.page(filters text, after text) returns text
language sql as $body$
  select left(dpg_test.full_refusal(format(
    'select count(*) from dpg.nearest_items(''many_dot'', null, 0, 0%s, page_token => %L)', filters, (select token from tokens t where t.row = after)
  )), 5)
$body$;
select is(pg_temp.page(', item_domains => ''{a,b}''', 'a2'), 'no re', 'a token is one of its call');
select is(pg_temp.page(', item_domains => ''{a}''', 'a2'), 'DP011', 'of other domains');
select is(pg_temp.page('', 'a2'), 'DP011', 'of every domain');
select is(
  left(dpg_test.full_refusal(format(
    $$select count(*) from dpg.find_items('many_dot', item_domains => '{a,b}', page_token => %L)$$, (select t.token from tokens t where t.row = 'a2')
  )), 5),
  'DP011', 'of another call'
);
select is(
  (select string_agg(f.item_domain || right(f.item_id::text, 1), ' ')
   from dpg.nearest_items('many_dot', null, 0, 0, item_domains => '{a,b}', page_size => 3, page_token => (select t.token from tokens t where t.row = 'a2')) f),
  'b6 b1 a8', 'a token continues after its row, across domains at one place'
);
select dpg_test.wrote_nothing('no read has written anything, no partition was made');

-- leaves that are lost
reset role;
drop table dpg.i_p_manydot_b cascade; -- with its part of the keys of actions
set local role dpg_app;
select is(pg_temp.walk(20), 'a3 a4 a2 é5 a8 é9', 'a leaf that was dropped is not missed');
reset role;
alter table dpg.i_p_manydot detach partition dpg.i_p_manydot_a;
set local role dpg_app;
select is(pg_temp.walk(20), 'é5 é9', 'one that was detached is no leaf any more');

select * from finish();
rollback;
