-- The table itself refuses what no item may be, whoever writes and however.
begin;
select plan(21);

select dpg_test.insert_users('asha');
select dpg.ensure_item_partition('constraint_dot', 'student');

create function pg_temp.insert_item(changed text) returns text
language sql as $body$
  select format(
    'insert into dpg.items select * from jsonb_populate_record(null::dpg.items, %L::jsonb || %L::jsonb)',
    '{"item_network": "constraint_dot", "item_domain": "student", "item_type": "profile_1.0",
      "item_id": "11111111-1111-4111-8111-111111111111", "item_instance_url": "https://a", "item_schema_url": "https://s",
      "item_state": {}, "created_by": "asha",
      "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "item_status": "live"}',
    changed
  )
$body$;

select throws_ok(pg_temp.insert_item('{"created_by": "nobody"}'), '23503', null, 'an owner is a user');
select throws_ok(pg_temp.insert_item('{"created_by": null}'), '23502', null, 'an item has an owner');
select throws_ok(pg_temp.insert_item('{"item_type": null}'), '23502', null, 'an item has a type');
select throws_ok(pg_temp.insert_item('{"item_status": null}'), '23502', null, 'an item has a status');
select throws_ok(pg_temp.insert_item('{"item_instance_url": null}'), '23502', null, 'an item has an instance URL');
select throws_ok(pg_temp.insert_item('{"item_schema_url": null}'), '23502', null, 'an item has a schema URL');
select throws_ok(pg_temp.insert_item('{"item_state": []}'), '23514', null, 'a state is an object, not an array');
select throws_ok(pg_temp.insert_item('{"item_state": "x"}'), '23514', null, 'a state is an object, not a string');
select throws_ok(pg_temp.insert_item('{"item_latitude": 1}'), '23514', null, 'no latitude without longitude');
select throws_ok(pg_temp.insert_item('{"item_longitude": 1}'), '23514', null, 'no longitude without latitude');
select throws_ok(pg_temp.insert_item('{"item_latitude": 90.00000000000001, "item_longitude": 0}'), '23514', null, 'no latitude above 90');
select throws_ok(pg_temp.insert_item('{"item_latitude": -90.00000000000001, "item_longitude": 0}'), '23514', null, 'no latitude below -90');
select throws_ok(pg_temp.insert_item('{"item_latitude": 0, "item_longitude": 180.00000000000003}'), '23514', null, 'no longitude above 180');
select throws_ok(pg_temp.insert_item('{"item_latitude": 0, "item_longitude": -180.00000000000003}'), '23514', null, 'no longitude below -180');
select throws_ok(pg_temp.insert_item('{"item_latitude": "NaN", "item_longitude": 0}'), '23514', null, 'no latitude that is NaN');
select throws_ok(pg_temp.insert_item('{"item_latitude": 0, "item_longitude": "NaN"}'), '23514', null, 'no longitude that is NaN');
select throws_ok(pg_temp.insert_item('{"item_latitude": 0, "item_longitude": "-Infinity"}'), '23514', null, 'no longitude that is infinite');
select throws_ok(pg_temp.insert_item('{"item_network": "constraint_dot_2"}'), '23514', null, 'no row without a partition for it');
select lives_ok(pg_temp.insert_item('{"item_latitude": -90, "item_longitude": 180}'), 'the edges are places');
select throws_ok(pg_temp.insert_item('{}'), '23505', null, 'no second item with the same key');
select throws_ok($$delete from public."user" where id = 'asha'$$, '23503', null, 'an owner of items cannot be deleted');

select * from finish();
rollback;
