-- transition_action refuses in the order of the checks, and writes nothing.
begin;
select plan(37);

select dpg_test.insert_items();

set local role dpg_app;

do $body$
begin
  perform dpg.define_action('actions test', 'connect', '[{"from": "created", "to": "accepted", "by": "target"}]');
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', action_id => dpg_test.id(1));
  perform dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', event_id => '30000000-0000-4000-8000-000000000001');
end
$body$;
select dpg_test.note_written();
select is(dpg_test.refusal($$select dpg.transition_action(null, 'actions test', 'connect', dpg_test.id(1), 'accepted')$$), 'DP001 actor', 'no actor');
select is(dpg_test.refusal($$select dpg.transition_action('', 'actions test', 'connect', dpg_test.id(1), 'accepted')$$), 'DP001 actor', 'an empty actor');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', null, 'connect', dpg_test.id(1), 'accepted')$$), 'DP001 partition_network', 'no network');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', repeat('x', 121), 'connect', dpg_test.id(1), 'accepted')$$), 'DP001 partition_network', 'a long network');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', null, dpg_test.id(1), 'accepted')$$), 'DP001 action_type', 'no action type');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', ' ', dpg_test.id(1), 'accepted')$$), 'DP001 action_type', 'an action type of white space');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', null, 'accepted')$$), 'DP001 action_id', 'no action');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), null)$$), 'DP001 action_status', 'no status');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), '')$$), 'DP001 action_status', 'an empty status');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), repeat('x', 121))$$), 'DP001 action_status', 'a status of 121 characters');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', -1)$$), 'DP001 expected_update_count', 'a negative count');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 1, '[]')$$), 'DP001 event_payload', 'a payload that is an array');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 1, 'null')$$), 'DP001 event_payload', 'a payload that is JSON null');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 1, jsonb_build_object('x', repeat('x', 1048576)))$$), 'DP001 event_payload', 'a payload beyond the limit');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 1, null, repeat('x', 65537))$$), 'DP001 remarks', 'remarks beyond the limit');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(9), 'accepted')$$), 'DP004', 'an action that is not there');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'book', dpg_test.id(1), 'accepted')$$), 'DP004', 'an action type that is not there');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions nowhere', 'connect', dpg_test.id(1), 'accepted')$$), 'DP004', 'a network that is not there');
select is(dpg_test.refusal($$select dpg.transition_action('actions mina', 'actions test', 'connect', dpg_test.id(1), 'accepted')$$), 'DP005', 'a stranger');
select is(dpg_test.refusal($$select dpg.transition_action('actions nobody', 'actions test', 'connect', dpg_test.id(1), 'accepted')$$), 'DP005', 'somebody who is no user');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 0)$$), 'DP007', 'a stale count');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 2)$$), 'DP007', 'a count that is not reached');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'lost')$$), 'DP006', 'a status that cannot follow');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(9), '')$$), 'DP001 action_status', 'malformed before not there');
select is(dpg_test.refusal($$select dpg.transition_action('actions mina', 'actions test', 'connect', dpg_test.id(9), 'accepted')$$), 'DP004', 'not there before a stranger');
select is(dpg_test.refusal($$select dpg.transition_action('actions mina', 'actions test', 'connect', dpg_test.id(1), 'accepted', event_id => '30000000-0000-4000-8000-000000000001')$$), 'DP005', 'a stranger before an id that was used, even with the same content');
select is(dpg_test.refusal($$select dpg.transition_action('actions mina', 'actions test', 'connect', dpg_test.id(1), 'accepted', 0)$$), 'DP005', 'a stranger before a stale count');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'lost', 0, event_id => '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'an id that was used before a stale count');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'lost', 0)$$), 'DP007', 'a stale count before a missing edge');
select is(
  dpg_test.detail($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 0)$$),
  '{"partition_network": "actions test", "action_type": "connect", "action_id": "20000000-0000-4000-8000-000000000001", "expected_update_count": 0, "update_count": 1, "action_status": "accepted"}'::jsonb,
  'the detail of DP007 says what the action has come to'
);
select is(
  dpg_test.detail($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(9), 'accepted')$$),
  '{"partition_network": "actions test", "action_type": "connect", "action_id": "20000000-0000-4000-8000-000000000009"}'::jsonb,
  'the detail of DP004 names the action'
);
select is(
  dpg_test.detail($$select dpg.transition_action('actions mina', 'actions test', 'connect', dpg_test.id(1), 'accepted')$$),
  '{"actor": "actions mina", "partition_network": "actions test", "action_type": "connect", "action_id": "20000000-0000-4000-8000-000000000001"}'::jsonb,
  'the detail of DP005 names actor and action'
);
select dpg_test.wrote_nothing('nothing was written');
do $body$
begin
  perform dpg.define_action('actions test', 'connect', '[{"from": "accepted", "to": "done", "by": "source"}]');
end
$body$;
select dpg_test.note_written();
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'done', 0)$$), 'DP007', 'a stale count before an edge of the other side');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'done', event_id => '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'an id that was used before an edge of the other side');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'done', 1)$$), 'DP005', 'an edge of the other side');
select dpg_test.wrote_nothing('nothing was written');

select * from finish();
rollback;
