-- One item by its key, for everybody.
begin;
select plan(14);

select dpg_test.insert_users('asha');

set local role dpg_app;
create temporary table made as
select * from dpg.upsert_item('asha', 'get_dot', 'student', 'profile_1.0', 'https://a', 'https://s',
  '{"name": "Asha"}', 1, 2, '11111111-1111-4111-8111-111111111111');
grant select on made to dpg_readonly;
select dpg_test.note_written();

select results_eq(
  $$select * from dpg.get_item('get_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$,
  'select * from made', 'the item'
);
select is(
  dpg_test.full_refusal($$select dpg.get_item('get_dot', 'student', 'profile_1.0', '22222222-2222-4222-8222-222222222222')$$),
  'DP002 {"item_id": "22222222-2222-4222-8222-222222222222", "item_type": "profile_1.0", "item_domain": "student", "item_network": "get_dot"}', 'another id'
);
select is(left(dpg_test.full_refusal($$select dpg.get_item('get_dot', 'student', 'profile_10', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'another type');
select is(left(dpg_test.full_refusal($$select dpg.get_item('get_dot', 'Student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'another domain, by case only');
select is(left(dpg_test.full_refusal($$select dpg.get_item('getdot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'another network, whose partition would have the same plain name');
select is(left(dpg_test.full_refusal($$select dpg.get_item('get_dot ', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'another network, by a space only');

select is(dpg_test.full_refusal($$select dpg.get_item(null, 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 'DP001 {"value": null, "argument": "item_network"}', 'no network');
select is(dpg_test.full_refusal($$select dpg.get_item('get_dot', '', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 'DP001 {"value": "", "argument": "item_domain"}', 'an empty domain');
select is(dpg_test.full_refusal($$select dpg.get_item('get_dot', 'student', E'\n', '11111111-1111-4111-8111-111111111111')$$), 'DP001 {"value": "\n", "argument": "item_type"}', 'a blank type');
select is(dpg_test.full_refusal($$select dpg.get_item('get_dot', 'student', 'profile_1.0', null)$$), 'DP001 {"value": null, "argument": "item_id"}', 'no id');
select is(left(dpg_test.full_refusal(format('select dpg.get_item(%L, %L, %L, null)', repeat('x', 121), 'student', 'a')), 5), 'DP001', 'a network of 121 characters');
select throws_ok($$select dpg.get_item('get_dot', 'student', 'profile_1.0', 'x')$$, '22P02', null, 'a malformed id is PostgreSQL''s own affair');

set local role dpg_readonly;
select results_eq(
  $$select * from dpg.get_item('get_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$,
  'select * from made', 'dpg_readonly may read it'
);
set local role dpg_app;
select dpg_test.wrote_nothing('no read has written anything, no partition was made');

select * from finish();
rollback;
