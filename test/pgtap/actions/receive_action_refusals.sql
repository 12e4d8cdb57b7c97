-- receive_action refuses what is malformed, unknown or claims to be of this instance, and writes nothing.
begin;
select plan(29);

select dpg_test.insert_items();

select dpg_test.note_written();

set local role dpg_app;

select is(dpg_test.refusal($$select dpg.receive_action(null, dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 action_type', 'no action type');
select is(dpg_test.refusal($$select dpg.receive_action(' ', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 action_type', 'an action type of white space');
select is(dpg_test.refusal($$select dpg.receive_action('connect', null, 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 source.item_network', 'no source');
select is(dpg_test.refusal($$select dpg.receive_action('connect', row('actions test', null, 'profile_1.0', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 source.item_domain', 'no source domain');
select is(dpg_test.refusal($$select dpg.receive_action('connect', row('actions test', 'tutor', 'profile_1.0', null)::dpg.item_ref, 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 source.item_id', 'no source id');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), null, 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 source_item_instance_url', 'no URL');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), ' ', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 source_item_instance_url', 'a URL of white space');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), repeat('x', 1025), 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 source_item_instance_url', 'a URL of 1,025 bytes');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://student.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 source_item_instance_url', 'a URL of this instance');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://elsewhere.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 source_item_instance_url', 'a URL of this instance, of another network');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', null, dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 source_item_owner', 'no owner');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', '', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 source_item_owner', 'an empty owner');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', repeat('x', 121), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 source_item_owner', 'an owner of 121 characters');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', null, '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 target.item_network', 'no target');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', row('actions test', 'tutor', '', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 target.item_type', 'an empty target type');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', row('actions test', 'tutor', 'profile_1.0', null)::dpg.item_ref, '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 target.item_id', 'no target id');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '1')$$), 'DP001 requirements_snapshot', 'requirements that are a number');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{}', repeat('x', 65537))$$), 'DP001 remarks', 'remarks beyond the limit');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{}', null, '[]')$$), 'DP001 event_payload', 'a payload that is an array');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{}', null, null, null, 10, null)$$), 'DP001 source_item_longitude', 'a latitude alone');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{}', null, null, null, null, 10)$$), 'DP001 source_item_latitude', 'a longitude alone');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{}', null, null, null, 90.5, 10)$$), 'DP001 source_item_latitude', 'a latitude beyond the pole');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{}', null, null, null, 'NaN', 10)$$), 'DP001 source_item_latitude', 'a latitude that is no number');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{}', null, null, null, 10, -180.5)$$), 'DP001 source_item_longitude', 'a longitude beyond 180 degrees');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{}', null, null, null, 10, '-Infinity')$$), 'DP001 source_item_longitude', 'an infinite longitude');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 9), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP002', 'a target that is not there');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2, 'actions nowhere'), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP002', 'a target in a network that is not there');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://student.actions.test', 'far lena', dpg_test.item('tutor', 9), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP001 source_item_instance_url', 'a URL of this instance before a target that is not there');
select dpg_test.wrote_nothing('nothing was written, no partition made');

select * from finish();
rollback;
