-- receive_transition moves an action for its source on another instance.
begin;
select plan(7);

select dpg_test.insert_items();

set local role dpg_app;

do $body$
begin
  perform dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), action_id => dpg_test.id(3));
end
$body$;

create temporary table made as
select *
from dpg.receive_transition(
  source_item_instance_url => 'https://far.actions.test', source_item_owner => 'far lena', partition_network => 'actions test',
  action_type => 'connect', action_id => dpg_test.id(3), action_status => 'withdrawn', expected_update_count => 0,
  event_payload => '{"why": "found one"}', remarks => 'thanks', event_id => '30000000-0000-4000-8000-000000000001'
);
select results_eq(
  $$select a.action_status, a.update_count, a.remarks, a.source_item_owner, a.source_item_instance_url, a.source_item_is_local from made a$$,
  $$values ('withdrawn', 1, 'thanks', 'far lena', 'https://far.actions.test', false)$$,
  'the action, returned'
);
select results_eq($$select * from dpg_test.stored_actions() a where a.action_id = dpg_test.id(3)$$, $$select * from made$$, 'is the action as stored');
select results_eq(
  $$select e.event_id, e.update_count, e.action_status, e.event_payload, e.remarks, e.origin_instance_domain, e.source_item_owner, e.source_item_is_local, e.target_item_is_local, e.created_at
  from dpg_test.stored_events() e where e.action_id = dpg_test.id(3) and e.update_count = 1$$,
  $$select '30000000-0000-4000-8000-000000000001'::uuid, 1, 'withdrawn', '{"why": "found one"}'::jsonb, 'thanks', 'https://tutor.actions.test', 'far lena', false, true, m.updated_at from made m$$,
  'its event says the same'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'asked again') a$$,
  $$values ('asked again', 2)$$,
  'what is left out takes its default'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(3), 'accepted') a$$,
  $$values ('accepted', 3)$$,
  'the target moves it too'
);

select results_eq(
  $$select e.update_count, e.event_payload, e.remarks from dpg_test.stored_events() e where e.action_id = dpg_test.id(3) and e.update_count > 1 order by e.created_at$$,
  $$values (2, '{"status": "asked again"}'::jsonb, null::text), (3, '{"status": "accepted"}', null)$$,
  'each with its event'
);
select is((select a.remarks from dpg_test.stored_actions() a where a.action_id = dpg_test.id(3)), 'thanks', 'null remarks keep those of the row');

select * from finish();
rollback;
