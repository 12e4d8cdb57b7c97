-- Reads and refused calls make no partition and note no URL, whatever keys they name.
begin;
select plan(9);

select dpg_test.insert_users('asha');

set local role dpg_app;
select dpg_test.note_written();

select is_empty($$select * from dpg.find_items('nothing_dot', 'student')$$, 'find_items');
select is_empty($$select * from dpg.find_items('nothing_dot', 'student', latitude => 1, longitude => 1, radius_meters => 1)$$, 'find_items with a circle');
select is(dpg.count_items('nothing_dot', 'student'), 0::bigint, 'count_items');
select is_empty($$select * from dpg.nearest_items('nothing_dot', 'student', 1, 1)$$, 'nearest_items');
select throws_ok($$select dpg.get_item('nothing_dot', 'student', 'a', '11111111-1111-4111-8111-111111111111')$$, 'DP002', null, 'get_item');
select throws_ok($$select dpg.update_item('asha', 'nothing_dot', 'student', 'a', '11111111-1111-4111-8111-111111111111', '{"item_instance_url": "https://nothing"}')$$, 'DP002', null, 'update_item');
select throws_ok($$select dpg.delete_item('asha', 'nothing_dot', 'student', 'a', '11111111-1111-4111-8111-111111111111')$$, 'DP002', null, 'delete_item');
select is_empty($$select * from dpg.upsert_items('asha', '[]')$$, 'upsert_items of none');

select dpg_test.wrote_nothing('nothing was made');

select * from finish();
rollback;
