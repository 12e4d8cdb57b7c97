-- What update_item refuses, in which order it looks, and that a refusal changes nothing.
begin;
select plan(61);

select dpg_test.insert_users('asha', 'ravi');

create function pg_temp.change(
  changes text, actor text default 'asha', item_id text default '11111111-1111-4111-8111-111111111111',
  expected text default null, item_type text default 'profile_1.0', item_domain text default 'student', item_network text default 'refusal_dot'
) returns text
language sql as $body$
  select dpg_test.full_refusal(format(
    'select dpg.update_item(%L, %L, %L, %L, %L::uuid, %L::jsonb, %L::timestamptz)',
    actor, item_network, item_domain, item_type, item_id, changes, expected
  ))
$body$;

set local role dpg_app;
select lives_ok($$select dpg.upsert_item('asha', 'refusal_dot', 'student', 'profile_1.0', 'https://a', 'https://s', '{"name": "Asha"}', 1, 2, '11111111-1111-4111-8111-111111111111')$$, 'an item with a place');
select lives_ok($$select dpg.upsert_item('asha', 'refusal_dot', 'student', 'profile_1.0', 'https://a', 'https://s', item_id => '22222222-2222-4222-8222-222222222222')$$, 'an item without');
select dpg_test.note_written();

-- changes
select is(pg_temp.change(null), 'DP001 {"value": null, "argument": "changes"}', 'no changes');
select is(pg_temp.change('null'), 'DP001 {"value": null, "argument": "changes"}', 'the JSON null');
select is(pg_temp.change('{}'), 'DP001 {"value": {}, "argument": "changes"}', 'an empty object');
select is(pg_temp.change('[]'), 'DP001 {"value": [], "argument": "changes"}', 'an array');
select is(pg_temp.change('"item_state"'), 'DP001 {"value": "item_state", "argument": "changes"}', 'a string');
select is(pg_temp.change('{"item_type": "x"}'), 'DP001 {"value": "x", "argument": "changes.item_type"}', 'the type cannot be changed');
select is(pg_temp.change('{"item_id": "11111111-1111-4111-8111-111111111111"}'), 'DP001 {"value": "11111111-1111-4111-8111-111111111111", "argument": "changes.item_id"}', 'nor the id');
select is(pg_temp.change('{"item_state": {}, "created_by": "ravi"}'), 'DP001 {"value": "ravi", "argument": "changes.created_by"}', 'nor the owner');
select is(pg_temp.change('{"updated_at": null}'), 'DP001 {"value": null, "argument": "changes.updated_at"}', 'nor the time');
select is(pg_temp.change('{"name": 1, "item_state": {}}'), 'DP001 {"value": 1, "argument": "changes.name"}', 'nor what is no column');
select is(pg_temp.change('{"item_state": null}'), 'DP001 {"value": null, "argument": "changes.item_state"}', 'a null state');
select is(pg_temp.change('{"item_state": [1]}'), 'DP001 {"value": [1], "argument": "changes.item_state"}', 'a state that is an array');
select is(pg_temp.change('{"item_state": "{}"}'), 'DP001 {"value": "{}", "argument": "changes.item_state"}', 'a state that is a string');
select is(
  left(pg_temp.change(jsonb_build_object('item_state', jsonb_build_object('a', repeat('x', 1048576 - 8)))::text), 5), 'DP001',
  'a state of one byte more than the limit of 1,048,576'
);
select is(pg_temp.change('{"item_instance_url": null}'), 'DP001 {"value": null, "argument": "changes.item_instance_url"}', 'a null instance URL');
select is(pg_temp.change('{"item_instance_url": ""}'), 'DP001 {"value": "", "argument": "changes.item_instance_url"}', 'an empty instance URL');
select is(pg_temp.change('{"item_schema_url": 5}'), 'DP001 {"value": 5, "argument": "changes.item_schema_url"}', 'a schema URL that is a number');
select is(pg_temp.change('{"item_schema_url": null}'), 'DP001 {"value": null, "argument": "changes.item_schema_url"}', 'a null schema URL');
select is(
  pg_temp.change(jsonb_build_object('item_schema_url', repeat('x', 1025))::text),
  'DP001 {"value": "' || repeat('x', 200) || '...", "argument": "changes.item_schema_url"}', 'a schema URL of 1,025 bytes'
);
select is(pg_temp.change('{"item_latitude": "1"}'), 'DP001 {"value": "1", "argument": "changes.item_latitude"}', 'a latitude that is a string');
select is(pg_temp.change('{"item_latitude": 90.1}'), 'DP001 {"value": 90.1, "argument": "changes.item_latitude"}', 'a latitude above 90');
select is(pg_temp.change('{"item_longitude": -180.1}'), 'DP001 {"value": -180.1, "argument": "changes.item_longitude"}', 'a longitude below -180');
select is(pg_temp.change('{"item_longitude": 1e400}'), 'DP001 {"value": 1' || repeat('0', 400) || ', "argument": "changes.item_longitude"}', 'a number too large for double precision');
select is(pg_temp.change('{"item_longitude": 1e-400}'), 'DP001 {"value": 0.' || repeat('0', 399) || '1, "argument": "changes.item_longitude"}', 'a number too small for double precision');
select is(pg_temp.change('{"item_longitude": [1]}'), 'DP001 {"value": [1], "argument": "changes.item_longitude"}', 'a longitude that is an array');
select is(
  pg_temp.change('{"item_latitude": null, "item_longitude": 1}'),
  'DP001 {"value": {"item_latitude": null, "item_longitude": 1}, "argument": "changes"}', 'half a place'
);
select is(pg_temp.change('{"item_latitude": null}'), 'DP001 {"value": null, "argument": "item_latitude"}', 'null for one of two coordinates');
select is(pg_temp.change('{"item_longitude": null}'), 'DP001 {"value": null, "argument": "item_longitude"}', 'null for the other');
select is(
  pg_temp.change('{"item_latitude": 1}', item_id => '22222222-2222-4222-8222-222222222222'),
  'DP001 {"value": null, "argument": "item_longitude"}', 'one coordinate for an item that has none'
);

