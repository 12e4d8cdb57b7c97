-- The examples of the seed's section on queries, written as SQL, for the role that owns the tables. The keys are the
-- seed's; the items that an action refers to must be there, as the seed's foreign keys say.
begin;
select plan(17);
select dpg_test.insert_users('real_user_id', 'student_user_id', 'tutor_user_id');

-- insert an item
select is(dpg.ensure_item_partition('yellow_dot', 'student')::text, 'dpg.i_p_yellowdot_student', 'ensureItemPartition');
prepare insert_item as
insert into dpg.items (item_network, item_domain, item_type, item_instance_url, item_schema_url, item_state, created_by, item_latitude, item_longitude)
values ('yellow_dot', 'student', 'profile_1.0', 'student://123', 'https://schemas.example.com/student_profile_v1.json',
  '{"name": "Asha"}', 'real_user_id', 12.9716, 77.5946)
returning tableoid::regclass::text, item_state ->> 'name', item_id is not null, created_at = updated_at or created_at is not null;
select results_eq('insert_item', $$ values ('dpg.i_p_yellowdot_student', 'Asha', true, true) $$, 'an item, with its id and times by default');
insert into dpg.items (item_network, item_domain, item_type, item_instance_url, item_schema_url, item_state, created_by, item_latitude, item_longitude, created_at)
values
  ('yellow_dot', 'student', 'profile_1.0', 'student://124', 'https://schemas.example.com/student_profile_v1.json', '{"name": "Meera", "verified": true}', 'real_user_id', 12.98, 77.6, now() - interval '1 day'),
  ('yellow_dot', 'student', 'profile_1.0', 'student://125', 'https://schemas.example.com/student_profile_v1.json', '{"name": "Kiran", "verified": false}', 'real_user_id', 13.5, 77.6, now() - interval '2 days'),
  ('yellow_dot', 'student', 'profile_2.0', 'student://126', 'https://schemas.example.com/student_profile_v2.json', '{"name": "Jaya", "verified": true}', 'real_user_id', null, null, now() - interval '3 days');
select throws_ok(
  $$ insert into dpg.items (item_network, item_domain, item_type, item_instance_url, item_schema_url, created_by) values ('yellow_dot', 'school', 'profile_1.0', 'u', 's', 'real_user_id') $$,
  '23514', null, 'without its partition a row has no place: there is no default partition'
);
select throws_ok(
  $$ insert into dpg.items (item_network, item_domain, item_type, item_instance_url, item_schema_url, created_by) values ('yellow_dot', 'student', 'profile_1.0', 'u', 's', 'nobody') $$,
  '23503', null, 'an owner is a user'
);

-- fetch items with partition-friendly filters
select results_eq(
  $$ select item_state ->> 'name' from dpg.items
     where item_network = 'yellow_dot' and item_domain = 'student' and item_type = 'profile_1.0'
     order by created_at desc limit 20 $$,
  $$ values ('Asha'), ('Meera'), ('Kiran') $$,
  'newest first'
);
select dpg.ensure_item_partition('yellow_dot', 'tutor');
create function pg_temp.tables_in_plan(statement text) returns text
language plpgsql
as $f$
declare
  plan json;
begin
  execute 'explain (format json) ' || statement into plan;
  return (select string_agg(distinct m[1], ', ' order by m[1]) from regexp_matches(plan::text, '"Relation Name": "([^"]*)"', 'g') m);
end
$f$;
select is(
  pg_temp.tables_in_plan($$ select * from dpg.items where item_network = 'yellow_dot' and item_domain = 'student' and item_type = 'profile_1.0' order by created_at desc limit 20 $$),
  'i_p_yellowdot_student',
  'from one leaf alone'
);

-- filter by JSONB state
select results_eq(
  $$ select item_state ->> 'name' from dpg.items where item_state @> '{"verified": true}'::jsonb and item_network = 'yellow_dot' order by created_at desc $$,
  $$ values ('Meera'), ('Jaya') $$,
  'by containment'
);
select ok(
  exists (select from pg_index x join pg_class c on c.oid = x.indexrelid join pg_am m on m.oid = c.relam where x.indrelid = 'dpg.i_p_yellowdot_student'::regclass and m.amname = 'gin'),
  'for which there is a GIN index'
);

-- geo search using earthdistance
create function pg_temp.near() returns text
language plpgsql
as $f$
declare
  result text;
begin
  perform set_config('search_path', (select quote_ident(n.nspname) from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'earthdistance') || ', ' || current_setting('search_path'), true);
  execute $q$
    select string_agg(item_state ->> 'name', ', ' order by item_state ->> 'name')
    from dpg.items
    where item_network = 'yellow_dot'
      and item_domain = 'student'
      and earth_box(ll_to_earth(12.9716, 77.5946), 5000) @> ll_to_earth(item_latitude, item_longitude)
      and earth_distance(ll_to_earth(12.9716, 77.5946), ll_to_earth(item_latitude, item_longitude)) <= 5000
  $q$ into result;
  return result;
