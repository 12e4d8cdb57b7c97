-- perform_action refuses what is malformed, unknown or not the actor's, and writes nothing.
begin;
select plan(34);

select dpg_test.insert_items();

select dpg_test.note_written();

set local role dpg_app;

select is(dpg_test.refusal($$select dpg.perform_action(null, 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 actor', 'no actor');
select is(dpg_test.refusal($$select dpg.perform_action(' ', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 actor', 'an actor of white space');
select is(dpg_test.refusal($$select dpg.perform_action(repeat('x', 121), 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 actor', 'an actor of 121 characters');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', null, dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 action_type', 'no action type');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', repeat('x', 121), dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 action_type', 'a long action type');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', null, dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 source.item_network', 'no source');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), null, '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 target.item_network', 'no target');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', row('', 'tutor', 'profile_1.0', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 source.item_network', 'an empty source network');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', row('actions test', repeat('x', 121), 'profile_1.0', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 source.item_domain', 'a long source domain');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', row('actions test', 'tutor', null, '10000000-0000-4000-8000-000000000002')::dpg.item_ref, dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 source.item_type', 'no source type');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', row('actions test', 'tutor', 'profile_1.0', null)::dpg.item_ref, dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 source.item_id', 'no source id');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), row(null, 'tutor', 'profile_1.0', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 target.item_network', 'no target network');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), row('actions test', ' ', 'profile_1.0', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 target.item_domain', 'a target domain of white space');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), row('actions test', 'tutor', '', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 target.item_type', 'an empty target type');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), row('actions test', 'tutor', 'profile_1.0', null)::dpg.item_ref, '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 target.item_id', 'no target id');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('student', 1), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 target', 'an item that asks itself');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '[]')$$), 'DP001 requirements_snapshot', 'requirements that are an array');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), 'null')$$), 'DP001 requirements_snapshot', 'requirements that are JSON null');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), jsonb_build_object('x', repeat('x', 1048576)))$$), 'DP001 requirements_snapshot', 'requirements beyond the limit');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{}', repeat('x', 65537))$$), 'DP001 remarks', 'remarks beyond the limit');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{}', null, '1')$$), 'DP001 event_payload', 'a payload that is a number');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{}', null, 'null')$$), 'DP001 event_payload', 'a payload that is JSON null');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{}', null, jsonb_build_object('x', repeat('x', 1048576)))$$), 'DP001 event_payload', 'a payload beyond the limit');
select is(dpg_test.refusal($$select dpg.perform_action('actions nobody', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP009', 'an actor who is no user');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 9), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP002', 'a source that is not there');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('nowhere', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP002', 'a source in a domain that is not there');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 9), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP002', 'a target that is not there');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2, 'actions nowhere'), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP002', 'a target in a network that is not there');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), row('actions test', 'tutor', 'profile_2.0', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP002', 'a target of another type');
select is(dpg_test.refusal($$select dpg.perform_action('actions mina', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP003', 'a source of another owner');
select is(dpg_test.refusal($$select dpg.perform_action('actions ravi', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP003', 'the owner of the target is not that of the source');
select is(
  dpg_test.detail($$select dpg.perform_action('actions mina', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$),
  '{"actor": "actions mina", "item_network": "actions test", "item_domain": "student", "item_type": "profile_1.0", "item_id": "10000000-0000-4000-8000-000000000001"}'::jsonb,
  'the detail of DP003 names actor and item'
);
select is(
  dpg_test.detail($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 9), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$),
  '{"item_network": "actions test", "item_domain": "tutor", "item_type": "profile_1.0", "item_id": "10000000-0000-4000-8000-000000000009"}'::jsonb,
  'the detail of DP002 names the item'
);
select dpg_test.wrote_nothing('nothing was written, no partition made');

select * from finish();
rollback;
