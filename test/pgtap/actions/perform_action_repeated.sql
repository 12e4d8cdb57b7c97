-- perform_action with the id of an action that is there: the same returns it, other content is DP008.
begin;
select plan(19);

select dpg_test.insert_items();

set local role dpg_app;

create temporary table made as
select * from dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))
union all
select * from dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), action_id => dpg_test.id(2));
select dpg_test.note_written();
select results_eq(
  $$select * from dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1)) p$$,
  $$select * from made m where m.action_id = dpg_test.id(1)$$,
  'the same again returns the row'
);
select results_eq(
  $$select * from dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{}', null, '{"status": "created"}', dpg_test.id(2)) p$$,
  $$select * from made m where m.action_id = dpg_test.id(2)$$,
  'also when it spells out what was left out'
);
select dpg_test.wrote_nothing('which writes nothing');

select is(dpg_test.refusal($$select dpg.perform_action('actions mina', 'connect', dpg_test.item('student', 3), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP008', 'another source of another owner');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('tutor', 4), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP008', 'another source of the same owner');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('student', 3), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP008', 'another target');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "art"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP008', 'other requirements');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), null, 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP008', 'no requirements');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'now', '{"amount": 5}', dpg_test.id(1))$$), 'DP008', 'other remarks');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', null, '{"amount": 5}', dpg_test.id(1))$$), 'DP008', 'no remarks');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 6}', dpg_test.id(1))$$), 'DP008', 'another payload');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', null, dpg_test.id(1))$$), 'DP008', 'no payload');
select is(
  dpg_test.detail($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), null, 'please', '{"amount": 5}', dpg_test.id(1))$$),
  '{"partition_network": "actions test", "action_type": "connect", "action_id": "20000000-0000-4000-8000-000000000001"}'::jsonb,
  'the detail names the action'
);
select dpg_test.wrote_nothing('nothing was written');

-- later: the items change, the action moves, the graph begins elsewhere
do $body$
begin
  perform dpg.update_item('actions asha', 'actions test', 'student', 'profile_1.0', '10000000-0000-4000-8000-000000000001',
    '{"item_latitude": null, "item_longitude": null, "item_instance_url": "https://moved.actions.test"}');
  perform dpg.update_item('actions ravi', 'actions test', 'tutor', 'profile_1.0', '10000000-0000-4000-8000-000000000002',
    '{"item_latitude": 0, "item_longitude": 0, "item_instance_url": "https://moved.actions.test"}');
  perform dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted', remarks => 'fine');
  perform dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(2), 'accepted');
  perform dpg.define_action('actions test', 'connect', '[]', 'asked');
end
$body$;
select dpg_test.note_written();
select results_eq(
  $$select p.action_status, p.update_count, p.remarks, p.source_item_instance_url, p.source_item_latitude from dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1)) p$$,
  $$values ('accepted', 1, 'fine', 'https://student.actions.test', 12.5::double precision)$$,
  'the same again returns the row as it is now'
);
select results_eq(
  $$select p.action_status, p.update_count from dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), action_id => dpg_test.id(2)) p$$,
  $$values ('accepted', 1)$$,
  'also where the payload was left out and the initial status is another today'
);
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'fine', '{"amount": 5}', dpg_test.id(1))$$), 'DP008', 'the remarks of a later change are not those of the first');
select dpg_test.wrote_nothing('and nothing was written');
select lives_ok(
  $$select dpg.perform_action('actions asha', 'book', dpg_test.item('student', 1), dpg_test.item('tutor', 2), action_id => dpg_test.id(1))$$,
  'an id counts within its network and action type'
);

select * from finish();
rollback;
