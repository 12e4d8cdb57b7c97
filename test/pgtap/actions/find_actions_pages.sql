-- Pages of find_actions give each row once, over leaves and networks, and tokens hold for their search alone.
begin;
select plan(40);

select dpg_test.insert_items();

-- all rows, page by page
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
    select array_agg(dpg_test.brief(f.action_id, f.ownership_roles)) as ids, count(*) as size, (array_agg(f.next_page_token))[count(*)] as token
    into page
    from dpg.find_actions(actor, ownership_role, page_size => pages.page_size, page_token => token) f;
    result := result || coalesce(page.ids, '{}');
    exit when page.size < page_size or cardinality(result) > 50;
    token := page.token;
  end loop;
  return result;
end
$body$;

set local role dpg_app;

select dpg_test.perform_actions();
do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), action_id => dpg_test.id(7));
  perform dpg.perform_action('actions asha', 'book', dpg_test.item('student', 1), dpg_test.item('tutor', 2), action_id => dpg_test.id(8));
  perform dpg.perform_action('actions asha', 'visit', dpg_test.item('student', 1), dpg_test.item('tutor', 5, 'actions elsewhere'), action_id => dpg_test.id(9));
end
$body$;
reset role;
-- two ties: one over leaves and networks, one within a leaf
update dpg.item_actions
set updated_at = '2030-01-02 03:04:05.000006+00'
where action_id in (dpg_test.id(1), dpg_test.id(5), dpg_test.id(8), dpg_test.id(3));
update dpg.item_actions
set updated_at = '2030-01-02 03:04:05.000005+00'
where action_id in (dpg_test.id(2), dpg_test.id(6), dpg_test.id(7), dpg_test.id(9));
set local role dpg_app;
select is(
  (select array_agg(dpg_test.brief(a.action_id, a.ownership_roles)) from dpg.find_actions('actions asha') a),
  array['5 initiated', '3 received', '8 initiated', '1 initiated', '9 initiated', '2 initiated received', '6 received', '7 initiated'],
  'among those of one time the key decides: network, action type, id'
);
select is(pg_temp.pages(n, 'actions asha', 'all'), array['5 initiated', '3 received', '8 initiated', '1 initiated', '9 initiated', '2 initiated received', '6 received', '7 initiated'], format('pages of %s: each row once, in the same order', n))
from generate_series(1, 9) n;
select is(pg_temp.pages(n, 'actions asha', 'initiated'), array['5 initiated', '8 initiated', '1 initiated', '9 initiated', '2 initiated received', '7 initiated'], format('what she initiated in pages of %s', n))
from generate_series(1, 3) n;
select is(pg_temp.pages(n, 'actions asha', 'received'), array['3 received', '2 initiated received', '6 received'], format('what she received in pages of %s', n))
from generate_series(1, 3) n;

create temporary table token as
select f.next_page_token as token from dpg.find_actions('actions asha', page_size => 1) f;
set local timezone = 'Asia/Kathmandu';
select is(
  (select array_agg(dpg_test.brief(a.action_id, a.ownership_roles)) from dpg.find_actions('actions asha', page_size => 2, page_token => (select t.token from token t)) a),
  array['3 received', '8 initiated'],
  'a token holds in another time zone and for another page size'
);
select is(dpg_test.refusal(format($$select dpg.find_actions('actions ravi', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of another actor');
select is(dpg_test.refusal(format($$select dpg.find_actions('actions asha', 'initiated', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of another role');
select is(dpg_test.refusal(format($$select dpg.find_actions('actions asha', partition_network => 'actions test', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of a network');
select is(dpg_test.refusal(format($$select dpg.find_actions('actions asha', action_type => 'connect', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of an action type');
select is(dpg_test.refusal(format($$select dpg.find_actions('actions asha', action_status => 'created', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of a status');
select is(dpg_test.refusal(format($$select dpg.find_actions('actions asha', item_id => '10000000-0000-4000-8000-000000000001', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of an item');
select is(dpg_test.refusal(format($$select dpg.find_actions('actions asha', action_types => '{connect,book,visit}', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of several types');
select is(dpg_test.refusal(format($$select dpg.find_actions('actions asha', action_statuses => '{created}', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of several statuses');
select is(dpg_test.refusal(format($$select dpg.find_actions('actions asha', action_id => dpg_test.id(5), page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of an id');
select is(dpg_test.refusal(format($$select dpg.find_actions('actions asha', oldest_first => true, page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the other order');
select is(
  (select array_agg(dpg_test.brief(a.action_id, a.ownership_roles)) from dpg.find_actions('actions asha', page_size => 2, page_token => (select t.token from token t), with_items => true, oldest_first => null) a),
  array['3 received', '8 initiated'],
  'it is one of the same search with items: they are no filter'
);
select is(
  (select array_agg(dpg_test.brief(a.action_id, a.ownership_roles)) from dpg.find_actions('actions asha', oldest_first => true) a),
  array['9 initiated', '2 initiated received', '6 received', '7 initiated', '5 initiated', '3 received', '8 initiated', '1 initiated'],
  'the oldest first: among those of one time the key decides as before'
);
select is(
  (
    select array_agg(dpg_test.brief(n.action_id, n.ownership_roles))
    from (select f.next_page_token from dpg.find_actions('actions asha', action_statuses => '{created,none,created}', oldest_first => true, page_size => 3) f offset 2) f,
      dpg.find_actions('actions asha', action_statuses => '{none,created}', oldest_first => true, page_token => f.next_page_token, page_size => 2) n
  ),
  array['7 initiated', '5 initiated'],
  'and its pages go on, whatever the order of the statuses'
);
select is(dpg_test.refusal(format($$select dpg.find_events('actions asha', page_token => %L)$$, (select t.token from token t))), 'DP011', 'nor of another call');
select is(dpg_test.refusal(format($$select dpg.find_actions('actions asha', page_token => %L)$$, (select t.token || 'x' from token t))), 'DP011', 'one with a character more is none');
select is(dpg_test.refusal(format($$select dpg.find_actions('actions asha', page_token => %L)$$, (select left(t.token, -1) from token t))), 'DP011', 'nor one with a character less');
select is(dpg_test.refusal(format($$select dpg.find_actions('actions asha', page_token => %L)$$, (select overlay(t.token placing case substr(t.token, n, 1) when 'a' then 'b' else 'a' end from n for 1) from token t))), 'DP011', format('nor one with another character at %s', n))
from (values (1), (16), (17), (30), (60)) c(n);
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', page_token => '')$$), 'DP011', 'nor an empty text');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', page_token => 'é€😀')$$), 'DP011', 'nor any text');

select * from finish();
rollback;
