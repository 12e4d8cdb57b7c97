-- get_action shows an action to its parties, and to nobody else.
begin;
select plan(18);

select dpg_test.insert_items();

set local role dpg_app;

do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', action_id => dpg_test.id(1));
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 4), action_id => dpg_test.id(2));
  perform dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), action_id => dpg_test.id(3));
end
$body$;
create temporary table was as
select * from dpg_test.stored_actions() a where a.action_id = dpg_test.id(1);
select dpg_test.note_written();
select results_eq($$select * from dpg.get_action('actions asha', 'actions test', 'connect', dpg_test.id(1))$$, $$select * from was$$, 'the source reads it');
select results_eq($$select * from dpg.get_action('actions ravi', 'actions test', 'connect', dpg_test.id(1))$$, $$select * from was$$, 'the target reads the same');
select is((select a.action_id from dpg.get_action('actions asha', 'actions test', 'connect', dpg_test.id(2)) a), dpg_test.id(2), 'who is both reads it');
select is((select a.action_id from dpg.get_action('actions ravi', 'actions test', 'connect', dpg_test.id(3)) a), dpg_test.id(3), 'the target of another instance''s action reads it');
select is(dpg_test.refusal($$select dpg.get_action(null, 'actions test', 'connect', dpg_test.id(1))$$), 'DP001 actor', 'no actor');
select is(dpg_test.refusal($$select dpg.get_action(' ', 'actions test', 'connect', dpg_test.id(1))$$), 'DP001 actor', 'an actor of white space');
select is(dpg_test.refusal($$select dpg.get_action('actions asha', null, 'connect', dpg_test.id(1))$$), 'DP001 partition_network', 'no network');
select is(dpg_test.refusal($$select dpg.get_action('actions asha', 'actions test', '', dpg_test.id(1))$$), 'DP001 action_type', 'an empty action type');
select is(dpg_test.refusal($$select dpg.get_action('actions asha', 'actions test', 'connect', null)$$), 'DP001 action_id', 'no id');
select is(dpg_test.refusal($$select dpg.get_action('actions asha', 'actions test', 'connect', dpg_test.id(9))$$), 'DP004', 'an action that is not there');
select is(dpg_test.refusal($$select dpg.get_action('actions asha', 'actions test', 'book', dpg_test.id(1))$$), 'DP004', 'an action type that is not there');
select is(dpg_test.refusal($$select dpg.get_action('actions asha', 'actions nowhere', 'connect', dpg_test.id(1))$$), 'DP004', 'a network that is not there');
select is(dpg_test.refusal($$select dpg.get_action('actions mina', 'actions test', 'connect', dpg_test.id(1))$$), 'DP005', 'a stranger');
select is(dpg_test.refusal($$select dpg.get_action('actions nobody', 'actions test', 'connect', dpg_test.id(1))$$), 'DP005', 'somebody who is no user');
select is(dpg_test.refusal($$select dpg.get_action('far lena', 'actions test', 'connect', dpg_test.id(3))$$), 'DP005', 'the source on another instance');
select is(dpg_test.refusal($$select dpg.get_action('actions mina', 'actions test', 'connect', dpg_test.id(9))$$), 'DP004', 'not there before a stranger');
select dpg_test.wrote_nothing('nothing was written');
set local role dpg_readonly;
select is((select a.action_status from dpg.get_action('actions asha', 'actions test', 'connect', '20000000-0000-4000-8000-000000000001') a), 'created', 'dpg_readonly may call it');

select * from finish();
rollback;
