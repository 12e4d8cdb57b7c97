-- Of two faults in one call perform_action names the one that comes first in the order of the checks.
begin;
select plan(8);

select dpg_test.insert_items();

create temporary table before (digest text);
grant select, insert on before to dpg_app;

set local role dpg_app;

do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), action_id => dpg_test.id(1));
end
$body$;
select dpg_test.note_written();
select is(dpg_test.refusal($$select dpg.perform_action('actions nobody', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '[]')$$), 'DP001 requirements_snapshot', 'malformed before an unknown user');
select is(dpg_test.refusal($$select dpg.perform_action('actions nobody', 'connect', dpg_test.item('student', 1), dpg_test.item('student', 1), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP001 target', 'an item that asks itself before an unknown user');
select is(dpg_test.refusal($$select dpg.perform_action('actions nobody', 'connect', dpg_test.item('student', 9), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP009', 'an unknown user before an item that is not there');
select is(dpg_test.refusal($$select dpg.perform_action('actions nobody', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP009', 'an unknown user before an item of another');
select is(dpg_test.refusal($$select dpg.perform_action('actions mina', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 9), '{"subject": "math"}', 'please', '{"amount": 5}', dpg_test.id(1))$$), 'DP002', 'an item that is not there before one of another');
select is(dpg_test.refusal($$select dpg.perform_action('actions mina', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"other": 1}', null, null, dpg_test.id(1))$$), 'DP003', 'an item of another before an id that was used');
select is(dpg_test.refusal($$select dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"other": 1}', null, null, dpg_test.id(1))$$), 'DP008', 'an id that was used');
select dpg_test.wrote_nothing('nothing was written');

select * from finish();
rollback;
