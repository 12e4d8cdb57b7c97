-- The largest, smallest and strangest values that the contract allows go in and come out as given.
begin;
select plan(31);

insert into public."user" (id, name, email)
values ('asha', 'Asha', 'asha@test.example'), (repeat('😀', 120), 'Long', 'long@test.example'), (E'a''b"c\\d\ne', 'Odd', 'odd@test.example');

create function pg_temp.roundtrip(
  actor text default 'asha', item_network text default 'extreme_dot', item_domain text default 'd', item_type text default 't',
  item_instance_url text default 'u', item_schema_url text default 's', item_state jsonb default '{}',
  item_latitude double precision default null, item_longitude double precision default null
) returns dpg.found_item
language plpgsql as $body$
declare
  made dpg.items;
  read dpg.items;
  found dpg.found_item;
  again dpg.items;
begin
  made := dpg.upsert_item(actor, item_network, item_domain, item_type, item_instance_url, item_schema_url, item_state, item_latitude, item_longitude);
  read := dpg.get_item(item_network, item_domain, item_type, made.item_id);
  select * into found from dpg.find_items(item_network, item_domain, item_type, actor, item_instance_url, item_schema_url, item_state) f
  where f.item_id = made.item_id;
  if read is distinct from made then
    raise exception 'get_item gives another row than upsert_item';
  end if;
  select * into again from dpg.upsert_items(actor, jsonb_build_array(to_jsonb(made) - '{created_at,updated_at,created_by}'::text[]));
  if again is distinct from made then
    raise exception 'upsert_items with what was returned changes the row';
  end if;
  return found;
end
$body$;

set local role dpg_app;

-- keys
select is((pg_temp.roundtrip(item_network => repeat('😀', 120))).item_network, repeat('😀', 120), 'a network of 120 four-byte characters');
select is((pg_temp.roundtrip(item_domain => repeat('𝕏', 120))).item_domain, repeat('𝕏', 120), 'a domain of 120 four-byte characters');
select is((pg_temp.roundtrip(item_type => repeat('😀', 120))).item_type, repeat('😀', 120), 'a type of 120 four-byte characters');
select is((pg_temp.roundtrip(actor => repeat('😀', 120))).created_by, repeat('😀', 120), 'a user id of 120 four-byte characters');
select is(
  (pg_temp.roundtrip(repeat('😀', 120), repeat('😀', 120), repeat('😀', 120), repeat('😀', 120), repeat('u', 1024), repeat('s', 1024))).item_type,
  repeat('😀', 120), 'all keys and URLs as long as they may be'
);
select is((pg_temp.roundtrip(item_network => ' x ')).item_network, ' x ', 'a key is stored as given: white space around it stays');
select is(
  (pg_temp.roundtrip(E'a''b"c\\d\ne', E'a''b"c\\d\ne', E'%s $1 -- ;\t{}', E'/* */ \u200b')).item_domain, E'%s $1 -- ;\t{}',
  'quotes, backslashes, line breaks and what would be SQL'
);
select is((pg_temp.roundtrip(item_network => 'e' || U&'\0301')).item_network, 'e' || U&'\0301', 'a combining accent is not composed');
select isnt(
  (pg_temp.roundtrip(item_network => 'é')).item_network, 'e' || U&'\0301', 'and the composed one is another key'
);
select is((pg_temp.roundtrip(item_network => '.')).item_network, '.', 'a key without any letter or digit');
select is(
  (select count(distinct p.leaf)::integer from dpg.partitions p
   where p.network in (repeat('😀', 120), ' x ', E'a''b"c\\d\ne', 'e' || U&'\0301', 'é', '.')),
  7, 'each of these has a leaf of its own, the longest network two'
);

-- URLs
select is((pg_temp.roundtrip(item_instance_url => 'https://' || repeat('x', 1016))).item_instance_url, 'https://' || repeat('x', 1016), 'an instance URL of 1,024 bytes');
select is((pg_temp.roundtrip(item_schema_url => repeat('é', 512))).item_schema_url, repeat('é', 512), 'a schema URL of 1,024 bytes');
select throws_ok($$select pg_temp.roundtrip(item_schema_url => repeat('é', 512) || 'x')$$, 'DP001', null, 'one of 1,025 is refused');

