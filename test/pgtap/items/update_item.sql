-- update_item replaces the named columns and no others.
begin;
select plan(20);

select dpg_test.insert_users('asha');
set local role dpg_app;

create temporary table first as
select * from dpg.upsert_item('asha', 'update_dot', 'student', 'profile_1.0', 'https://a', 'https://s/1',
  '{"name": "Asha", "city": "Pune"}', 12.5, 77.5, '11111111-1111-4111-8111-111111111111');
create temporary table other as
select * from dpg.upsert_item('asha', 'update_dot', 'student', 'profile_1.0', 'https://a', 'https://s/1',
  '{"name": "Other"}', 12.5, 77.5, '22222222-2222-4222-8222-222222222222');

create function pg_temp.change(changes jsonb, expected_updated_at timestamptz default null) returns dpg.items
language sql as $body$
  select dpg.update_item('asha', 'update_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111', changes, expected_updated_at)
$body$;
create function pg_temp.content(item dpg.items) returns text
language sql as $body$
  select concat_ws(' ', item.item_instance_url, item.item_schema_url, item.item_state,
    coalesce(item.item_latitude::text, '-'), coalesce(item.item_longitude::text, '-'), item.created_by)
$body$;
create function pg_temp.stored() returns dpg.items
language sql as $body$
  select i from dpg.items i where i.item_network = 'update_dot' and i.item_id = '11111111-1111-4111-8111-111111111111'
$body$;
create function pg_temp.version() returns text
language sql as $body$
  select concat_ws(' ', i.ctid, i.xmin, i.updated_at) from dpg.items i where i.item_network = 'update_dot' and i.item_id = '11111111-1111-4111-8111-111111111111'
$body$;

-- each column alone
select is(
  pg_temp.content(pg_temp.change('{"item_state": {"city": "Delhi"}}')),
  'https://a https://s/1 {"city": "Delhi"} 12.5 77.5 asha', 'the state is replaced, not merged'
);
select is(
  pg_temp.content(pg_temp.change('{"item_instance_url": "https://b"}')),
  'https://b https://s/1 {"city": "Delhi"} 12.5 77.5 asha', 'the instance URL alone'
);
select is(
  pg_temp.content(pg_temp.change('{"item_schema_url": "https://s/2"}')),
  'https://b https://s/2 {"city": "Delhi"} 12.5 77.5 asha', 'the schema URL alone'
);
select is(
  pg_temp.content(pg_temp.change('{"item_latitude": -90}')),
  'https://b https://s/2 {"city": "Delhi"} -90 77.5 asha', 'the latitude alone, of an item that has a place'
);
select is(
  pg_temp.content(pg_temp.change('{"item_longitude": 180}')),
  'https://b https://s/2 {"city": "Delhi"} -90 180 asha', 'the longitude alone'
);
select is(
  pg_temp.content(pg_temp.change('{"item_latitude": null, "item_longitude": null}')),
  'https://b https://s/2 {"city": "Delhi"} - - asha', 'null clears the place'
);
select is(
  pg_temp.content(pg_temp.change('{"item_latitude": 1.25, "item_longitude": -2.5, "item_state": {}, "item_schema_url": "https://s/3", "item_instance_url": "https://c"}')),
  'https://c https://s/3 {} 1.25 -2.5 asha', 'all at once'
);
select is(pg_temp.content(pg_temp.stored()), 'https://c https://s/3 {} 1.25 -2.5 asha', 'and it is stored');
select is((pg_temp.stored()).created_at, (select created_at from first), 'created_at stays');
select ok((pg_temp.stored()).updated_at > (select updated_at from first), 'updated_at has risen');
select results_eq(
  $$select * from dpg.items where item_network = 'update_dot' and item_id = '22222222-2222-4222-8222-222222222222'$$,
  'select * from other', 'no other item is changed'
);
select is(
  (select string_agg(u.instance_url, ' ' order by u.instance_url) from dpg.instance_urls u where u.instance_url in ('https://a', 'https://b', 'https://c')),
  'https://a https://b https://c', 'a new instance URL is one of this instance'
);

-- what changes nothing writes nothing
create temporary table before as select pg_temp.version() as version;
select is(
  pg_temp.content(pg_temp.change('{"item_state": {}, "item_latitude": 1.250}')), 'https://c https://s/3 {} 1.25 -2.5 asha',
  'the same content returns the row'
);
select is(pg_temp.version(), (select version from before), 'and writes nothing');

-- expected_updated_at, to the microsecond
reset role;
update dpg.items set updated_at = '2999-01-01 00:00:00.000007+00'
where item_network = 'update_dot' and item_id = '11111111-1111-4111-8111-111111111111';
set local role dpg_app;
set local time zone 'Asia/Kolkata';
select is(
  (pg_temp.change('{"item_state": {"n": 1}}', '2999-01-01 00:00:00.000007+00')).updated_at, '2999-01-01 00:00:00.000008+00'::timestamptz,
  'the expected time matches; updated_at rises by a microsecond where the clock is behind'
);
select is(
  (pg_temp.change('{"item_state": {"n": 2}}', '2999-01-01 05:30:00.000008+05:30')).updated_at, '2999-01-01 00:00:00.000009+00'::timestamptz,
  'in any time zone'
);
select throws_ok(
  $$select pg_temp.change('{"item_state": {"n": 3}}', '2999-01-01 00:00:00.000008+00')$$, 'DP007', null, 'a microsecond less is another version'
);
select throws_ok(
  $$select pg_temp.change('{"item_state": {"n": 3}}', '2999-01-01 00:00:00.00001+00')$$, 'DP007', null, 'a microsecond more too'
);
select is(
  (pg_temp.change('{"item_state": {"n": 2}}', '2999-01-01 00:00:00.000009+00')).updated_at, '2999-01-01 00:00:00.000009+00'::timestamptz,
  'no change, no new version'
);
select is((pg_temp.stored()).item_state, '{"n": 2}'::jsonb, 'the last accepted change is stored');

select * from finish();
rollback;
