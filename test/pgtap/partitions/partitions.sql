-- The view of all leaves.
begin;
select plan(8);
select dpg_test.insert_users('asha');
select is(
  (select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum) from pg_attribute where attrelid = 'dpg.partitions'::regclass and attnum > 0),
  'root text, network text, key text, leaf regclass, estimated_rows bigint, bytes bigint',
  'its columns'
);
set local role dpg_app;
select dpg.ensure_item_partition('yellow_dot', 'student');
select dpg.ensure_action_partition('yellow_dot', 'connect');
select dpg.ensure_action_event_partition('yellow_dot', 'connect');
select dpg.ensure_item_partition(E'odd ''"\\\n', '日本');
select results_eq(
  $$ select root, network, key, leaf::text from dpg.partitions where network in ('yellow_dot', E'odd ''"\\\n') order by leaf::text collate "C" $$,
  $$ values ('item_actions', 'yellow_dot', 'connect', 'dpg.a_p_yellowdot_connect'),
       ('action_events', 'yellow_dot', 'connect', 'dpg.e_p_yellowdot_connect'),
       ('items', E'odd ''"\\\n', '日本', 'dpg.i_p_odd__19fbe2ae'),
       ('items', 'yellow_dot', 'student', 'dpg.i_p_yellowdot_student') $$,
  'every leaf with its keys as given, no network''s own partition'
);
select is((select estimated_rows from dpg.partitions where leaf = 'dpg.i_p_yellowdot_student'::regclass), 0::bigint, 'an empty leaf has no rows');
select cmp_ok((select bytes from dpg.partitions where leaf = 'dpg.i_p_yellowdot_student'::regclass), '>', 0::bigint, 'but indexes, which take space');
create temp table before as select bytes from dpg.partitions where leaf = 'dpg.i_p_yellowdot_student'::regclass;
select dpg.upsert_items('asha', (
  select jsonb_agg(jsonb_build_object('item_network', 'yellow_dot', 'item_domain', 'student', 'item_type', 't',
    'item_instance_url', 'https://one.example.com', 'item_schema_url', 'https://s.example.com', 'item_state', jsonb_build_object('n', n)))
  from generate_series(1, 500) n
));
reset role;
analyze dpg.i_p_yellowdot_student;
set local role dpg_readonly;
select is((select estimated_rows from dpg.partitions where leaf = 'dpg.i_p_yellowdot_student'::regclass), 500::bigint, 'the planner''s figure after ANALYZE');
reset role;
select cmp_ok((select bytes from dpg.partitions where leaf = 'dpg.i_p_yellowdot_student'::regclass), '>', (select bytes from before), 'rows take more');
alter table dpg.i_p_yellowdot detach partition dpg.i_p_yellowdot_student;
select is((select count(*) from dpg.partitions where network = 'yellow_dot' and root = 'items'), 0::bigint, 'a table that was detached is no leaf');
alter table dpg.action_events detach partition dpg.e_p_yellowdot;
select is((select count(*) from dpg.partitions where root = 'action_events' and network = 'yellow_dot'), 0::bigint, 'nor is one below a network that was detached');
select * from finish();
rollback;