end
$f$;
select case when exists (select from pg_extension where extname = 'earthdistance')
  then is(pg_temp.near(), 'Asha, Meera', 'within 5 km, by earth_box and earth_distance')
  else skip('no extension earthdistance here', 1) end;
select is(
  (select string_agg(item_state ->> 'name', ', ' order by item_state ->> 'name') from dpg.find_items('yellow_dot', 'student', latitude => 12.9716, longitude => 77.5946, radius_meters => 5000)),
  'Asha, Meera',
  'and the same by find_items'
);

-- insert an action
insert into dpg.items (item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, created_by) values
  ('yellow_dot', 'student', 'profile_1.0', '11111111-1111-1111-1111-111111111111', 'https://student.yellowdot.example.com', 's', 'student_user_id'),
  ('yellow_dot', 'tutor', 'profile_1.0', '22222222-2222-2222-2222-222222222222', 'https://tutor.yellowdot.example.com', 's', 'tutor_user_id');
select is(dpg.ensure_action_partition('yellow_dot', 'connect')::text, 'dpg.a_p_yellowdot_connect', 'ensureActionPartition');
prepare insert_action as
insert into dpg.item_actions (
  partition_network, action_type, action_status, update_count,
  source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url, source_item_owner,
  target_item_network, target_item_domain, target_item_type, target_item_id, target_item_instance_url, target_item_owner,
  requirements_snapshot
)
values (
  'yellow_dot', 'connect', 'created', 0,
  'yellow_dot', 'student', 'profile_1.0', '11111111-1111-1111-1111-111111111111', 'https://student.yellowdot.example.com', 'student_user_id',
  'yellow_dot', 'tutor', 'profile_1.0', '22222222-2222-2222-2222-222222222222', 'https://tutor.yellowdot.example.com', 'tutor_user_id',
  '{"subject": "math", "goal": "board_exam"}'
)
returning tableoid::regclass::text, action_id is not null;
select results_eq('insert_action', $$ values ('dpg.a_p_yellowdot_connect', true) $$, 'an action, with its id by default');
select throws_ok(
  $$ insert into dpg.item_actions (partition_network, action_type, action_status, source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url, source_item_owner,
       target_item_network, target_item_domain, target_item_type, target_item_id, target_item_instance_url, target_item_owner)
     values ('yellow_dot', 'connect', 'created', 'yellow_dot', 'student', 'profile_1.0', '11111111-1111-1111-1111-111111111111', 'https://student.yellowdot.example.com', 'student_user_id',
       'yellow_dot', 'tutor', 'profile_1.0', '99999999-9999-9999-9999-999999999999', 'https://tutor.yellowdot.example.com', 'tutor_user_id') $$,
  '23503', null, 'whose target must be there'
);

-- insert an action event
select is(dpg.ensure_action_event_partition('yellow_dot', 'connect')::text, 'dpg.e_p_yellowdot_connect', 'ensureActionEventPartition');
prepare insert_event(integer, timestamptz) as
insert into dpg.action_events (
  partition_network, action_type, origin_instance_domain, action_id, action_status, update_count,
  source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url, source_item_owner,
  target_item_network, target_item_domain, target_item_type, target_item_id, target_item_instance_url, target_item_owner,
  event_payload, created_at
)
values (
  'yellow_dot', 'connect', 'https://tutor.yellowdot.example.com', '33333333-3333-3333-3333-333333333333', 'created', $1,
  'yellow_dot', 'student', 'profile_1.0', '11111111-1111-1111-1111-111111111111', 'https://student.yellowdot.example.com', 'student_user_id',
  'yellow_dot', 'tutor', 'profile_1.0', '22222222-2222-2222-2222-222222222222', 'https://tutor.yellowdot.example.com', 'tutor_user_id',
  '{"status": "created", "remark": "Action created"}', $2
)
returning tableoid::regclass::text, event_id is not null;
select results_eq($$ execute insert_event(0, '2026-01-01 00:00:00+00') $$, $$ values ('dpg.e_p_yellowdot_connect', true) $$, 'an event, with its id by default');
select lives_ok($$ execute insert_event(1, '2026-01-02 00:00:00+00') $$, 'another');

-- fetch events for one action
select results_eq(
  $$ select update_count, event_payload ->> 'remark' from dpg.action_events
     where action_type = 'connect' and partition_network = 'yellow_dot' and action_id = '33333333-3333-3333-3333-333333333333'
     order by created_at desc $$,
  $$ values (1, 'Action created'), (0, 'Action created') $$,
  'the events of one action, newest first'
);
select * from finish();
rollback;
