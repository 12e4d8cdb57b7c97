-- A partition that was dropped is made again, with its name and all that belongs to it.
begin;
select plan(15);
select dpg_test.insert_users('asha', 'ravi');
select dpg.ensure_item_partition('yellow_dot', 'student');
select dpg.ensure_item_partition('yellowdot', 'student');
select dpg.ensure_action_event_partition('yellow_dot', 'connect');
select dpg.ensure_action_partition('yellow_dot', 'connect');
alter table dpg.i_p_yellowdot detach partition dpg.i_p_yellowdot_student;
drop table dpg.i_p_yellowdot_student;
drop table dpg.e_p_yellowdot;
drop table dpg.a_p_yellowdot, dpg.i_p_yellowdot;

set local role dpg_app;
select is((select count(*) from dpg.partitions where network = 'yellow_dot'), 0::bigint, 'what was dropped is not shown');
select is((select count(*) from dpg.find_items('yellow_dot', 'student')), 0::bigint, 'a read finds nothing in it');
select is(dpg.ensure_item_partition('yellowdot', 'student')::text, 'dpg.i_p_yellowdot_student_0ed8157c', 'a namesake keeps its own name');
select is(dpg.ensure_item_partition('yellow_dot', 'student')::text, 'dpg.i_p_yellowdot_student', 'a leaf is made again');
select is(dpg.ensure_action_event_partition('yellow_dot', 'connect')::text, 'dpg.e_p_yellowdot_connect', 'an events leaf too');
select is(dpg.ensure_action_partition('yellow_dot', 'connect')::text, 'dpg.a_p_yellowdot_connect', 'and an actions leaf');
select is(
  (select string_agg(distinct c.conname || ' -> ' || c.confrelid::regclass, ', ') from pg_constraint c where c.contype = 'f' and c.conrelid = 'dpg.a_p_yellowdot'::regclass and c.confrelid = 'dpg.i_p_yellowdot'::regclass),
  'item_actions_source_item_fkey -> dpg.i_p_yellowdot, item_actions_target_item_fkey -> dpg.i_p_yellowdot',
  'the foreign keys between the two are there again'
);
select lives_ok(
  $$ select dpg.upsert_item('asha', 'yellow_dot', 'student', 't', 'https://one.example.com', 'https://s.example.com') $$,
  'they take rows'
);

-- one network-level table alone
reset role;
drop table dpg.a_p_yellowdot;
set local role dpg_app;
select dpg.ensure_action_partition('yellow_dot', 'connect');
select is(
  (select string_agg(distinct c.conname || ' -> ' || c.confrelid::regclass, ', ') from pg_constraint c where c.contype = 'f' and c.conrelid = 'dpg.a_p_yellowdot'::regclass and c.confrelid = 'dpg.i_p_yellowdot'::regclass),
  'item_actions_source_item_fkey -> dpg.i_p_yellowdot, item_actions_target_item_fkey -> dpg.i_p_yellowdot',
  'actions made anew refer to the items that stayed'
);

-- "drop ... cascade" of a leaf takes the foreign keys of the whole network with it
select lives_ok(
  $$ select dpg.upsert_item('asha', 'yellow_dot', 'student', 't', 'https://one.example.com', 'https://s.example.com', item_id => '11111111-1111-4111-8111-111111111111'),
       dpg.upsert_item('ravi', 'yellow_dot', 'tutor', 't', 'https://one.example.com', 'https://s.example.com', item_id => '22222222-2222-4222-8222-222222222222'),
       dpg.ensure_item_partition('yellow_dot', 'school') $$,
  'more leaves and rows'
);
reset role;
drop table dpg.i_p_yellowdot_school cascade;
set local role dpg_app;
select is(dpg.ensure_item_partition('yellow_dot', 'school')::text, 'dpg.i_p_yellowdot_school', 'the leaf is made again');
select is(
  (select string_agg(distinct c.conname || ' -> ' || c.confrelid::regclass, ', ') from pg_constraint c where c.contype = 'f' and c.conrelid = 'dpg.a_p_yellowdot'::regclass and c.confrelid = 'dpg.i_p_yellowdot'::regclass),
  'item_actions_source_item_fkey -> dpg.i_p_yellowdot, item_actions_target_item_fkey -> dpg.i_p_yellowdot',
  'and the foreign keys with it'
);
select lives_ok(
  $$ select dpg.perform_action('asha', 'connect', row('yellow_dot', 'student', 't', '11111111-1111-4111-8111-111111111111'),
       row('yellow_dot', 'tutor', 't', '22222222-2222-4222-8222-222222222222')) $$,
  'an action refers to two items'
);
reset role;
drop table dpg.i_p_yellowdot_tutor cascade;
set local role dpg_app;
select throws_ok(
  $$ select dpg.ensure_item_partition('yellow_dot', 'tutor') $$,
  'DP010',
  null,
  'where actions refer to items that were dropped the foreign keys cannot come back, and the call says so'
);
select is(to_regclass('dpg.i_p_yellowdot_tutor'), null, 'nothing is made then');
select * from finish();
rollback;
