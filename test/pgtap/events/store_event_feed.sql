-- A mirrored event is found by the owner of its source here, and by nobody of the other instance's ids.
begin;
select plan(12);

select dpg_test.insert_items();

set local role dpg_app;

do $body$
begin
  perform dpg.store_event(dpg_test.event());
  perform dpg.perform_action('actions ravi', 'book', dpg_test.item('tutor', 2), dpg_test.item('student', 1), action_id => dpg_test.id(1));
end
$body$;
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha') e),
  array['1.0 received', '9.3 initiated']::text[],
  'the owner of the source of a mirrored event finds it'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'initiated') e),
  array['9.3 initiated']::text[],
  'as initiated'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'received') e),
  array['1.0 received']::text[],
  'and not as received'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'all', 'actions test', 'connect', item_id => '10000000-0000-4000-8000-000000000001') e),
  array['9.3 initiated']::text[],
  'by the item'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions ravi') e),
  array['1.0 initiated']::text[],
  'a user of this instance with the id of the targets owner does not'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions ravi', 'received', 'actions test', 'connect') e),
  array[]::text[],
  'nor where the keys name the leaf'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions ravi', item_id => '10000000-0000-4000-8000-000000000009') e),
  array[]::text[],
  'nor by the item'
);
do $body$
begin
  perform dpg.store_event(dpg_test.event('{"event_id": "40000000-0000-4000-8000-000000000002", "action_type": "visit", "source_item_instance_url": "https://third.actions.test"}'));
end
$body$;
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', action_type => 'visit') e),
  array[]::text[],
  'who has the id of a sources owner on a third instance finds nothing'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'all', 'actions test', 'visit') e),
  array[]::text[],
  'nor where the keys name the leaf'
);
do $body$
begin
  perform dpg.store_event(dpg_test.event('{"event_id": "40000000-0000-4000-8000-000000000003", "update_count": 2, "created_at": "2026-01-01T00:00:00Z"}'));
  perform dpg.store_event(dpg_test.event('{"event_id": "40000000-0000-4000-8000-000000000004", "update_count": 4, "created_at": "2026-01-03T00:00:00Z"}'));
end
$body$;
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', action_id => '20000000-0000-4000-8000-000000000009') e),
  array['9.4 initiated', '9.3 initiated', '9.2 initiated']::text[],
  'those that came out of order are in the order of their times'
);
select results_eq(
  $$select action_id, action_status, update_count, target_item_instance_url, ownership_roles from dpg.find_actions('actions asha', 'initiated')$$,
  $$values ('20000000-0000-4000-8000-000000000009'::uuid, 'accepted', 4, 'https://far.actions.test', array['initiated'])$$,
  'their action is as the event of the highest update_count left it'
);
select is_empty(
  $$select * from dpg.find_actions('actions ravi', action_type => 'connect')$$,
  'nobody is a party of it by the id of its targets owner'
);

select * from finish();
rollback;
