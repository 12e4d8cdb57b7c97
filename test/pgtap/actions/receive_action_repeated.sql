-- receive_action with the id of an action that is there: the same returns it, other content is DP008.
begin;
select plan(21);

select dpg_test.insert_items();

set local role dpg_app;

create temporary table made as
select * from dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5);
select dpg_test.note_written();
select results_eq(
  $$select * from dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$,
  $$select * from made$$,
  'the same again returns the row'
);
select dpg_test.wrote_nothing('which writes nothing');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 8), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP008', 'another source');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9, 'far network'), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP008', 'a source in another network');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('tutor', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP008', 'a source in another domain');
select is(dpg_test.refusal($$select dpg.receive_action('connect', row('actions test', 'student', 'profile_2.0', '10000000-0000-4000-8000-000000000009')::dpg.item_ref, 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP008', 'a source of another type');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://other.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP008', 'another URL');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far omar', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP008', 'another owner');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 4), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP008', 'another target');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "art"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP008', 'other requirements');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'now', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP008', 'other remarks');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', null, '{"amount": 5}', dpg_test.id(1), 10.5, 20.5)$$), 'DP008', 'no remarks');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 6}', dpg_test.id(1), 10.5, 20.5)$$), 'DP008', 'another payload');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', null, dpg_test.id(1), 10.5, 20.5)$$), 'DP008', 'no payload');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.25, 20.5)$$), 'DP008', 'another latitude');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.25)$$), 'DP008', 'another longitude');
select is(dpg_test.refusal($$select dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP008', 'no place');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP008', 'an action of this instance under the id');
select dpg_test.wrote_nothing('nothing was written');

do $body$
begin
  perform dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', dpg_test.id(1), 'withdrawn', remarks => 'no need');
  perform dpg.define_action('actions test', 'connect', '[]', 'asked');
end
$body$;
select dpg_test.note_written();
select results_eq(
  $$select a.action_status, a.update_count, a.remarks from dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1), 10.5, 20.5) a$$,
  $$values ('withdrawn', 1, 'no need')$$,
  'after a change the same again returns the row as it is now'
);
select dpg_test.wrote_nothing('and writes nothing');

select * from finish();
rollback;
