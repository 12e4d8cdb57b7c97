-- Of an array, the owners of all items are looked at before the status of any, and before the rules: DP003, then DP006, then DP016.
begin;
select plan(5);

select dpg_test.insert_users('order asha', 'order ravi');
create function pg_temp.item(id text, changes jsonb default '{}')
returns jsonb
language sql
as $body$
  select jsonb_strip_nulls(jsonb_build_object(
    'item_network', 'order net', 'item_domain', 'student', 'item_type', 'profile', 'item_instance_url', 'https://order.example',
    'item_schema_url', 's', 'item_id', id
  ) || changes)
$body$;
select dpg.define_network('order net', '{"max_items_per_owner": 1}');
set local role dpg_app;
select dpg.define_item('order net', 'student', '[]');
select dpg.upsert_item('order ravi', 'order net', 'student', 'profile', 'https://order.example', 's', item_id => '10000000-0000-4000-8000-000000000001');
select dpg.upsert_item('order asha', 'order net', 'student', 'profile', 'https://order.example', 's', item_id => '10000000-0000-4000-8000-000000000002');

select is(
  dpg_test.refusal(format($$select dpg.upsert_items('order asha', %L)$$, jsonb_build_array(pg_temp.item(null), pg_temp.item('10000000-0000-4000-8000-000000000001')))),
  'DP003 1', 'the item of another user, before the one that is too many'
);
select is(
  dpg_test.refusal(format($$select dpg.upsert_items('order asha', %L)$$, jsonb_build_array(
    pg_temp.item(null, '{"item_status": "unknown"}'), pg_temp.item('10000000-0000-4000-8000-000000000001')
  ))),
  'DP003 1', 'and before a status that is not known'
);
select is(
  dpg_test.refusal(format($$select dpg.upsert_items('order asha', %L)$$, jsonb_build_array(
    pg_temp.item('10000000-0000-4000-8000-000000000002', '{"item_status": "unknown"}'),
    pg_temp.item('10000000-0000-4000-8000-000000000001')
  ))),
  'DP003 1', 'also where that is to be the status of an item that is there'
);
select is(
  dpg_test.refusal(format($$select dpg.upsert_items('order asha', %L)$$, jsonb_build_array(
    pg_temp.item(null), pg_temp.item('10000000-0000-4000-8000-000000000002', '{"item_status": "unknown"}')
  ))),
  'DP006 1', 'the status before the item that is too many'
);
select is(
  dpg_test.refusal(format($$select dpg.upsert_items('order asha', %L)$$, jsonb_build_array(pg_temp.item(null)))),
  'DP016', 'then the one that is too many'
);

select * from finish();
rollback;
