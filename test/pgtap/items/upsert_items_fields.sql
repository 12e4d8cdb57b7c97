-- Every way in which an element can be wrong: DP001 with the field, its value and the index of the first that is.
begin;
select plan(52);

select dpg_test.insert_users('asha');

-- two good elements, then one with changes: null takes a field away
create function pg_temp.third(changed text, removed text default '') returns text
language sql as $body$
  select dpg_test.full_refusal(format(
    'select count(*) from dpg.upsert_items(''asha'', %L::jsonb || jsonb_build_array(%L::jsonb - %L || %L::jsonb))',
    '[{"item_network": "field_dot", "item_domain": "student", "item_type": "a", "item_instance_url": "https://a", "item_schema_url": "https://s"},
      {"item_network": "field_dot", "item_domain": "tutor", "item_type": "a", "item_instance_url": "https://a", "item_schema_url": "https://s",
       "item_state": {"name": "good"}, "item_latitude": 1, "item_longitude": 2, "item_id": "{11111111-1111-4111-8111-11111111111F}"}]',
    '{"item_network": "field_dot", "item_domain": "student", "item_type": "a", "item_instance_url": "https://a", "item_schema_url": "https://s"}',
    removed, changed
  ))
$body$;
create function pg_temp.elements(elements text) returns text
language sql as $body$
  select dpg_test.full_refusal(format('select count(*) from dpg.upsert_items(''asha'', %L)', elements))
$body$;

set local role dpg_app;
select dpg_test.note_written();

-- not an array
select is(pg_temp.elements(null), 'DP001 {"value": null, "argument": "items"}', 'null is no array');
select is(pg_temp.elements('null'), 'DP001 {"value": null, "argument": "items"}', 'the JSON null is no array');
select is(pg_temp.elements('{"item_network": "x"}'), 'DP001 {"value": {"item_network": "x"}, "argument": "items"}', 'an object is no array');
select is(pg_temp.elements('"[]"'), 'DP001 {"value": "[]", "argument": "items"}', 'a string is no array');
select is(pg_temp.elements('1'), 'DP001 {"value": 1, "argument": "items"}', 'a number is no array');

-- elements that are no objects
select is(pg_temp.elements('[5]'), 'DP001 {"index": 0, "value": 5, "argument": "items"}', 'a number is no item');
select is(pg_temp.elements('[null]'), 'DP001 {"index": 0, "value": null, "argument": "items"}', 'null is no item');
select is(pg_temp.elements('["x"]'), 'DP001 {"index": 0, "value": "x", "argument": "items"}', 'a string is no item');
select is(pg_temp.elements('[[]]'), 'DP001 {"index": 0, "value": [], "argument": "items"}', 'an array is no item');
select is(pg_temp.elements('[[{"item_network": "n"}]]'), 'DP001 {"index": 0, "value": [{"item_network": "n"}], "argument": "items"}', 'an array in the array is no item');
select is(pg_temp.elements('[{}]'), 'DP001 {"index": 0, "value": null, "argument": "item_network"}', 'an empty object is no item');
select is(
  pg_temp.elements('[{"item_network": "field_dot", "item_domain": "d", "item_type": "t", "item_instance_url": "u", "item_schema_url": "s"}, true]'),
  'DP001 {"index": 1, "value": true, "argument": "items"}', 'the index is that of the element that is no object'
);

-- unknown fields
select is(pg_temp.third('{"item_name": "x"}'), 'DP001 {"index": 2, "value": "x", "argument": "item_name"}', 'an unknown field');
select is(pg_temp.third('{"created_by": "ravi"}'), 'DP001 {"index": 2, "value": "ravi", "argument": "created_by"}', 'the owner cannot be chosen');
select is(pg_temp.third('{"created_at": null}'), 'DP001 {"index": 2, "value": null, "argument": "created_at"}', 'nor the time, not even as null');
select is(pg_temp.third('{"Item_state": {}}'), 'DP001 {"index": 2, "value": {}, "argument": "Item_state"}', 'fields are told apart by case');
select is(pg_temp.third('{"": 1}'), 'DP001 {"index": 2, "value": 1, "argument": ""}', 'an empty name is no field');

