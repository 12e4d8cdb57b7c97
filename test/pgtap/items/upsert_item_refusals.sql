-- What upsert_item refuses, in which order it looks, and that a refusal leaves nothing behind.
begin;
select plan(41);

insert into public."user" (id, name, email)
values ('asha', 'Asha', 'asha@test.example'), ('ravi', 'Ravi', 'ravi@test.example'), (repeat('😀', 120), 'Long', 'long@test.example');

create function pg_temp.upsert(changed text) returns text
language sql as $body$
  select format(
    'select dpg.upsert_item(%s)',
    string_agg(format('%I => %s', f.key, coalesce(quote_literal(f.value), 'null') || case f.key
      when 'item_state' then '::jsonb'
      when 'item_id' then '::uuid'
      when 'item_latitude' then '::double precision'
      when 'item_longitude' then '::double precision'
      else '' end), ', ')
  )
  from jsonb_each_text(
    '{"actor": "asha", "item_network": "refusal_dot", "item_domain": "student", "item_type": "profile_1.0",
      "item_instance_url": "https://a", "item_schema_url": "https://s"}'::jsonb || changed::jsonb
  ) f
$body$;

set local role dpg_app;
select lives_ok(pg_temp.upsert('{"item_id": "11111111-1111-4111-8111-111111111111"}'), 'an item of asha');
select dpg_test.note_written();

-- DP001: what is no key, no URL, no object, no place
select is(dpg_test.full_refusal(pg_temp.upsert('{"actor": null}')), 'DP001 {"value": null, "argument": "actor"}', 'no actor');
select is(dpg_test.full_refusal(pg_temp.upsert('{"actor": ""}')), 'DP001 {"value": "", "argument": "actor"}', 'an empty actor');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_network": null}')), 'DP001 {"value": null, "argument": "item_network"}', 'no network');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_network": ""}')), 'DP001 {"value": "", "argument": "item_network"}', 'an empty network');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_network": " \t\n\r"}')), 'DP001 {"value": " \t\n\r", "argument": "item_network"}', 'a network of white space');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_domain": "\u3000\u00a0"}')), E'DP001 {"value": "\u3000\u00a0", "argument": "item_domain"}', 'a domain of white space beyond ASCII');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_domain": null}')), 'DP001 {"value": null, "argument": "item_domain"}', 'no domain');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_type": null}')), 'DP001 {"value": null, "argument": "item_type"}', 'no type');
select is(
  dpg_test.full_refusal(pg_temp.upsert(jsonb_build_object('item_type', repeat('x', 121))::text)),
  'DP001 {"value": "' || repeat('x', 121) || '", "argument": "item_type"}', 'a type of 121 characters'
);
select is(
  dpg_test.full_refusal(pg_temp.upsert(jsonb_build_object('item_network', repeat('😀', 121))::text)),
  'DP001 {"value": "' || repeat('😀', 121) || '", "argument": "item_network"}', 'a network of 121 four-byte characters'
);
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_instance_url": null}')), 'DP001 {"value": null, "argument": "item_instance_url"}', 'no instance URL');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_instance_url": " "}')), 'DP001 {"value": " ", "argument": "item_instance_url"}', 'an instance URL of white space');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_schema_url": ""}')), 'DP001 {"value": "", "argument": "item_schema_url"}', 'an empty schema URL');
select is(
  dpg_test.full_refusal(pg_temp.upsert(jsonb_build_object('item_instance_url', 'https://' || repeat('x', 1017))::text)),
  'DP001 {"value": "https://' || repeat('x', 192) || '...", "argument": "item_instance_url"}',
  'an instance URL of 1,025 bytes; the DETAIL is cut'
);
select is(
  left(dpg_test.full_refusal(pg_temp.upsert(jsonb_build_object('item_schema_url', repeat('é', 512) || 'x')::text)), 5),
  'DP001', 'a schema URL of 513 characters, but 1,025 bytes'
);
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_state": null}')), 'DP001 {"value": null, "argument": "item_state"}', 'a null state');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_state": [1]}')), 'DP001 {"value": [1], "argument": "item_state"}', 'a state that is an array');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_state": 5}')), 'DP001 {"value": 5, "argument": "item_state"}', 'a state that is a number');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_latitude": 1}')), 'DP001 {"value": null, "argument": "item_longitude"}', 'a latitude without longitude');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_longitude": 1}')), 'DP001 {"value": null, "argument": "item_latitude"}', 'a longitude without latitude');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_latitude": 90.00000000000001, "item_longitude": 0}')), 'DP001 {"value": 90.00000000000001, "argument": "item_latitude"}', 'a latitude above 90');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_latitude": -91, "item_longitude": 0}')), 'DP001 {"value": -91, "argument": "item_latitude"}', 'a latitude below -90');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_latitude": 0, "item_longitude": 180.00000000000003}')), 'DP001 {"value": 180.00000000000003, "argument": "item_longitude"}', 'a longitude above 180');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_latitude": 0, "item_longitude": -541}')), 'DP001 {"value": -541, "argument": "item_longitude"}', 'a longitude below -180');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_latitude": "NaN", "item_longitude": 0}')), 'DP001 {"value": "NaN", "argument": "item_latitude"}', 'a latitude that is NaN');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_latitude": 0, "item_longitude": "NaN"}')), 'DP001 {"value": "NaN", "argument": "item_longitude"}', 'a longitude that is NaN');
select is(dpg_test.full_refusal(pg_temp.upsert('{"item_latitude": 0, "item_longitude": "Infinity"}')), 'DP001 {"value": "Infinity", "argument": "item_longitude"}', 'a longitude that is infinite');
select is(
  left(dpg_test.full_refusal(pg_temp.upsert(jsonb_build_object('item_state', jsonb_build_object('a', repeat('x', 1048576 - 8)))::text)), 5),
  'DP001', 'a document of one byte more than the limit of 1,048,576'
);
select is(
  dpg_test.full_refusal(pg_temp.upsert('{"item_state": {"a": 1e100000}, "item_network": "refusal_dot_small"}')), 'no refusal',
  'a number of 100,001 digits is a document within the limit'
);
reset role;
delete from dpg.items where item_network = 'refusal_dot_small';
update dpg.limits set limit_value = 100000 where limit_name = 'json_bytes_per_document';
set local role dpg_app;
select dpg_test.note_written();
select is(
  left(dpg_test.full_refusal(pg_temp.upsert('{"item_state": {"a": 1e100000}}')), 5), 'DP001',
  'and above a smaller limit: the text counts, not the stored form'
);

