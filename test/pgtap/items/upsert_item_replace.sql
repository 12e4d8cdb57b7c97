-- An upsert of an owned item replaces its whole content; one that changes nothing writes nothing.
begin;
select plan(16);

select dpg_test.insert_users('asha');
set local role dpg_app;

create function pg_temp.version() returns text
language sql as $body$
  select concat_ws(' ', i.ctid, i.xmin, i.updated_at)
  from dpg.items i
  where i.item_network = 'replace_dot' and i.item_id = '11111111-1111-4111-8111-111111111111'
$body$;

create temporary table first as
select * from dpg.upsert_item('asha', 'replace_dot', 'student', 'profile_1.0', 'https://a', 'https://s/1',
  '{"name": "Asha", "tags": ["a", "b"]}', 12.5, 77.5, '11111111-1111-4111-8111-111111111111');
create temporary table before as select pg_temp.version() as version;

-- the same again, however the JSON is written
create temporary table again as
select * from dpg.upsert_item('asha', 'replace_dot', 'student', 'profile_1.0', 'https://a', 'https://s/1',
  '{"tags":["a","b"],   "name":"\u0041sha"}', 12.50, 77.5, '11111111-1111-4111-8111-111111111111');
select results_eq('select * from again', 'select * from first', 'the same content again returns the row as it is');
select is(pg_temp.version(), (select version from before), 'and writes nothing: no new row version, no new updated_at');

create temporary table second as
select * from dpg.upsert_item('asha', 'replace_dot', 'student', 'profile_1.0', 'https://b', 'https://s/2',
  '{"name": "Asha"}', item_id => '11111111-1111-4111-8111-111111111111');
select is(
  (select to_jsonb(s) - '{created_at,updated_at}'::text[] from second s),
  '{"item_network": "replace_dot", "item_domain": "student", "item_type": "profile_1.0",
    "item_id": "11111111-1111-4111-8111-111111111111", "item_instance_url": "https://b", "item_schema_url": "https://s/2",
    "item_state": {"name": "Asha"}, "item_latitude": null, "item_longitude": null, "created_by": "asha", "item_status": "live"}'::jsonb,
  'a replacement is full: what is left out is gone, coordinates too'
);
select is((select created_at from second), (select created_at from first), 'created_at stays');
select ok((select updated_at from second) > (select updated_at from first), 'updated_at rises');
select results_eq(
  $$select * from dpg.items where item_network = 'replace_dot'$$, 'select * from second', 'one row, the one returned'
);

-- each column alone is a change
create function pg_temp.changes(call text) returns boolean
language plpgsql as $body$
declare
  before text := pg_temp.version();
begin
  execute call;
  return pg_temp.version() <> before;
end
$body$;
select ok(pg_temp.changes($$select dpg.upsert_item('asha', 'replace_dot', 'student', 'profile_1.0', 'https://c', 'https://s/2',
  '{"name": "Asha"}', item_id => '11111111-1111-4111-8111-111111111111')$$), 'another instance URL is a change');
select ok(pg_temp.changes($$select dpg.upsert_item('asha', 'replace_dot', 'student', 'profile_1.0', 'https://c', 'https://s/3',
  '{"name": "Asha"}', item_id => '11111111-1111-4111-8111-111111111111')$$), 'another schema URL is a change');
select ok(pg_temp.changes($$select dpg.upsert_item('asha', 'replace_dot', 'student', 'profile_1.0', 'https://c', 'https://s/3',
  '{"name": "asha"}', item_id => '11111111-1111-4111-8111-111111111111')$$), 'another state is a change');
select ok(pg_temp.changes($$select dpg.upsert_item('asha', 'replace_dot', 'student', 'profile_1.0', 'https://c', 'https://s/3',
  '{"name": "asha"}', 1, 2, '11111111-1111-4111-8111-111111111111')$$), 'a place is a change');
select ok(pg_temp.changes($$select dpg.upsert_item('asha', 'replace_dot', 'student', 'profile_1.0', 'https://c', 'https://s/3',
  '{"name": "asha"}', 1, 3, '11111111-1111-4111-8111-111111111111')$$), 'another longitude is a change');
select ok(not pg_temp.changes($$select dpg.upsert_item('asha', 'replace_dot', 'student', 'profile_1.0', 'https://c', 'https://s/3',
  '{"name": "asha"}', 1, 3, '11111111-1111-4111-8111-111111111111')$$), 'the same again is none');

-- updated_at rises even where the stored one is ahead of the clock
reset role;
update dpg.items set updated_at = '2999-01-01 00:00:00.000007+00' where item_network = 'replace_dot';
set local role dpg_app;
select is(
  (dpg.upsert_item('asha', 'replace_dot', 'student', 'profile_1.0', 'https://c', 'https://s/4',
    item_id => '11111111-1111-4111-8111-111111111111')).updated_at,
  '2999-01-01 00:00:00.000008+00'::timestamptz, 'by a microsecond where the clock is behind'
);
select is(
  (dpg.upsert_item('asha', 'replace_dot', 'student', 'profile_1.0', 'https://c', 'https://s/5',
    item_id => '11111111-1111-4111-8111-111111111111')).updated_at,
  '2999-01-01 00:00:00.000009+00'::timestamptz, 'with each change'
);
select is(
  (dpg.upsert_item('asha', 'replace_dot', 'student', 'profile_1.0', 'https://c', 'https://s/5',
    item_id => '11111111-1111-4111-8111-111111111111')).updated_at,
  '2999-01-01 00:00:00.000009+00'::timestamptz, 'and stays without one'
);
select is((select count(*)::integer from dpg.items where item_network = 'replace_dot'), 1, 'still one item');

select * from finish();
rollback;