-- states
select is(
  (pg_temp.roundtrip(item_state => (repeat('{"a":', 512) || '1' || repeat('}', 512))::jsonb)).item_state,
  (repeat('{"a":', 512) || '1' || repeat('}', 512))::jsonb, '512 objects in one another'
);
select is(
  (pg_temp.roundtrip(item_state => ('{"a":' || repeat('[', 511) || repeat(']', 511) || '}')::jsonb)).item_state::text,
  '{"a": ' || repeat('[', 511) || repeat(']', 511) || '}', '511 arrays in one another, in an object'
);
select is(
  (pg_temp.roundtrip(item_state => '{"\u0041\ud83d\ude00": "\u00e9\u2028\u0001\"\\\/", "": "", " ": null}')).item_state,
  jsonb_build_object('A😀', 'é' || U&'\2028\0001' || '"\/', '', '', ' ', null), 'unicode escapes, control characters, an empty name'
);
select is(
  (pg_temp.roundtrip(item_state => '{"a": 123456789012345678901234567890.123456789012345678901234567890, "b": 1e1000, "c": 1e-1000, "d": 1.10}')).item_state::text,
  '{"a": 123456789012345678901234567890.123456789012345678901234567890, "b": 1' || repeat('0', 1000) || ', "c": 0.' || repeat('0', 999) || '1, "d": 1.10}',
  'numbers that no double precision holds, every digit kept'
);
select is(
  octet_length((pg_temp.roundtrip(item_state => jsonb_build_object('a', repeat('x', 1048576 - 9)))).item_state::text), 1048576,
  'a document of 1,048,576 bytes, the limit'
);
select throws_ok(
  $$select pg_temp.roundtrip(item_state => jsonb_build_object('a', repeat('x', 1048576 - 8)))$$, 'DP001', null, 'one byte more is refused'
);
select throws_ok(
  $$select dpg.upsert_items('asha', jsonb_build_array(jsonb_build_object('item_network', 'extreme_dot', 'item_domain', 'd', 'item_type', 't',
    'item_instance_url', 'u', 'item_schema_url', 's', 'item_state', jsonb_build_object('a', repeat('x', 1048576 - 8)))))$$,
  'DP001', null, 'in upsert_items too'
);
select is(
  (select count(*)::integer from dpg.upsert_items('asha', (
    select jsonb_agg(jsonb_build_object('item_network', 'extreme_dot', 'item_domain', 'd', 'item_type', 't',
      'item_instance_url', 'u', 'item_schema_url', 's', 'item_state', jsonb_build_object('a', repeat('x', 1048576 - 9)))) from generate_series(1, 3)))),
  3, 'three of the limit are one call: it holds for each document'
);

-- the limit is a setting
reset role;
update dpg.limits set limit_value = 1024 where limit_name = 'json_bytes_per_document';
set local role dpg_app;
select throws_ok($$select pg_temp.roundtrip(item_state => jsonb_build_object('a', repeat('x', 1024 - 8)))$$, 'DP001', null, 'a smaller limit holds from the next call on');
select lives_ok($$select pg_temp.roundtrip(item_state => jsonb_build_object('a', repeat('x', 1024 - 9)))$$, 'inclusive');
reset role;
delete from dpg.limits where limit_name = 'json_bytes_per_document';
set local role dpg_app;
select lives_ok($$select dpg.upsert_item('asha', 'extreme_dot', 'd', 't', 'u', 's', jsonb_build_object('a', repeat('x', 1048576)))$$, 'without its row there is no limit');

-- coordinates
select is(
  (select concat_ws(' ', f.item_latitude, f.item_longitude) from pg_temp.roundtrip(item_latitude => 90, item_longitude => 180) f), '90 180', 'north pole, antimeridian'
);
select is(
  (select concat_ws(' ', f.item_latitude, f.item_longitude) from pg_temp.roundtrip(item_latitude => -90, item_longitude => -180) f), '-90 -180', 'south pole, antimeridian'
);
select is(
  (select concat_ws(' ', f.item_latitude, f.item_longitude) from pg_temp.roundtrip(item_latitude => '-0', item_longitude => 1e-320) f), '-0 1e-320', 'negative zero and a denormal number'
);
select is(
  (select concat_ws(' ', f.item_latitude, f.item_longitude) from pg_temp.roundtrip(item_latitude => 12.971598700000001, item_longitude => -77.59456600000001) f),
  '12.971598700000001 -77.59456600000001', 'every digit of double precision'
);
select is(
  (select concat_ws(' ', f.item_latitude, f.item_longitude) from dpg.upsert_items('asha',
    '[{"item_network": "extreme_dot", "item_domain": "d", "item_type": "t", "item_instance_url": "u", "item_schema_url": "s", "item_latitude": -0, "item_longitude": 1e-320}]') f),
  '0 1e-320', 'in JSON a zero has no sign'
);
select is((select count(*)::integer from dpg.find_items('extreme_dot', 'd', latitude => 90, longitude => -77, radius_meters => 0.01)), 1, 'the pole is found under any longitude');

select * from finish();
rollback;
