-- An event mirrored before its origin became a URL of this instance keeps its place: no second one of the same update.
begin;
select plan(6);

select dpg_test.insert_items();

set local role dpg_app;

do $body$
begin
  perform dpg.store_event(dpg_test.event('{"origin_instance_domain": "https://ours.actions.test", "target_item_instance_url": "https://ours.actions.test", "action_id": "20000000-0000-4000-8000-000000000001", "update_count": 0}'));
  perform dpg.store_event(dpg_test.event('{"event_id": "40000000-0000-4000-8000-000000000002", "origin_instance_domain": "https://ours.actions.test", "target_item_instance_url": "https://ours.actions.test", "action_id": "20000000-0000-4000-8000-000000000002", "update_count": 1}'));
end
$body$;
-- another instance is known by it, until somebody says that it is none
set local role dpg_admin;
select dpg.forget_instance_url('https://ours.actions.test');
set local role dpg_app;
do $body$
begin
  perform dpg.update_item('actions ravi', 'actions test', 'tutor', 'profile_1.0', '10000000-0000-4000-8000-000000000002', '{"item_instance_url": "https://ours.actions.test"}');
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', action_id => dpg_test.id(2));
end
$body$;
select dpg_test.note_written();
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', action_id => dpg_test.id(1))$$), 'DP008', 'an action whose first event has its place taken');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(2), 'accepted')$$), 'DP008', 'a change whose event has its place taken');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(2), 'accepted', event_id => '40000000-0000-4000-8000-000000000007')$$), 'DP008', 'under an id of its own too');
select results_eq(
  $$select r.code, r.message, r.detail - 'index' from dpg.transition_actions('actions ravi', jsonb_build_array(jsonb_build_object(
    'partition_network', 'actions test', 'action_type', 'connect', 'action_id', dpg_test.id(2), 'action_status', 'accepted'))) r$$,
  $$select e ->> 'code', e ->> 'message', e -> 'detail'
    from dpg_test.error('select dpg.transition_action(''actions ravi'', ''actions test'', ''connect'', dpg_test.id(2), ''accepted'')') e$$,
  'one of many changes as well'
);
select is(
  dpg_test.refusal($$select dpg.set_item_status('actions ravi', 'actions test', 'tutor', 'profile_1.0', '10000000-0000-4000-8000-000000000002', 'retired', null, '{closed}')$$),
  'DP008', 'and an item that would close the action'
);
select dpg_test.wrote_nothing('nothing was written');

select * from finish();
rollback;