-- the key and the actor
select is(pg_temp.change('{"item_state": {}}', actor => null), 'DP001 {"value": null, "argument": "actor"}', 'no actor');
select is(pg_temp.change('{"item_state": {}}', item_network => null), 'DP001 {"value": null, "argument": "item_network"}', 'no network');
select is(pg_temp.change('{"item_state": {}}', item_domain => ''), 'DP001 {"value": "", "argument": "item_domain"}', 'an empty domain');
select is(pg_temp.change('{"item_state": {}}', item_type => ' '), 'DP001 {"value": " ", "argument": "item_type"}', 'a blank type');
select is(pg_temp.change('{"item_state": {}}', item_id => null), 'DP001 {"value": null, "argument": "item_id"}', 'no id');

-- DP002
select is(
  pg_temp.change('{"item_state": {}}', item_id => '33333333-3333-4333-8333-333333333333'),
  'DP002 {"item_id": "33333333-3333-4333-8333-333333333333", "item_type": "profile_1.0", "item_domain": "student", "item_network": "refusal_dot"}',
  'no such item'
);
select is(left(pg_temp.change('{"item_state": {}}', item_type => 'profile_10'), 5), 'DP002', 'the same id under another type');
select is(left(pg_temp.change('{"item_state": {}}', item_domain => 'Student'), 5), 'DP002', 'the same id under another domain');
select is(left(pg_temp.change('{"item_state": {}}', item_network => 'refusaldot'), 5), 'DP002', 'the same id under another network');

-- DP003
select is(
  pg_temp.change('{"item_state": {}}', actor => 'ravi'),
  'DP003 {"actor": "ravi", "item_id": "11111111-1111-4111-8111-111111111111", "item_type": "profile_1.0", "item_domain": "student", "item_network": "refusal_dot"}',
  'an item of another owner'
);
select is(left(pg_temp.change('{"item_state": {"name": "Asha"}}', actor => 'ravi'), 5), 'DP003', 'even where nothing would change');
select is(left(pg_temp.change('{"item_state": {}}', actor => 'nobody'), 5), 'DP003', 'a stranger who is no user');
select is(left(pg_temp.change('{"item_state": {}}', actor => 'Asha'), 5), 'DP003', 'an actor that differs by case');

-- DP007
select is(
  (select r ~ '^DP007 \{' and r::text like '%"item_id": "11111111-1111-4111-8111-111111111111"%'
     and r like '%"expected_updated_at": "2000-01-01T00:00:00+00:00"%' and r like '%"updated_at": "20%'
   from (select set_config('timezone', 'UTC', true)) z, pg_temp.change('{"item_state": {}}', expected => '2000-01-01 00:00:00+00') r),
  true, 'a stale version; the DETAIL has both times'
);
select is(
  left(pg_temp.change('{"item_state": {"name": "Asha"}}', expected => '2000-01-01 00:00:00+00'), 5), 'DP007',
  'a stale version even where nothing would change'
);
select is(
  pg_temp.change('{"item_state": {}}', expected => t.given),
  format('DP001 {"value": "%s", "argument": "expected_updated_at"}', t.shown),
  format('%s is no time that has a form everywhere', t.given)
)
from (
  values
    ('infinity', 'infinity'),
    ('-infinity', '-infinity'),
    ('10000-01-01 00:00:00+00', '10000-01-01T00:00:00'),
    ('9999-12-31 23:59:59-14', '10000-01-01T13:59:59'),
    ('0001-12-31 23:59:59.999999+00 BC', '0001-12-31T23:59:59.999999 BC'),
    ('0001-01-01 00:00:00+14', '0001-12-31T10:00:00 BC')
) t(given, shown);
select is(
  left(pg_temp.change('{"item_state": {}}', expected => t.given), 5), 'DP007',
  format('%s is one, only not the version', t.given)
)
from (
  values
    ('0001-01-01 00:00:00+00'),
    ('0001-12-31 23:59:59-14 BC'),
    ('9999-12-31 23:59:59.999999+00'),
    ('10000-01-01 13:59:59+14')
) t(given);

-- the order: DP001, DP002, DP003, DP007
select is(left(pg_temp.change('{}', item_id => '33333333-3333-4333-8333-333333333333'), 5), 'DP001', 'bad changes come before a missing item');
select is(left(pg_temp.change('{"item_latitude": 91}', actor => 'ravi', expected => '2000-01-01 00:00:00+00'), 5), 'DP001', 'bad changes come before a stranger');
select is(
  left(pg_temp.change('{"item_state": {}}', actor => 'nobody', item_id => '33333333-3333-4333-8333-333333333333', expected => '2000-01-01 00:00:00+00'), 5),
  'DP002', 'a missing item comes before a stranger'
);
select is(left(pg_temp.change('{"item_state": {}}', actor => 'ravi', expected => '2000-01-01 00:00:00+00'), 5), 'DP003', 'a stranger comes before a stale version');

select dpg_test.wrote_nothing('no refusal has written anything');

select * from finish();
rollback;
