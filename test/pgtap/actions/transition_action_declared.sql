-- A declared state graph says which status may follow, and by whom.
begin;
select plan(26);

select dpg_test.insert_items();

set local role dpg_app;

do $body$
begin
  perform dpg.define_action('actions test', 'connect', '[
    {"from": "created", "to": "accepted", "by": "target"},
    {"from": "created", "to": "withdrawn", "by": "source"},
    {"from": "created", "to": "created", "by": "either"},
    {"from": "accepted", "to": "accepted", "by": "target"},
    {"from": "accepted", "to": "done", "by": "source"},
    {"from": "accepted", "to": "done", "by": "target"}
  ]');
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', action_id => dpg_test.id(1));
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 4), action_id => dpg_test.id(2));
  perform dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), action_id => dpg_test.id(3));
end
$body$;
select dpg_test.note_written();
select is(dpg_test.refusal($$select dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(1), 'accepted')$$), 'DP005', 'the source may not take the edge of the target');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'withdrawn')$$), 'DP005', 'the target may not take the edge of the source');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'accepted')$$), 'DP005', 'nor may the source on another instance');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'done')$$), 'DP006', 'an edge that there is from another status');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'lost')$$), 'DP006', 'a status that the graph does not know');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'Accepted')$$), 'DP006', 'a status in other letters');
select is(
  dpg_test.detail($$select dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(1), 'accepted')$$),
  '{"actor": "actions asha", "partition_network": "actions test", "action_type": "connect", "action_id": "20000000-0000-4000-8000-000000000001", "from": "created", "to": "accepted", "by": "target"}'::jsonb,
  'the detail of DP005 says whose edge it is'
);
select is(
  dpg_test.detail($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'lost')$$),
  '{"partition_network": "actions test", "action_type": "connect", "action_id": "20000000-0000-4000-8000-000000000001", "from": "created", "to": "lost"}'::jsonb,
  'the detail of DP006 says which edge there is not'
);
select dpg_test.wrote_nothing('nothing was written');
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(1), 'created') a$$,
  $$values ('created', 1)$$,
  'an edge to itself, by either: the source'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'created') a$$,
  $$values ('created', 2)$$,
  'the target'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted') a$$,
  $$values ('accepted', 3)$$,
  'the target takes its edge'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted') a$$,
  $$values ('accepted', 4)$$,
  'an edge to itself, by the target'
);
select is(dpg_test.refusal($$select dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(1), 'accepted')$$), 'DP005', 'not by the source');
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(1), 'done') a$$,
  $$values ('done', 5)$$,
  'of two edges between the same statuses one is the sources'
);
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'created')$$), 'DP006', 'there is no way back');
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(2), 'accepted') a$$,
  $$values ('accepted', 1)$$,
  'who owns both sides takes the edge of the target'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(2), 'done') a$$,
  $$values ('done', 2)$$,
  'and that of either side'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'withdrawn') a$$,
  $$values ('withdrawn', 1)$$,
  'the source on another instance takes its edge'
);
do $body$
begin
  perform dpg.define_action('actions test', 'connect', '[]');
end
$body$;
select dpg_test.note_written();
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'done')$$), 'DP006', 'without any edge nothing may change, not even to the same status');
select is(dpg_test.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'created')$$), 'DP006', 'not from another instance either');
select dpg_test.wrote_nothing('nothing was written');
do $body$
begin
  perform dpg.define_action('actions test', 'connect', null);
end
$body$;
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'anything') a$$,
  $$values ('anything', 6)$$,
  'without a declaration everything may, by the target'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(1), 'whatever') a$$,
  $$values ('whatever', 7)$$,
  'by the source'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(3), 'anything') a$$,
  $$values ('anything', 2)$$,
  'and by the source on another instance'
);
select is(
  (select count(*) from dpg_test.stored_events() e where e.partition_network = 'actions test'),
  (select sum(a.update_count + 1) from dpg_test.stored_actions() a where a.partition_network = 'actions test'),
  'one event for each success, none for the refusals'
);

select * from finish();
rollback;
