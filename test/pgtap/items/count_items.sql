-- count_items counts what find_items finds, beyond one page too; find_items.sql asks both with each filter.
begin;
select plan(8);

select dpg_test.insert_users('asha');
set local role dpg_app;
create temporary table made as
select * from dpg.upsert_items('asha', (
  select jsonb_agg(jsonb_build_object('item_network', 'count_dot', 'item_domain', 'student', 'item_type', 'type_' || n % 2,
    'item_instance_url', 'u', 'item_schema_url', 's', 'item_state', jsonb_build_object('third', n % 3),
    'item_latitude', n % 5, 'item_longitude', 0))
  from generate_series(1, 1500) n
));

select is(dpg.count_items('count_dot', 'student'), 1500::bigint, 'all');
select is(dpg.count_items('count_dot', 'student', item_type => 'type_0'), 750::bigint, 'half of them by type');
select is(dpg.count_items('count_dot', 'student', item_state => '{"third": 0}'), 500::bigint, 'a third by state');
select is(dpg.count_items('count_dot', 'student', latitude => 4, longitude => 0, radius_meters => 120000), 600::bigint, 'two fifths by place');
select is(
  dpg.count_items('count_dot', 'student', 'type_1', 'asha', 'u', 's', '{"third": 2}', 0, 0, 1), 50::bigint, 'a thirtieth by all'
);
select is(
  (select count(*)::integer from dpg.find_items('count_dot', 'student', 'type_1', 'asha', 'u', 's', '{"third": 2}', 0, 0, 1, page_size => 1000)), 50,
  'as many as find_items finds'
);
select is(dpg.count_items('count_dot', 'tutor'), 0::bigint, 'none in another domain');
set local role dpg_readonly;
select is(dpg.count_items('count_dot', 'student'), 1500::bigint, 'dpg_readonly may ask');

select * from finish();
rollback;
