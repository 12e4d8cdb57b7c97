-- Under the snapshot of repeatable read a transaction makes partitions and uses them.
begin isolation level repeatable read;
select plan(6);
select dpg_test.insert_users('asha', 'ravi');
set local role dpg_app;
select is(dpg.ensure_item_partition('yellow_dot', 'student')::text, 'dpg.i_p_yellowdot_student', 'makes a leaf');
select is(dpg.ensure_item_partition('yellow_dot', 'student')::text, 'dpg.i_p_yellowdot_student', 'finds it');
select is(dpg.ensure_item_partition('yellowdot', 'student')::text, 'dpg.i_p_yellowdot_student_0ed8157c', 'tells it from its namesake');
select lives_ok(
  $$ select dpg.upsert_item('asha', 'yellow_dot', 'student', 't', 'https://one.example.com', 'https://s.example.com', item_id => '11111111-1111-4111-8111-111111111111'),
       dpg.upsert_item('ravi', 'yellow_dot', 'tutor', 't', 'https://one.example.com', 'https://s.example.com', item_id => '22222222-2222-4222-8222-222222222222') $$,
  'writes items'
);
select lives_ok(
  $$ select dpg.perform_action('asha', 'connect', row('yellow_dot', 'student', 't', '11111111-1111-4111-8111-111111111111'),
       row('yellow_dot', 'tutor', 't', '22222222-2222-4222-8222-222222222222')) $$,
  'and an action'
);
select is((select string_agg(action_status, ',') from dpg.find_events('ravi')), 'created', 'and reads what it wrote');
select * from finish();
rollback;
