-- transition_action moves the action, counts, and appends one event of the same time and snapshots.
begin;
select plan(9);

select dpg_test.insert_items();

set local role dpg_app;

do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', action_id => dpg_test.id(1));
  perform dpg.update_item('actions asha', 'actions test', 'student', 'profile_1.0', '10000000-0000-4000-8000-000000000001', '{"item_latitude": 1, "item_longitude": 1, "item_instance_url": "https://moved.actions.test"}');
  perform dpg.update_item('actions ravi', 'actions test', 'tutor', 'profile_1.0', '10000000-0000-4000-8000-000000000002', '{"item_latitude": null, "item_longitude": null, "item_instance_url": "https://moved.actions.test"}');
end
$body$;

create temporary table before as
select * from dpg_test.stored_actions() a where a.action_id = dpg_test.id(1);
create temporary table made as
select *
from dpg.transition_action(
  actor => 'actions ravi', partition_network => 'actions test', action_type => 'connect', action_id => dpg_test.id(1),
  action_status => 'accepted', expected_update_count => 0, event_payload => '{"when": "monday"}', remarks => 'gladly',
  event_id => '30000000-0000-4000-8000-000000000001'
);
select results_eq(
  $$select
    a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot, a.remarks,
    a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
    a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
    a.target_item_instance_url, a.target_item_owner, a.source_item_latitude, a.source_item_longitude,
    a.target_item_latitude, a.target_item_longitude, a.source_item_is_local, a.source_local_item_id, a.created_at
  from made a$$,
  $$select
    'actions test', 'connect', '20000000-0000-4000-8000-000000000001'::uuid, 'accepted', 1, '{"subject": "math"}'::jsonb, 'gladly',
    'actions test', 'student', 'profile_1.0', '10000000-0000-4000-8000-000000000001'::uuid, 'https://student.actions.test',
    'actions asha', 'actions test', 'tutor', 'profile_1.0', '10000000-0000-4000-8000-000000000002'::uuid,
    'https://tutor.actions.test', 'actions ravi', 12.5::double precision, 77.5::double precision,
    -33.25::double precision, 151.125::double precision, true, '10000000-0000-4000-8000-000000000001'::uuid, b.created_at
  from before b$$,
  'the action, returned: status, count and remarks are new, all else is as before'
);
select ok((select m.updated_at > b.updated_at and m.updated_at <= clock_timestamp() from made m, before b), 'it changed later than it was made');
select results_eq(
  $$select * from dpg_test.stored_actions() a where a.partition_network = 'actions test'$$,
  $$select * from made$$,
  'that is the action as stored'
);
select results_eq(
  $$select
    e.partition_network, e.action_type, e.origin_instance_domain, e.action_id, e.action_status, e.update_count,
    e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id, e.source_item_instance_url,
    e.source_item_owner, e.source_item_latitude, e.source_item_longitude, e.target_item_network, e.target_item_domain,
    e.target_item_type, e.target_item_id, e.target_item_instance_url, e.target_item_owner, e.target_item_latitude,
    e.target_item_longitude, e.event_payload, e.remarks, e.source_item_is_local, e.target_item_is_local, e.event_id
  from dpg_test.stored_events() e
  where e.action_id = dpg_test.id(1) and e.update_count > 0$$,
  $$values (
    'actions test', 'connect', 'https://tutor.actions.test', '20000000-0000-4000-8000-000000000001'::uuid, 'accepted', 1,
    'actions test', 'student', 'profile_1.0', '10000000-0000-4000-8000-000000000001'::uuid, 'https://student.actions.test',
    'actions asha', 12.5::double precision, 77.5::double precision, 'actions test', 'tutor',
    'profile_1.0', '10000000-0000-4000-8000-000000000002'::uuid, 'https://tutor.actions.test', 'actions ravi', -33.25::double precision,
    151.125::double precision, '{"when": "monday"}'::jsonb, 'gladly', true, true, '30000000-0000-4000-8000-000000000001'::uuid
  )$$,
  'one event says the same, with the snapshots of the action, whatever became of the items'
);
select is(
  (select e.created_at from dpg_test.stored_events() e where e.action_id = dpg_test.id(1) and e.update_count = 1),
  (select m.updated_at from made m),
  'and has its time'
);
select results_eq(
  $$select a.action_status, a.update_count, a.remarks from dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(1), 'thanked') a$$,
  $$values ('thanked', 2, 'gladly')$$,
  'null remarks keep those of the row; without a declaration either party may set any status'
);
select results_eq(
  $$select a.action_status, a.update_count, a.remarks from dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(1), 'thanked', remarks => '') a$$,
  $$values ('thanked', 3, '')$$,
  'the same status is a change too; remarks may be empty'
);
select results_eq(
  $$select e.update_count, e.action_status, e.event_payload, e.remarks from dpg_test.stored_events() e where e.action_id = dpg_test.id(1) order by e.created_at$$,
  $$values
    (0, 'created', '{"status": "created"}'::jsonb, 'please'),
    (1, 'accepted', '{"when": "monday"}', 'gladly'),
    (2, 'thanked', '{"status": "thanked"}', null),
    (3, 'thanked', '{"status": "thanked"}', '')$$,
  'in the order of their times the events count without a gap, each with the remarks given with it'
);
select is((select count(distinct e.created_at) from dpg_test.stored_events() e where e.action_id = dpg_test.id(1)), 4::bigint, 'no two at the same time');

select * from finish();
rollback;
