-- Makes the network's partition and the leaf, names them by the rule, and does so once.
begin;
select plan(14);
set local role dpg_app;

select is(
  dpg.ensure_item_partition('yellow_dot', 'student')::text,
  'dpg.i_p_yellowdot_student',
  'the leaf has the name that the naming rule gives it'
);
select is(
  dpg.ensure_item_partition(item_network => 'yellow_dot', item_domain => 'tutor')::text,
  'dpg.i_p_yellowdot_tutor',
  'another domain has another leaf'
);
select is(
  pg_typeof(dpg.ensure_item_partition('yellow_dot', 'tutor'))::text,
  'regclass',
  'what comes back can stand where a relation can'
);
select is(
  (select inhparent::regclass::text from pg_inherits where inhrelid = 'dpg.i_p_yellowdot_student'::regclass),
  'dpg.i_p_yellowdot',
  'a leaf is a partition of its network'
);
select is(
  (select inhparent::regclass::text from pg_inherits where inhrelid = 'dpg.i_p_yellowdot'::regclass),
  'dpg.items',
  'a network is a partition of the root'
);
select is(
  (select pg_get_expr(relpartbound, oid) from pg_class where oid = 'dpg.i_p_yellowdot'::regclass),
  'FOR VALUES IN (''yellow_dot'')',
  'a network''s partition takes its network and nothing else'
);
select is(
  (select pg_get_expr(relpartbound, oid) from pg_class where oid = 'dpg.i_p_yellowdot_student'::regclass),
  'FOR VALUES IN (''student'')',
  'a leaf takes its domain and nothing else'
);
select is(
  (
    select array_agg(partdefid::regclass::text)
    from pg_partitioned_table
    where partdefid <> 0
      and partrelid in (select relid from pg_partition_tree('dpg.items'))
  ),
  null,
  'there is no default partition'
);
select is(
  (select string_agg(relid::regclass::text, ' ' order by relid::regclass::text) from pg_partition_tree('dpg.items') where relid::regclass::text like '%yellowdot%'),
  'dpg.i_p_yellowdot dpg.i_p_yellowdot_student dpg.i_p_yellowdot_tutor',
  'nothing else was made'
);
select is(
  dpg.ensure_item_partition('yellow_dot', 'student')::text,
  'dpg.i_p_yellowdot_student',
  'a leaf that is there is returned'
);
select is(
  (select string_agg(relid::regclass::text, ' ' order by relid::regclass::text) from pg_partition_tree('dpg.items') where relid::regclass::text like '%yellowdot%'),
  'dpg.i_p_yellowdot dpg.i_p_yellowdot_student dpg.i_p_yellowdot_tutor',
  'and nothing is made then'
);
select is(
  (select string_agg(relid::regclass::text, ' ' order by relid::regclass::text) from pg_partition_tree('dpg.item_actions') where relid::regclass::text like '%yellowdot%'),
  'dpg.a_p_yellowdot',
  'the network''s actions are made together with its items, without a leaf'
);

reset role;
select is(
  (select relowner::regrole::text from pg_class where oid = 'dpg.i_p_yellowdot_student'::regclass),
  (select relowner::regrole::text from pg_class where oid = 'dpg.items'::regclass),
  'a leaf that the application made belongs to the owner of the root'
);
select ok(
  not has_table_privilege('dpg_app', 'dpg.i_p_yellowdot_student', 'select, insert, update, delete, truncate, references, trigger'),
  'the application has no privilege on the leaf itself'
);
select * from finish();
rollback;
