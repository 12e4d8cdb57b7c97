-- transition_action with the id of an event that is there: the same returns the action, other content is DP008.
begin;
select plan(20);

select dpg_test.insert_items();

set local role dpg_app;

do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', action_id => dpg_test.id(1));
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', action_id => dpg_test.id(4));
end
$body$;
create temporary table made as
select * from dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 0, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001');
select dpg_test.note_written();
select results_eq($$select * from dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 0, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$, $$select * from made$$, 'the same again returns the row');
select results_eq($$select * from dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', null, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$, $$select * from made$$, 'also when it no longer says which count it expects');
select dpg_test.wrote_nothing('which writes nothing');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'refused', 0, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'another status');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 1, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'another expected count');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 2147483647, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'the highest count');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 0, '{"when": "friday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'another payload');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 0, null, 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'no payload');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 0, '{"when": "monday"}', 'no', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'other remarks');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 0, '{"when": "monday"}', null, '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'no remarks');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(4), 'accepted', 0, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'another action');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(4), 'accepted', 7, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'another action, and before a stale count');
select is(
  dpg_test.detail($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'refused', 0, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$),
  '{"partition_network": "actions test", "action_type": "connect", "event_id": "30000000-0000-4000-8000-000000000001"}'::jsonb,
  'the detail names the event that is there, and no more of it'
);
select dpg_test.wrote_nothing('nothing was written');
do $body$
begin
  perform dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(1), 'paused');
  perform dpg.define_action('actions test', 'connect', '[]');
end
$body$;
select dpg_test.note_written();
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 0, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001') a$$,
  $$values ('paused', 2)$$,
  'after another change, under a graph that would not allow it, the same again returns the row as it is now'
);
select dpg_test.wrote_nothing('and writes nothing');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', 0, '{"when": "monday"}', 'gladly', null)$$), 'DP007', 'without its id it is a new call');
select is(dpg_test.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'refused', 0, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'an id that was used comes before a stale count and a missing edge');
select is(
  dpg_test.refusal(format($$select dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'created', remarks => %L, event_id => %L)$$, e.remarks, e.event_id)),
  'DP008',
  'the id of the action''s first event is used as well, even with the same content'
)
from dpg_test.stored_events() e
where e.action_id = dpg_test.id(1) and e.update_count = 0;
select dpg_test.wrote_nothing('nothing was written');

select * from finish();
rollback;
