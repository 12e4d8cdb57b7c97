-- The limit of one JSON document, in bytes of its text.
begin;
select plan(13);
select dpg_test.insert_users('asha');
create function pg_temp.upsert(item_state text) returns text
language sql
as $f$
  select format('select dpg.upsert_item(''asha'', ''limit_dot'', ''student'', ''t'', ''https://one.example.com'', ''https://s.example.com'', %s, item_id => ''11111111-1111-4111-8111-111111111111'')', item_state)
$f$;
set local role dpg_admin;
update dpg.limits set limit_value = 2000 where limit_name = 'json_bytes_per_document';
set local role dpg_app;

-- {"a": "…"} has 8 characters around the text
select is(dpg_test.refusal(pg_temp.upsert($$ jsonb_build_object('a', repeat('x', 1991)) $$)), 'no refusal', '2,000 bytes');
select is(dpg_test.refusal(pg_temp.upsert($$ jsonb_build_object('a', repeat('x', 1992)) $$)), 'DP001 item_state', '2,001 bytes');
select is(dpg_test.refusal(pg_temp.upsert($$ jsonb_build_object('a', repeat('é', 995)) $$)), 'no refusal', '1,999 bytes in 1,004 characters');
select is(dpg_test.refusal(pg_temp.upsert($$ jsonb_build_object('a', repeat('é', 996)) $$)), 'DP001 item_state', '2,001 bytes in 1,005 characters');
select is(dpg_test.refusal(pg_temp.upsert($$ '{"a": 1e100000}' $$)), 'DP001 item_state', 'a number of a few bytes that is read back as 100,001');
select is((select length(item_state ->> 'a') from dpg.get_item('limit_dot', 'student', 't', '11111111-1111-4111-8111-111111111111')), 995, 'a refused document changes nothing');
select is(
  dpg_test.refusal($$ select dpg.upsert_items('asha', jsonb_build_array(
    jsonb_build_object('item_network', 'limit_dot', 'item_domain', 'student', 'item_type', 't', 'item_instance_url', 'u', 'item_schema_url', 's'),
    jsonb_build_object('item_network', 'limit_dot', 'item_domain', 'student', 'item_type', 't', 'item_instance_url', 'u', 'item_schema_url', 's', 'item_state', jsonb_build_object('a', repeat('x', 3000))))) $$),
  'DP001 item_state 1',
  'in an array the element is named'
);
select is(
  dpg_test.refusal($$ select dpg.upsert_items('asha', (select jsonb_agg(jsonb_build_object('item_network', 'limit_dot', 'item_domain', 'student', 'item_type', 't', 'item_instance_url', 'u', 'item_schema_url', 's', 'item_state', jsonb_build_object('a', repeat('x', 1500)))) from generate_series(1, 10))) $$),
  'no refusal',
  'the array as a whole may be longer'
);
select is(
  dpg_test.refusal($$ select dpg.update_item('asha', 'limit_dot', 'student', 't', '11111111-1111-4111-8111-111111111111', jsonb_build_object('item_state', jsonb_build_object('a', repeat('x', 3000)))) $$),
  'DP001 changes.item_state',
  'update_item'
);
select is(
  dpg_test.refusal($$ select dpg.perform_action('asha', 'connect', row('limit_dot', 'student', 't', '11111111-1111-4111-8111-111111111111'), row('limit_dot', 'student', 't', '22222222-2222-4222-8222-222222222222'),
    jsonb_build_object('a', repeat('x', 3000))) $$),
  'DP001 requirements_snapshot',
  'perform_action'
);
select is(
  dpg_test.refusal($$ select dpg.transition_action('asha', 'limit_dot', 'connect', '11111111-1111-4111-8111-111111111111', 'accepted', event_payload => jsonb_build_object('a', repeat('x', 3000))) $$),
  'DP001 event_payload',
  'transition_action'
);
reset role;
delete from dpg.limits where limit_name = 'json_bytes_per_document';
set local role dpg_app;
select is(dpg_test.refusal(pg_temp.upsert($$ jsonb_build_object('a', repeat('x', 3000000)) $$)), 'no refusal', 'without its row there is no limit');
reset role;
insert into dpg.limits values ('json_bytes_per_document', 1024);
set local role dpg_app;
select is(dpg_test.refusal(pg_temp.upsert($$ jsonb_build_object('a', repeat('x', 1016)) $$)), 'DP001 item_state', 'the smallest limit holds');
select * from finish();
rollback;