-- missing fields
select is(pg_temp.third('{}', 'item_network'), 'DP001 {"index": 2, "value": null, "argument": "item_network"}', 'the network is missing');
select is(pg_temp.third('{}', 'item_domain'), 'DP001 {"index": 2, "value": null, "argument": "item_domain"}', 'the domain is missing');
select is(pg_temp.third('{}', 'item_type'), 'DP001 {"index": 2, "value": null, "argument": "item_type"}', 'the type is missing');
select is(pg_temp.third('{}', 'item_instance_url'), 'DP001 {"index": 2, "value": null, "argument": "item_instance_url"}', 'the instance URL is missing');
select is(pg_temp.third('{}', 'item_schema_url'), 'DP001 {"index": 2, "value": null, "argument": "item_schema_url"}', 'the schema URL is missing');

-- keys and URLs
select is(pg_temp.third('{"item_network": 5}'), 'DP001 {"index": 2, "value": 5, "argument": "item_network"}', 'a number is no key');
select is(pg_temp.third('{"item_domain": null}'), 'DP001 {"index": 2, "value": null, "argument": "item_domain"}', 'null is no key');
select is(pg_temp.third('{"item_type": ["a"]}'), 'DP001 {"index": 2, "value": ["a"], "argument": "item_type"}', 'an array is no key');
select is(pg_temp.third('{"item_type": true}'), 'DP001 {"index": 2, "value": true, "argument": "item_type"}', 'a boolean is no key');
select is(pg_temp.third('{"item_network": ""}'), 'DP001 {"index": 2, "value": "", "argument": "item_network"}', 'an empty text is no key');
select is(pg_temp.third('{"item_domain": " \t"}'), 'DP001 {"index": 2, "value": " \t", "argument": "item_domain"}', 'white space is no key');
select is(
  pg_temp.third(jsonb_build_object('item_type', repeat('x', 121))::text),
  'DP001 {"index": 2, "value": "' || repeat('x', 121) || '", "argument": "item_type"}', '121 characters are no key'
);
select is(pg_temp.third('{"item_instance_url": {"href": "u"}}'), 'DP001 {"index": 2, "value": {"href": "u"}, "argument": "item_instance_url"}', 'an object is no URL');
select is(
  pg_temp.third(jsonb_build_object('item_schema_url', repeat('x', 1025))::text),
  'DP001 {"index": 2, "value": "' || repeat('x', 200) || '...", "argument": "item_schema_url"}', '1,025 bytes are no URL'
);

-- states
select is(pg_temp.third('{"item_state": null}'), 'DP001 {"index": 2, "value": null, "argument": "item_state"}', 'null is no state');
select is(pg_temp.third('{"item_state": "{}"}'), 'DP001 {"index": 2, "value": "{}", "argument": "item_state"}', 'a string is no state');
select is(pg_temp.third('{"item_state": []}'), 'DP001 {"index": 2, "value": [], "argument": "item_state"}', 'an array is no state');
select is(
  left(pg_temp.third(jsonb_build_object('item_state', jsonb_build_object('a', repeat('x', 1048576 - 8)))::text), 30),
  'DP001 {"index": 2, "value": "{', 'one byte more than the limit of 1,048,576 is no state'
);

-- ids
select is(pg_temp.third('{"item_id": "1"}'), 'DP001 {"index": 2, "value": "1", "argument": "item_id"}', 'a malformed id');
select is(pg_temp.third('{"item_id": ""}'), 'DP001 {"index": 2, "value": "", "argument": "item_id"}', 'an empty id');
select is(pg_temp.third('{"item_id": {}}'), 'DP001 {"index": 2, "value": {}, "argument": "item_id"}', 'an object is no id');
select is(
  pg_temp.third('{"item_id": 11111111111111111111111111111111}'),
  'DP001 {"index": 2, "value": 11111111111111111111111111111111, "argument": "item_id"}', 'a number is no id, even one of 32 digits'
);

