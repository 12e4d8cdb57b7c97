-- The functions that write make the leaves that they need.
begin;
select plan(4);
select dpg_test.insert_users('asha', 'ravi');
set local role dpg_app;

select lives_ok(
  $$ select dpg.upsert_item('asha', 'yellow_dot', 'student', 'profile_1.0', 'https://one.example.com', 'https://s.example.com',
       item_id => '11111111-1111-4111-8111-111111111111') $$,
  'upsert_item'
);
select lives_ok(
  $$ select dpg.upsert_items('ravi', '[{"item_network": "yellow_dot", "item_domain": "tutor", "item_type": "profile_1.0",
       "item_instance_url": "https://one.example.com", "item_schema_url": "https://s.example.com",
       "item_id": "22222222-2222-4222-8222-222222222222"}]') $$,
  'upsert_items'
);
select lives_ok(
  $$ select dpg.perform_action('asha', 'connect',
       row('yellow_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111'),
       row('yellow_dot', 'tutor', 'profile_1.0', '22222222-2222-4222-8222-222222222222')) $$,
  'perform_action'
);
select is(
  (select string_agg(leaf::text, ' ' order by leaf::text) from dpg.partitions where network = 'yellow_dot'),
  'dpg.a_p_yellowdot_connect dpg.e_p_yellowdot_connect dpg.i_p_yellowdot_student dpg.i_p_yellowdot_tutor',
  'the names of the seed'
);
select * from finish();
rollback;
