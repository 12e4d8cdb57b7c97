-- Each filter of find_items alone and with others; the newest item first.
begin;
select plan(35);

select dpg_test.insert_users('asha', 'ravi');

-- times are given, so that the order is known; two are the same
select dpg.ensure_item_partition('find_dot', 'student'), dpg.ensure_item_partition('find_dot', 'tutor');
insert into dpg.items (
  item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state, item_latitude, item_longitude,
  created_by, created_at, updated_at
)
select 'find_dot', v.domain, v.type, ('00000000-0000-4000-8000-00000000000' || v.n)::uuid, v.url, v.schema, v.state, v.latitude, v.longitude,
  v.owner, '2026-01-01 00:00:00+00'::timestamptz + v.second * interval '1 second', '2026-02-01 00:00:00+00'
from (values
  (1, 'student', 'a', 'https://a', 'https://s/1', '{"name": "one", "tags": ["x", "y"], "at": {"city": "Pune", "pin": 1}}'::jsonb, 18.52, 73.85, 'asha', 1),
  (2, 'student', 'a', 'https://b', 'https://s/1', '{"name": "two", "tags": ["y"], "at": {"city": "Pune"}}', 18.53, 73.85, 'ravi', 5),
  (3, 'student', 'b', 'https://a', 'https://s/2', '{"name": "three", "tags": []}', null, null, 'asha', 3),
  (4, 'student', 'b', 'https://b', 'https://s/1', '{}', 28.6, 77.2, 'ravi', 3),
  (5, 'student', 'a', 'https://a', 'https://s/1', '{"name": "five", "at": {"city": "Delhi"}}', 28.6, 77.2, 'asha', 3),
  (6, 'tutor', 'a', 'https://a', 'https://s/1', '{"name": "one", "at": {"city": "Pune"}}', 18.52, 73.85, 'asha', 9)
) v(n, domain, type, url, schema, state, latitude, longitude, owner, second);

-- the numbers of the items that are found, in order, and how many are counted
create function pg_temp.found(filters text) returns text
language plpgsql as $body$
declare
  found text;
  counted bigint;
begin
  execute format(
    'select coalesce(string_agg(right(f.item_id::text, 1), '' '' order by f.position), ''none'')
     from rows from (dpg.find_items(%s)) with ordinality f(
       item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state, item_latitude, item_longitude,
       created_by, created_at, updated_at, item_status, next_page_token, position)', filters
  ) into found;
  execute format('select dpg.count_items(%s)', filters) into counted;
  return found || ' = ' || counted;
end
$body$;

set local role dpg_app;

select is(pg_temp.found($$'find_dot', 'student'$$), '2 5 3 4 1 = 5', 'no filter: the newest first, those of one time by type, then id');
select is(pg_temp.found($$'find_dot', 'tutor'$$), '6 = 1', 'another domain');
select is(pg_temp.found($$'find_dot', 'Student'$$), 'none = 0', 'a domain that differs by case');
select is(pg_temp.found($$'find_dot', 'nowhere'$$), 'none = 0', 'an unknown domain');
select is(pg_temp.found($$'finddot', 'student'$$), 'none = 0', 'an unknown network, whose partition would have the same plain name');

select is(pg_temp.found($$'find_dot', 'student', item_type => 'a'$$), '2 5 1 = 3', 'by type');
select is(pg_temp.found($$'find_dot', 'student', item_type => 'A'$$), 'none = 0', 'by another type');
select is(pg_temp.found($$'find_dot', 'student', created_by => 'ravi'$$), '2 4 = 2', 'by owner');
select is(pg_temp.found($$'find_dot', 'student', created_by => 'nobody'$$), 'none = 0', 'by an owner who is no user');
select is(pg_temp.found($$'find_dot', 'student', item_instance_url => 'https://b'$$), '2 4 = 2', 'by instance URL');
select is(pg_temp.found($$'find_dot', 'student', item_instance_url => 'https://b/'$$), 'none = 0', 'by another instance URL');
select is(pg_temp.found($$'find_dot', 'student', item_schema_url => 'https://s/1'$$), '2 5 4 1 = 4', 'by schema URL');

