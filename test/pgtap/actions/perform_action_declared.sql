-- perform_action begins with the declared initial status.
begin;
select plan(4);

select dpg_test.insert_items();

do $body$
begin
  perform dpg.define_action('actions test', 'connect', '[{"from": "asked", "to": "granted", "by": "target"}]', 'asked');
end
$body$;

set local role dpg_app;

create temporary table made as
select * from dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2))
union all
select * from dpg.perform_action('actions asha', 'book', dpg_test.item('student', 1), dpg_test.item('tutor', 2));
select results_eq(
  $$select a.action_type, a.action_status, a.update_count from made a order by a.action_type$$,
  $$values ('book', 'created', 0), ('connect', 'asked', 0)$$,
  'the status of a declared and of an undeclared action'
);
select results_eq(
  $$select e.action_type, e.action_status, e.event_payload from dpg_test.stored_events() e where e.partition_network = 'actions test' order by e.action_type$$,
  $$values ('book', 'created', '{"status": "created"}'::jsonb), ('connect', 'asked', '{"status": "asked"}'::jsonb)$$,
  'the events say so'
);
select lives_ok(
  $$select dpg.define_action('actions test', 'connect', '[]', 'wanted')$$,
  'the declaration changes'
);
select results_eq(
  $$select a.action_status from dpg_test.stored_actions() a where a.partition_network = 'actions test' and a.action_type = 'connect'$$,
  $$values ('asked')$$,
  'actions that are there keep their status'
);

select * from finish();
rollback;
