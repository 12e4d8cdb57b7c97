-- Times of an action rise even when the clock was set back.
begin;
select plan(2);

select dpg_test.insert_items();

set local role dpg_app;

do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', action_id => dpg_test.id(1));
end
$body$;

reset role;
update dpg.item_actions set updated_at = '2999-12-31 23:59:59.999999+00' where action_id = dpg_test.id(1);
set local role dpg_app;
select results_eq(
  $$select a.updated_at from dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted') a$$,
  $$values ('3000-01-01 00:00:00+00'::timestamptz)$$,
  'one microsecond after the last change'
);
select results_eq(
  $$select e.created_at from dpg_test.stored_events() e where e.action_id = dpg_test.id(1) and e.update_count = 1$$,
  $$values ('3000-01-01 00:00:00+00'::timestamptz)$$,
  'for the event too'
);

select * from finish();
rollback;
