-- receive_transition refuses all but the source of the action, in the order of the checks, and writes nothing.
begin;
select plan(30);

select dpg_test.insert_items();

set local role dpg_app;

do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', action_id => dpg_test.id(1));
  perform dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), action_id => dpg_test.id(3));
  perform dpg.define_action('actions test', 'connect', '[{"from": "created", "to": "withdrawn", "by": "source"}, {"from": "created", "to": "accepted", "by": "target"}]');
end
$body$;
select dpg_test.note_written();
select is(dpg_test.refusal($$select dpg.receive_transition(null, 'far lena', 'actions test', 'connect', dpg_test.id(3), 'withdrawn')$$), 'DP001 source_item_instance_url', 'no URL');
select is(dpg_test.refusal($$select dpg.receive_transition(' ', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'withdrawn')$$), 'DP001 source_item_instance_url', 'a URL of white space');
select is(dpg_test.refusal($$select dpg.receive_transition(repeat('x', 1025), 'far lena', 'actions test', 'connect', dpg_test.id(3), 'withdrawn')$$), 'DP001 source_item_instance_url', 'a URL of 1,025 bytes');
select is(dpg_test.refusal($$select dpg.receive_transition('https://tutor.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'withdrawn')$$), 'DP001 source_item_instance_url', 'a URL of this instance');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', null, 'actions test', 'connect', dpg_test.id(3), 'withdrawn')$$), 'DP001 source_item_owner', 'no owner');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', repeat('x', 121), 'actions test', 'connect', dpg_test.id(3), 'withdrawn')$$), 'DP001 source_item_owner', 'an owner of 121 characters');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', '', 'connect', dpg_test.id(3), 'withdrawn')$$), 'DP001 partition_network', 'an empty network');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', null, dpg_test.id(3), 'withdrawn')$$), 'DP001 action_type', 'no action type');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', null, 'withdrawn')$$), 'DP001 action_id', 'no action');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), ' ')$$), 'DP001 action_status', 'a status of white space');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'withdrawn', -1)$$), 'DP001 expected_update_count', 'a negative count');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'withdrawn', 0, '"x"')$$), 'DP001 event_payload', 'a payload that is a text');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'withdrawn', 0, null, repeat('x', 65537))$$), 'DP001 remarks', 'remarks beyond the limit');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(9), 'withdrawn')$$), 'DP004', 'an action that is not there');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions nowhere', 'connect', dpg_test.id(3), 'withdrawn')$$), 'DP004', 'a network that is not there');
select is(dpg_test.refusal($$select dpg.receive_transition('https://other.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'withdrawn')$$), 'DP005', 'another URL');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test/Lena', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'withdrawn')$$), 'DP005', 'the URL with a path');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far omar', 'actions test', 'connect', dpg_test.id(3), 'withdrawn')$$), 'DP005', 'another owner');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'actions ravi', 'actions test', 'connect', dpg_test.id(3), 'withdrawn')$$), 'DP005', 'the owner of the target is not the source');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'actions asha', 'actions test', 'connect', dpg_test.id(1), 'withdrawn')$$), 'DP005', 'an action of this instance, by the id of its owner');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'withdrawn', 1)$$), 'DP007', 'a count that is not reached');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'lost')$$), 'DP006', 'a status that cannot follow');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'accepted')$$), 'DP005', 'an edge of the target');
select is(dpg_test.refusal($$select dpg.receive_transition('https://tutor.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(9), 'withdrawn')$$), 'DP001 source_item_instance_url', 'a URL of this instance before an action that is not there');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far omar', 'actions test', 'connect', dpg_test.id(9), 'withdrawn')$$), 'DP004', 'not there before a stranger');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far omar', 'actions test', 'connect', dpg_test.id(3), 'withdrawn', 1)$$), 'DP005', 'a stranger before a stale count');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'lost', 1)$$), 'DP007', 'a stale count before a missing edge');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'accepted', 1)$$), 'DP007', 'a stale count before an edge of the target');
select is(
  dpg_test.detail($$select dpg.receive_transition('https://other.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'withdrawn')$$),
  '{"actor": "far lena", "source_item_instance_url": "https://other.actions.test", "partition_network": "actions test", "action_type": "connect", "action_id": "20000000-0000-4000-8000-000000000003"}'::jsonb,
  'the detail says who asked, from where'
);
select dpg_test.wrote_nothing('nothing was written');

select * from finish();
rollback;