-- DP009: an unknown actor
select is(dpg_test.full_refusal(pg_temp.upsert('{"actor": "nobody"}')), 'DP009 {"actor": "nobody"}', 'an unknown actor');
select is(dpg_test.full_refusal(pg_temp.upsert('{"actor": "Asha"}')), 'DP009 {"actor": "Asha"}', 'an actor that differs by case');
select is(dpg_test.full_refusal(pg_temp.upsert('{"actor": "asha "}')), 'DP009 {"actor": "asha "}', 'an actor that differs by a space');

-- DP003: the item of somebody else
select is(
  dpg_test.full_refusal(pg_temp.upsert('{"actor": "ravi", "item_id": "11111111-1111-4111-8111-111111111111"}')),
  'DP003 {"actor": "ravi", "item_id": "11111111-1111-4111-8111-111111111111", "item_type": "profile_1.0", "item_domain": "student", "item_network": "refusal_dot"}',
  'an item of another owner, even with the same content'
);
select is(
  left(dpg_test.full_refusal(pg_temp.upsert('{"actor": "ravi", "item_id": "11111111-1111-4111-8111-111111111111", "item_instance_url": "https://new"}')), 5),
  'DP003', 'an item of another owner with another content'
);

-- the order: DP001, DP009, DP003
select is(left(dpg_test.full_refusal(pg_temp.upsert('{"actor": "nobody", "item_schema_url": ""}')), 5), 'DP001', 'a bad argument comes before an unknown actor');
select is(
  left(dpg_test.full_refusal(pg_temp.upsert('{"actor": "nobody", "item_id": "11111111-1111-4111-8111-111111111111"}')), 5),
  'DP009', 'an unknown actor comes before an item that is not the actor''s'
);
select is(
  left(dpg_test.full_refusal(pg_temp.upsert('{"actor": "ravi", "item_latitude": 100, "item_longitude": 0, "item_id": "11111111-1111-4111-8111-111111111111"}')), 5),
  'DP001', 'a bad argument comes before an item that is not the actor''s'
);
-- a refusal makes no partition either
select is(left(dpg_test.full_refusal(pg_temp.upsert('{"actor": "nobody", "item_network": "refusal_new"}')), 5), 'DP009', 'an unknown actor in a new network');

select dpg_test.wrote_nothing('no refusal has written anything');

select * from finish();
rollback;
