-- An action to another network lives in that one and does not hold its source.
begin;
select plan(8);

select dpg_test.insert_items();

set local role dpg_app;

create temporary table made as
select *
from dpg.perform_action('actions asha', 'visit', dpg_test.item('student', 1), dpg_test.item('tutor', 5, 'actions elsewhere'), action_id => dpg_test.id(1));
select results_eq(
  $$select a.partition_network, a.source_item_network, a.target_item_network, a.source_item_id, a.source_local_item_id, a.source_item_is_local,
    a.source_item_owner, a.target_item_owner, a.source_item_latitude, a.target_item_latitude
  from made a$$,
  $$values ('actions elsewhere', 'actions test', 'actions elsewhere', '10000000-0000-4000-8000-000000000001'::uuid, null::uuid, true,
    'actions asha', 'actions ravi', 12.5::double precision, 1.5::double precision)$$,
  'it is listed under its target''s network and refers to no source item'
);
select results_eq(
  $$select e.partition_network, e.source_item_network, e.origin_instance_domain from dpg_test.stored_events() e where e.action_id = dpg_test.id(1)$$,
  $$values ('actions elsewhere', 'actions test', 'https://elsewhere.actions.test')$$,
  'so is its event'
);
select lives_ok(
  $$select dpg.transition_action('actions asha', 'actions elsewhere', 'visit', dpg_test.id(1), 'withdrawn')$$,
  'its source may move it'
);
select throws_ok(
  $$select dpg.delete_item('actions ravi', 'actions elsewhere', 'tutor', 'profile_1.0', '10000000-0000-4000-8000-000000000005')$$,
  'DP013', null, 'its target is held'
);
select lives_ok(
  $$select dpg.delete_item('actions asha', 'actions test', 'student', 'profile_1.0', '10000000-0000-4000-8000-000000000001')$$,
  'its source is not'
);
select results_eq(
  $$select a.source_item_owner, a.source_item_latitude, a.action_status from dpg.get_action('actions asha', 'actions elsewhere', 'visit', dpg_test.id(1)) a$$,
  $$values ('actions asha', 12.5::double precision, 'withdrawn')$$,
  'the snapshot outlives the source item, for its owner too'
);
select lives_ok(
  $$select dpg.transition_action('actions asha', 'actions elsewhere', 'visit', dpg_test.id(1), 'asked')$$,
  'who may still move the action'
);
select throws_ok(
  $$select dpg.perform_action('actions asha', 'visit', dpg_test.item('student', 1), dpg_test.item('tutor', 5, 'actions elsewhere'))$$,
  'DP002', null, 'a deleted item asks nobody'
);

select * from finish();
rollback;
