-- Makes the partitions of a network's events.
begin;
select plan(7);
set local role dpg_app;

select is(
  dpg.ensure_action_event_partition('yellow_dot', 'connect')::text,
  'dpg.e_p_yellowdot_connect',
  'the leaf has the name that the naming rule gives it'
);
select is(
  dpg.ensure_action_event_partition(partition_network => 'yellow_dot', action_type => 'connect')::text,
  'dpg.e_p_yellowdot_connect',
  'a leaf that is there is returned'
);
select is(
  (select pg_get_expr(relpartbound, oid) from pg_class where oid = 'dpg.e_p_yellowdot_connect'::regclass),
  'FOR VALUES IN (''connect'')',
  'a leaf takes its action type and nothing else'
);
select is(
  (select pg_get_expr(relpartbound, oid) from pg_class where oid = 'dpg.e_p_yellowdot'::regclass),
  'FOR VALUES IN (''yellow_dot'')',
  'a network''s partition takes its network and nothing else'
);
select is(
  (select string_agg(relid::regclass::text, ' ' order by relid::regclass::text) from pg_partition_tree('dpg.action_events') where relid::regclass::text like '%yellowdot%'),
  'dpg.e_p_yellowdot dpg.e_p_yellowdot_connect',
  'the network and one leaf were made'
);
select is(
  (select count(*)::integer from pg_partition_tree('dpg.items') where relid::regclass::text like '%yellowdot%')
    + (select count(*)::integer from pg_partition_tree('dpg.item_actions') where relid::regclass::text like '%yellowdot%'),
  0,
  'neither items nor actions are made for events: a mirrored event has neither here'
);
select is(
  (select array_agg(partdefid::regclass::text) from pg_partitioned_table where partdefid <> 0 and partrelid in (select relid from pg_partition_tree('dpg.action_events'))),
  null,
  'there is no default partition'
);
select * from finish();
rollback;
