-- Pages of find_events give each row once, over leaves and networks, and tokens hold for their search alone.
begin;
select plan(32);

select dpg_test.insert_items();

create function pg_temp.pages(page_size integer, actor text, ownership_role text)
returns text[]
language plpgsql
as $body$
declare
  result text[] := '{}';
  token text;
  page record;
begin
  loop
    select array_agg(right(f.event_id::text, 1)) as ids, count(*) as size, (array_agg(f.next_page_token))[count(*)] as token
    into page
    from dpg.find_events(actor, ownership_role, page_size => pages.page_size, page_token => token) f;
    result := result || coalesce(page.ids, '{}');
    exit when page.size < page_size or cardinality(result) > 50;
    token := page.token;
  end loop;
  return result;
end
$body$;

set local role dpg_app;

-- ties in the time, and in time and count, over leaves and networks
do $body$
begin
  perform dpg.store_event(dpg_test.event(jsonb_build_object(
    'event_id', '40000000-0000-4000-8000-00000000000' || e.id, 'action_id', '20000000-0000-4000-8000-00000000000' || e.id,
    'partition_network', e.network, 'target_item_network', e.network, 'action_type', e.type, 'update_count', e.updates, 'created_at', e.at
  )))
  from (
    values
      ('1', 'actions test', 'connect', 0, '2026-01-02T03:04:05.000006Z'),
      ('2', 'actions test', 'connect', 1, '2026-01-02T03:04:05.000006Z'),
      ('3', 'actions test', 'book', 1, '2026-01-02T03:04:05.000006Z'),
      ('4', 'actions elsewhere', 'visit', 1, '2026-01-02T03:04:05.000006Z'),
      ('5', 'actions elsewhere', 'visit', 0, '2026-01-02T03:04:05.000006Z'),
      ('6', 'actions test', 'connect', 9, '2026-01-02T03:04:05.000005Z'),
      ('7', 'actions test', 'book', 0, '2026-01-02T03:04:05.000007Z'),
      ('8', 'actions test', 'connect', 1, '2026-01-02T03:04:05.000006Z'),
      ('9', 'actions test', 'book', 0, '0001-01-01T00:00:00Z')
  ) e(id, network, type, updates, at);
end
$body$;
select is((select array_agg(right(f.event_id::text, 1)) from dpg.find_events('actions asha') f), array['7', '4', '3', '2', '8', '5', '1', '6', '9'], 'time, then count, then network, action type and id');
select is(pg_temp.pages(n, 'actions asha', 'all'), array['7', '4', '3', '2', '8', '5', '1', '6', '9'], format('pages of %s: each row once, in the same order', n))
from generate_series(1, 10) n;
select is(pg_temp.pages(n, 'actions asha', 'initiated'), array['7', '4', '3', '2', '8', '5', '1', '6', '9'], format('so with a role, in pages of %s', n))
from generate_series(1, 3) n;
-- two roles in one row, and one in each
do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 4), action_id => dpg_test.id(1));
  perform dpg.perform_action('actions ravi', 'visit', dpg_test.item('tutor', 2), dpg_test.item('tutor', 4), action_id => dpg_test.id(2));
  for status in 1..3 loop
    perform dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(1), 'status ' || status,
      event_id => ('50000000-0000-4000-8000-00000000000' || status)::uuid);
  end loop;
end
$body$;
select is(
  (select array_agg(f.action_status) from dpg.find_events('actions asha', action_type => 'connect', page_size => 4) f),
  array['status 3', 'status 2', 'status 1', 'created'],
  'rows of both roles come once'
);
select is(cardinality(pg_temp.pages(n, 'actions asha', 'all')), 14, format('also in pages of %s', n))
from generate_series(1, 3) n;
select is(cardinality(pg_temp.pages(n, 'actions asha', 'received')), 5, format('what she received, in pages of %s', n))
from generate_series(1, 3) n;

create temporary table token as
select f.next_page_token as token from dpg.find_events('actions asha', page_size => 6) f offset 5;
set local timezone = 'Asia/Kathmandu';
set local datestyle = 'German, DMY';
select is(
  (select array_agg(right(f.event_id::text, 1)) from dpg.find_events('actions asha', page_size => 3, page_token => (select t.token from token t)) f),
  array['4', '3', '2'],
  'a token holds in another time zone and for another page size'
);
select is(pg_temp.pages(1, 'actions mina', 'all'), '{}', 'no rows, no pages');
select is(dpg_test.refusal(format($$select dpg.find_events('actions ravi', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of another actor');
select is(dpg_test.refusal(format($$select dpg.find_events('actions asha', 'initiated', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of another role');
select is(dpg_test.refusal(format($$select dpg.find_events('actions asha', partition_network => 'actions test', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of a network');
select is(dpg_test.refusal(format($$select dpg.find_events('actions asha', action_type => 'connect', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of an action type');
select is(dpg_test.refusal(format($$select dpg.find_events('actions asha', action_id => dpg_test.id(1), page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of an action');
select is(dpg_test.refusal(format($$select dpg.find_events('actions asha', action_status => 'created', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of a status');
select is(dpg_test.refusal(format($$select dpg.find_events('actions asha', update_count => 0, page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of an update');
select is(dpg_test.refusal(format($$select dpg.find_events('actions asha', item_id => '10000000-0000-4000-8000-000000000001', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of an item');
select is(dpg_test.refusal(format($$select dpg.find_actions('actions asha', page_token => %L)$$, (select t.token from token t))), 'DP011', 'nor of another call');

select * from finish();
rollback;