-- coordinates
select is(pg_temp.third('{"item_latitude": "1", "item_longitude": 2}'), 'DP001 {"index": 2, "value": "1", "argument": "item_latitude"}', 'a string is no latitude');
select is(pg_temp.third('{"item_latitude": 1, "item_longitude": "x"}'), 'DP001 {"index": 2, "value": "x", "argument": "item_longitude"}', 'a string is no longitude');
select is(pg_temp.third('{"item_latitude": "NaN", "item_longitude": "NaN"}'), 'DP001 {"index": 2, "value": "NaN", "argument": "item_latitude"}', 'NaN is no latitude');
select is(pg_temp.third('{"item_latitude": 1}'), 'DP001 {"index": 2, "value": null, "argument": "item_longitude"}', 'a latitude alone');
select is(pg_temp.third('{"item_latitude": null, "item_longitude": 1}'), 'DP001 {"index": 2, "value": null, "argument": "item_latitude"}', 'a longitude with null');
select is(pg_temp.third('{"item_latitude": 90.00000000000001, "item_longitude": 0}'), 'DP001 {"index": 2, "value": 90.00000000000001, "argument": "item_latitude"}', 'a latitude above 90');
select is(pg_temp.third('{"item_latitude": 0, "item_longitude": -181}'), 'DP001 {"index": 2, "value": -181, "argument": "item_longitude"}', 'a longitude below -180');
select is(
  pg_temp.third('{"item_latitude": 1e400, "item_longitude": 0}'),
  'DP001 {"index": 2, "value": 1' || repeat('0', 400) || ', "argument": "item_latitude"}', 'a number too large for double precision'
);
select is(
  pg_temp.third('{"item_latitude": 0, "item_longitude": 1e-400}'),
  'DP001 {"index": 2, "value": 0.' || repeat('0', 399) || '1, "argument": "item_longitude"}', 'a number too small for double precision'
);

-- the first of several is named, whatever is wrong with it
select is(
  pg_temp.elements('[{"item_network": "field_dot", "item_domain": "d", "item_type": "t", "item_instance_url": "u", "item_schema_url": "s"},
    {"item_network": "field_dot", "item_domain": "d", "item_type": "t", "item_instance_url": "u", "item_schema_url": "s", "item_id": "x"},
    {"item_network": 1}, 7]'),
  'DP001 {"index": 1, "value": "x", "argument": "item_id"}', 'a malformed id before other faults'
);
select is(
  pg_temp.elements('[{"item_network": "field_dot", "item_domain": "d", "item_type": "t", "item_instance_url": "u", "item_schema_url": "s", "item_latitude": 90.00000000000000000001, "item_longitude": 0,
      "item_id": "{11111111-1111-4111-8111-111111111111}"},
    {"item_network": "field_dot", "item_domain": "", "item_type": "t", "item_instance_url": "u", "item_schema_url": "s"},
    {"item_network": "field_dot", "item_domain": "d", "item_type": "t", "item_instance_url": "u", "item_schema_url": "s", "item_id": "x"}]'),
  'DP001 {"index": 1, "value": "", "argument": "item_domain"}', 'an empty key before a malformed id'
);
select is(
  pg_temp.elements('[{"item_network": "field_dot", "item_domain": "d", "item_type": "t", "item_instance_url": "u", "item_schema_url": "s", "item_id": "11111111-1111-4111-8111-111111111111"},
    {"item_network": "field_dot", "item_domain": "d", "item_type": "t", "item_instance_url": "u", "item_schema_url": "s", "item_id": "11111111-1111-4111-8111-111111111111"},
    {"item_network": "field_dot", "item_domain": "d", "item_type": "t", "item_instance_url": "", "item_schema_url": "s"}]'),
  'DP001 {"index": 2, "value": "", "argument": "item_instance_url"}', 'a malformed element before an id that is there twice'
);

select dpg_test.wrote_nothing('no refusal has written anything');

select * from finish();
rollback;
