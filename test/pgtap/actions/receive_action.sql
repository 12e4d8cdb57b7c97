-- receive_action stores what another instance says of its source, and what the item says of the target.
begin;
select plan(9);

select dpg_test.insert_items();

set local role dpg_app;

create temporary table made as
select *
from dpg.receive_action(
  action_type => 'connect', source => dpg_test.item('student', 9), source_item_instance_url => 'https://far.actions.test',
  source_item_owner => 'far lena', target => dpg_test.item('tutor', 2), requirements_snapshot => '{"subject": "math"}',
  remarks => 'please', event_payload => '{"amount": 5}', action_id => dpg_test.id(1),
  source_item_latitude => 10.5, source_item_longitude => 20.5
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
    'actions test', 'student', 'profile_1.0', '10000000-0000-4000-8000-000000000009'::uuid, 'https://far.actions.test',
    'far lena', 'actions test', 'tutor', 'profile_1.0', '10000000-0000-4000-8000-000000000002'::uuid,
    'https://tutor.actions.test', 'actions ravi', 10.5::double precision, 20.5::double precision,
    -33.25::double precision, 151.125::double precision, false, null::uuid
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
    'actions test', 'student', 'profile_1.0', '10000000-0000-4000-8000-000000000009'::uuid, 'https://far.actions.test',
    'far lena', 10.5::double precision, 20.5::double precision, 'actions test', 'tutor',
    'profile_1.0', '10000000-0000-4000-8000-000000000002'::uuid, 'https://tutor.actions.test', 'actions ravi', -33.25::double precision,
    151.125::double precision, '{"amount": 5}'::jsonb, 'please', false, true
  )$$,
  'one event says the same'
);
select results_eq(
  $$select a.created_at, a.updated_at from made a$$,
  $$select e.created_at, e.created_at from dpg_test.stored_events() e where e.partition_network = 'actions test'$$,
  'made, changed and told at one time'
);
create temporary table second as
select * from dpg.receive_action('connect', dpg_test.item('student', 9, 'far network'), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2));
select results_eq(
  $$select a.partition_network, a.source_item_network, a.requirements_snapshot, a.remarks, a.source_item_latitude, a.source_item_longitude, e.event_payload
  from second a join dpg_test.stored_events() e using (action_id)$$,
  $$values ('actions test', 'far network', '{}'::jsonb, null::text, null::double precision, null::double precision, '{"status": "created"}'::jsonb)$$,
  'what is left out is empty; the source''s network need not be known here'
);
select lives_ok(
  $$select dpg.receive_action('connect', dpg_test.item('tutor', 2), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2))$$,
  'another instance may have an item of the same keys and id as the target'
);
select lives_ok(
  $$select dpg.receive_action('connect', dpg_test.item('student', 1), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), action_id => dpg_test.id(3))$$,
  'and one of the same keys and id as another item of this instance'
);
select lives_ok(
  $$select dpg.delete_item('actions asha', 'actions test', 'student', 'profile_1.0', '10000000-0000-4000-8000-000000000001')$$,
  'which that action does not hold'
);
do $body$
begin
  perform dpg.define_action('actions test', 'connect', '[]', 'asked');
end
$body$;
select results_eq(
  $$select a.action_status from dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2)) a$$,
  $$values ('asked')$$,
  'the status is the declared initial one'
);

select * from finish();
rollback;
