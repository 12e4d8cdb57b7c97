-- Makes the partitions of a network's actions, and with them the network's items, to which the actions refer.
begin;
select plan(8);
set local role dpg_app;

select is(
  dpg.ensure_action_partition('yellow_dot', 'connect')::text,
  'dpg.a_p_yellowdot_connect',
  'the leaf has the name that the naming rule gives it'
);
select is(
  dpg.ensure_action_partition(partition_network => 'yellow_dot', action_type => 'connect')::text,
  'dpg.a_p_yellowdot_connect',
  'a leaf that is there is returned'
);
select is(
  (select pg_get_expr(relpartbound, oid) from pg_class where oid = 'dpg.a_p_yellowdot_connect'::regclass),
  'FOR VALUES IN (''connect'')',
  'a leaf takes its action type and nothing else'
);
select is(
  (select pg_get_expr(relpartbound, oid) from pg_class where oid = 'dpg.a_p_yellowdot'::regclass),
  'FOR VALUES IN (''yellow_dot'')',
  'a network''s partition takes its network and nothing else'
);
select is(
  (select string_agg(relid::regclass::text, ' ' order by relid::regclass::text) from pg_partition_tree('dpg.item_actions') where relid::regclass::text like '%yellowdot%'),
  'dpg.a_p_yellowdot dpg.a_p_yellowdot_connect',
  'the network and one leaf were made'
);
select is(
  (select string_agg(relid::regclass::text, ' ' order by relid::regclass::text) from pg_partition_tree('dpg.items') where relid::regclass::text like '%yellowdot%'),
  'dpg.i_p_yellowdot',
  'the network''s items are made together with its actions, without a leaf'
);
select is(
  (select count(*)::integer from pg_partition_tree('dpg.action_events') where relid::regclass::text like '%yellowdot%'),
  0,
  'events are not made ahead'
);
select is(
  (select array_agg(partdefid::regclass::text) from pg_partitioned_table where partdefid <> 0 and partrelid in (select relid from pg_partition_tree('dpg.item_actions'))),
  null,
  'there is no default partition'
);
select * from finish();
rollback;