select is(pg_temp.found($$'find_dot', 'student', item_state => '{}'$$), '2 5 3 4 1 = 5', 'an empty state is in every state');
select is(pg_temp.found($$'find_dot', 'student', item_state => '{"name": "one"}'$$), '1 = 1', 'by a member of the state');
select is(pg_temp.found($$'find_dot', 'student', item_state => '{"at": {"city": "Pune"}}'$$), '2 1 = 2', 'by a nested member');
select is(pg_temp.found($$'find_dot', 'student', item_state => '{"tags": ["y"]}'$$), '2 1 = 2', 'by an element of an array');
select is(pg_temp.found($$'find_dot', 'student', item_state => '{"tags": []}'$$), '2 3 1 = 3', 'by an array at all');
select is(pg_temp.found($$'find_dot', 'student', item_state => '{"at": {"pin": 1.0}}'$$), '1 = 1', 'by a number, however it is written');
select is(pg_temp.found($$'find_dot', 'student', item_state => '{"at": {"pin": "1"}}'$$), 'none = 0', 'not by a string of that number');
select is(pg_temp.found($$'find_dot', 'student', item_state => '{"name": null}'$$), 'none = 0', 'not by a null for a member that is there');

select is(pg_temp.found($$'find_dot', 'student', latitude => 18.52, longitude => 73.85, radius_meters => 0$$), '1 = 1', 'a circle of no radius holds its centre');
select is(pg_temp.found($$'find_dot', 'student', latitude => 18.52, longitude => 73.85, radius_meters => 1000$$), '1 = 1', 'a circle of 1 km');
select is(pg_temp.found($$'find_dot', 'student', latitude => 18.52, longitude => 73.85, radius_meters => 1200$$), '2 1 = 2', 'a circle of 1.2 km, ordered by time');
select is(pg_temp.found($$'find_dot', 'student', latitude => -18, longitude => -107, radius_meters => 30000000$$), '2 5 4 1 = 4', 'the whole globe: all that have a place');
select is(pg_temp.found($$'find_dot', 'student', latitude => 0, longitude => 0, radius_meters => 1000$$), 'none = 0', 'a circle without an item');

select is(pg_temp.found($$'find_dot', 'student', 'a', 'asha', 'https://a', 'https://s/1', '{"at": {"city": "Pune"}}', 18.52, 73.85, 5000$$), '1 = 1', 'all filters together');
select is(pg_temp.found($$'find_dot', 'student', 'a', 'asha', 'https://a', 'https://s/1', '{"at": {"city": "Pune"}}', 28.6, 77.2, 5000$$), 'none = 0', 'all must match');
select is(pg_temp.found($$'find_dot', 'student', item_type => 'a', created_by => 'asha'$$), '5 1 = 2', 'two together');
select is(pg_temp.found($$'find_dot', 'student', null, null, null, null, null, null, null, null$$), '2 5 3 4 1 = 5', 'null is no filter');
select is(pg_temp.found($$'find_dot', 'student', item_type => 'a'' or true --'$$), 'none = 0', 'a filter is a value, never SQL');

-- what a row is
select is(
  (select to_jsonb(f) - 'next_page_token' from dpg.find_items('find_dot', 'tutor') f),
  '{"item_network": "find_dot", "item_domain": "tutor", "item_type": "a", "item_id": "00000000-0000-4000-8000-000000000006",
    "item_instance_url": "https://a", "item_schema_url": "https://s/1", "item_state": {"name": "one", "at": {"city": "Pune"}},
    "item_latitude": 18.52, "item_longitude": 73.85, "created_by": "asha",
    "created_at": "2026-01-01T00:00:09+00:00", "updated_at": "2026-02-01T00:00:00+00:00", "item_status": "live"}'::jsonb,
  'a row has the columns of the item'
) from (select set_config('timezone', 'UTC', true)) zone;
select is((select count(*)::integer from dpg.find_items('find_dot', 'student') f where f.next_page_token is null), 0, 'and each a token');
select is((select count(*)::integer from dpg.find_items('find_dot', 'student', page_size => null)), 5, 'no page size is 20');

set local role dpg_readonly;
select is(pg_temp.found($$'find_dot', 'student', created_by => 'asha'$$), '5 3 1 = 3', 'dpg_readonly may ask');
reset role;
insert into dpg.items (item_network, item_domain, item_type, item_instance_url, item_schema_url, created_by)
select 'find_dot', 'tutor', 'a', 'u', 's', 'asha' from generate_series(1, 30);
select is((select count(*)::integer from dpg.find_items('find_dot', 'tutor')), 20, 'a page has 20 rows unless told');

select * from finish();
rollback;
