-- A user of this instance is not the party of another instance that has the same id.
begin;
select plan(13);

select dpg_test.insert_items();

set local role dpg_app;

do $body$
begin
  perform dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'actions asha', dpg_test.item('tutor', 2), action_id => dpg_test.id(1));
  perform dpg.receive_transition('https://far.actions.test', 'actions asha', 'actions test', 'connect', dpg_test.id(1), 'urgent');
  perform dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'actions ravi', dpg_test.item('tutor', 2), action_id => dpg_test.id(2));
end
$body$;
select dpg_test.note_written();
select is(dpg_test.refusal($$select dpg.get_action('actions asha', 'actions test', 'connect', dpg_test.id(1))$$), 'DP005', 'she may not read the action');
select is(dpg_test.refusal($$select dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(1), 'withdrawn')$$), 'DP005', 'she may not move it');
select dpg_test.wrote_nothing('nothing was written');
select is_empty($$select * from dpg.find_actions('actions asha')$$, 'she finds no action');
select is_empty($$select * from dpg.find_actions('actions asha', 'initiated', 'actions test', 'connect')$$, 'nor where the keys name the leaf');
select is_empty($$select * from dpg.find_actions('actions asha', item_id => '10000000-0000-4000-8000-000000000009')$$, 'nor by the item');
select is_empty($$select * from dpg.find_events('actions asha')$$, 'she finds no event');
select is_empty($$select * from dpg.find_events('actions asha', 'initiated', 'actions test', 'connect', dpg_test.id(1))$$, 'nor where the keys name the leaf');
reset role;
select is_empty($$select * from dpg_private.party_leaves p where p.owner = 'actions asha'$$, 'no leaf is noted for her');
set local role dpg_app;
select results_eq(
  $$select a.action_id, a.ownership_roles from dpg.find_actions('actions ravi') a$$,
  $$values (dpg_test.id(2), array['received']), (dpg_test.id(1), array['received'])$$,
  'the owner of the target has the one role, also where the source''s owner has his id'
);
select results_eq(
  $$select e.action_id, e.update_count, e.ownership_roles from dpg.find_events('actions ravi') e$$,
  $$values (dpg_test.id(2), 0, array['received']), (dpg_test.id(1), 1, array['received']), (dpg_test.id(1), 0, array['received'])$$,
  'so with the events'
);
select is_empty($$select * from dpg.find_actions('actions ravi', 'initiated')$$, 'he initiated none');
select is_empty($$select * from dpg.find_events('actions ravi', 'initiated')$$, 'not one event');

select * from finish();
rollback;
