-- An owner deletes an item that no action of its network refers to, once.
begin;
select plan(18);

select dpg_test.insert_users('asha', 'ravi');

set local role dpg_app;
create temporary table made as
select * from dpg.upsert_item('asha', 'delete_dot', 'student', 'profile_1.0', 'https://a', 'https://s',
  '{"name": "Asha"}', 1, 2, '11111111-1111-4111-8111-111111111111');
create temporary table kept as
select * from dpg.upsert_item('asha', 'delete_dot', 'student', 'profile_2.0', 'https://a', 'https://s',
  item_id => '11111111-1111-4111-8111-111111111111');
select dpg_test.note_written();

select is(dpg_test.full_refusal($$select dpg.delete_item(null, 'delete_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 'DP001 {"value": null, "argument": "actor"}', 'no actor');
select is(dpg_test.full_refusal($$select dpg.delete_item('asha', '', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 'DP001 {"value": "", "argument": "item_network"}', 'an empty network');
select is(dpg_test.full_refusal($$select dpg.delete_item('asha', 'delete_dot', null, 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 'DP001 {"value": null, "argument": "item_domain"}', 'no domain');
select is(dpg_test.full_refusal($$select dpg.delete_item('asha', 'delete_dot', 'student', ' ', '11111111-1111-4111-8111-111111111111')$$), 'DP001 {"value": " ", "argument": "item_type"}', 'a blank type');
select is(dpg_test.full_refusal($$select dpg.delete_item('asha', 'delete_dot', 'student', 'profile_1.0', null)$$), 'DP001 {"value": null, "argument": "item_id"}', 'no id');
select is(
  dpg_test.full_refusal($$select dpg.delete_item('asha', 'delete_dot', 'student', 'profile_1.0', '22222222-2222-4222-8222-222222222222')$$),
  'DP002 {"item_id": "22222222-2222-4222-8222-222222222222", "item_type": "profile_1.0", "item_domain": "student", "item_network": "delete_dot"}', 'no such item'
);
select is(left(dpg_test.full_refusal($$select dpg.delete_item('asha', 'delete_dot', 'nowhere', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'no such domain');
select is(left(dpg_test.full_refusal($$select dpg.delete_item('asha', 'delete_nowhere', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'no such network');
select is(
  dpg_test.full_refusal($$select dpg.delete_item('ravi', 'delete_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$),
  'DP003 {"actor": "ravi", "item_id": "11111111-1111-4111-8111-111111111111", "item_type": "profile_1.0", "item_domain": "student", "item_network": "delete_dot"}', 'an item of another owner'
);
select is(left(dpg_test.full_refusal($$select dpg.delete_item('Asha', 'delete_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP003', 'an actor that differs by case');
select is(left(dpg_test.full_refusal($$select dpg.delete_item('nobody', 'delete_dot', 'student', 'profile_1.0', '22222222-2222-4222-8222-222222222222')$$), 5), 'DP002', 'a missing item comes before a stranger');
select dpg_test.wrote_nothing('no refusal has written anything');

select results_eq(
  $$select * from dpg.delete_item('asha', 'delete_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$,
  'select * from made', 'the item is returned as it was'
);
select results_eq($$select * from dpg.items where item_network = 'delete_dot'$$, 'select * from kept', 'and gone; that of the same id and another type stays');
select is(left(dpg_test.full_refusal($$select dpg.delete_item('asha', 'delete_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'a repeated delete finds nothing');
select is(left(dpg_test.full_refusal($$select dpg.get_item('delete_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'nor does a read');
select ok(exists (select from dpg.instance_urls where instance_url = 'https://a'), 'its URL stays one of this instance');
select is(
  (select to_jsonb(i) - '{created_at,updated_at}'::text[] from dpg.upsert_item('ravi', 'delete_dot', 'student', 'profile_1.0', 'https://b', 'https://s',
    item_id => '11111111-1111-4111-8111-111111111111') i),
  '{"item_network": "delete_dot", "item_domain": "student", "item_type": "profile_1.0", "item_id": "11111111-1111-4111-8111-111111111111",
    "item_instance_url": "https://b", "item_schema_url": "https://s", "item_state": {}, "item_latitude": null, "item_longitude": null, "created_by": "ravi", "item_status": "live"}'::jsonb,
  'the key is free again, for anybody'
);

select * from finish();
rollback;
