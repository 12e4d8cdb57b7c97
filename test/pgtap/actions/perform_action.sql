-- perform_action stores the action and its first event, with owners, URLs and places as the items have them.
begin;
select plan(13);

select dpg_test.insert_items();

set local role dpg_app;

create temporary table made as
select *
from dpg.perform_action(
  actor => 'actions asha', action_type => 'connect', source => dpg_test.item('student', 1), target => dpg_test.item('tutor', 2),
  requirements_snapshot => '{"subject": "math"}', remarks => 'please', event_payload => '{"amount": 5}',
  action_id => dpg_test.id(1)
);
select results_eq(
  $$select
    a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot, a.remarks,
    a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
    a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
    a.target_item_instance_url, a.target_item_owner, a.source_item_latitude, a.source_item_longitude,
    a.target_item_latitude, a.target_item_longitude, a.source_item_is_local, a.source_local_item_id
  from made a$$,
  $$values (
    'actions test', 'connect', '20000000-0000-4000-8000-000000000001'::uuid, 'created', 0, '{"subject": "math"}'::jsonb, 'please',
    'actions test', 'student', 'profile_1.0', '10000000-0000-4000-8000-000000000001'::uuid, 'https://student.actions.test',
    'actions asha', 'actions test', 'tutor', 'profile_1.0', '10000000-0000-4000-8000-000000000002'::uuid,
    'https://tutor.actions.test', 'actions ravi', 12.5::double precision, 77.5::double precision,
    -33.25::double precision, 151.125::double precision, true, '10000000-0000-4000-8000-000000000001'::uuid
  )$$,
  'the action, returned'
);
select results_eq(
  $$select * from dpg_test.stored_actions() a where a.partition_network = 'actions test'$$,
  $$select * from made$$,
  'is the action as stored, and the only one'
);
select results_eq(
  $$select
    e.partition_network, e.action_type, e.origin_instance_domain, e.action_id, e.action_status, e.update_count,
    e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id, e.source_item_instance_url,
    e.source_item_owner, e.source_item_latitude, e.source_item_longitude, e.target_item_network, e.target_item_domain,
    e.target_item_type, e.target_item_id, e.target_item_instance_url, e.target_item_owner, e.target_item_latitude,
    e.target_item_longitude, e.event_payload, e.remarks, e.source_item_is_local, e.target_item_is_local
  from dpg_test.stored_events() e
  where e.partition_network = 'actions test'$$,
  $$values (
    'actions test', 'connect', 'https://tutor.actions.test', '20000000-0000-4000-8000-000000000001'::uuid, 'created', 0,
    'actions test', 'student', 'profile_1.0', '10000000-0000-4000-8000-000000000001'::uuid, 'https://student.actions.test',
    'actions asha', 12.5::double precision, 77.5::double precision, 'actions test', 'tutor',
    'profile_1.0', '10000000-0000-4000-8000-000000000002'::uuid, 'https://tutor.actions.test', 'actions ravi', -33.25::double precision,
    151.125::double precision, '{"amount": 5}'::jsonb, 'please', true, true
  )$$,
  'one event says the same'
);
select results_eq(
  $$select a.created_at, a.updated_at from made a$$,
  $$select e.created_at, e.created_at from dpg_test.stored_events() e where e.partition_network = 'actions test'$$,
  'made, changed and told at one time'
);
select ok(
  (select a.created_at > transaction_timestamp() and a.created_at <= clock_timestamp() from made a),
  'which is the time of the call, not of its transaction'
);

create temporary table second as
select *
from dpg.perform_action('actions mina', 'connect', dpg_test.item('student', 3), dpg_test.item('tutor', 4));
select results_eq(
  $$select a.action_status, a.requirements_snapshot, a.remarks, a.source_item_latitude, a.source_item_longitude, a.target_item_latitude, a.target_item_longitude from second a$$,
  $$values ('created', '{}'::jsonb, null::text, null::double precision, null::double precision, null::double precision, null::double precision)$$,
  'what is left out is empty, and items without a place leave none'
);
select isnt((select a.action_id from second a), dpg_test.id(1), 'an action without an id gets one');
select results_eq(
  $$select e.event_payload, e.remarks, e.source_item_latitude, e.target_item_longitude from dpg_test.stored_events() e, second s where e.action_id = s.action_id$$,
  $$values ('{"status": "created"}'::jsonb, null::text, null::double precision, null::double precision)$$,
  'the event says the status unless told otherwise'
);
select lives_ok(
  $$select dpg.perform_action('actions mina', 'connect', dpg_test.item('student', 3), dpg_test.item('tutor', 4), null, null, null, null)$$,
  'null stands for what is left out'
);
select results_eq(
  $$select a.requirements_snapshot, e.event_payload
  from dpg_test.stored_actions() a
  join dpg_test.stored_events() e using (partition_network, action_type, action_id, update_count)
  where a.partition_network = 'actions test' and a.source_item_owner = 'actions mina'$$,
  $$values ('{}'::jsonb, '{"status": "created"}'::jsonb), ('{}'::jsonb, '{"status": "created"}'::jsonb)$$,
  'and a call without an id is another action each time'
);
select lives_ok(
  $$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 4))$$,
  'an item may ask another one of the same owner'
);
select lives_ok(
  $$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), action_id => dpg_test.id(2))$$,
  'there may be many actions between two items'
);
select is(
  (
    select count(*)
    from dpg_test.stored_actions() a
    full join dpg_test.stored_events() e using (partition_network, action_type, action_id, update_count)
    where partition_network = 'actions test'
      and (a.updated_at, a.action_status) is distinct from (e.created_at, e.action_status)
  ),
  0::bigint,
  'no action without its event, no event without its action'
);

select * from finish();
rollback;
