-- find_events finds the events of which the actor is a party, by role and by filters.
begin;
select plan(22);

select dpg_test.insert_items();

set local role dpg_app;

select dpg_test.perform_actions();
do $body$
begin
  perform dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted');
  perform dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(1), 'thanked');
  perform dpg.transition_action('actions asha', 'actions test', 'book', dpg_test.id(3), 'accepted');
end
$body$;
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha') e),
  array['3.1 received', '1.2 initiated', '1.1 initiated', '6.0 received', '5.0 initiated', '3.0 received', '2.0 initiated received', '1.0 initiated']::text[],
  'all of which she is a party, newest first, each once'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', null) e),
  array['3.1 received', '1.2 initiated', '1.1 initiated', '6.0 received', '5.0 initiated', '3.0 received', '2.0 initiated received', '1.0 initiated']::text[],
  'a null role means all'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'initiated') e),
  array['1.2 initiated', '1.1 initiated', '5.0 initiated', '2.0 initiated received', '1.0 initiated']::text[],
  'those of what she initiated'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'received') e),
  array['3.1 received', '6.0 received', '3.0 received', '2.0 initiated received']::text[],
  'those of what she received'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions nobody') e),
  array[]::text[],
  'an unknown actor finds nothing'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('far lena') e),
  array[]::text[],
  'the source on another instance finds nothing'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'all', 'actions test', 'connect', dpg_test.id(1)) e),
  array['1.2 initiated', '1.1 initiated', '1.0 initiated']::text[],
  'the history of an action'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', action_id => dpg_test.id(1)) e),
  array['1.2 initiated', '1.1 initiated', '1.0 initiated']::text[],
  'also by its id alone'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions mina', 'all', 'actions test', 'connect', dpg_test.id(1)) e),
  array[]::text[],
  'not for a stranger'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', partition_network => 'actions elsewhere') e),
  array['5.0 initiated']::text[],
  'of a network'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', action_type => 'book') e),
  array['3.1 received', '3.0 received']::text[],
  'of an action type'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', action_status => 'accepted') e),
  array['3.1 received', '1.1 initiated']::text[],
  'of a status, also when it is the action''s no more'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', update_count => 1) e),
  array['3.1 received', '1.1 initiated']::text[],
  'of an update'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', update_count => 0, partition_network => 'actions test', ownership_role => 'initiated') e),
  array['2.0 initiated received', '1.0 initiated']::text[],
  'the makings of what she initiated in a network'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', item_id => '10000000-0000-4000-8000-000000000001') e),
  array['1.2 initiated', '1.1 initiated', '5.0 initiated', '2.0 initiated received', '1.0 initiated']::text[],
  'an item as source'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', item_id => '10000000-0000-4000-8000-000000000004') e),
  array['3.1 received', '6.0 received', '3.0 received', '2.0 initiated received']::text[],
  'an item as target'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'initiated', item_id => '10000000-0000-4000-8000-000000000004') e),
  array[]::text[],
  'the item of the role'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'received', item_id => '10000000-0000-4000-8000-000000000001') e),
  array[]::text[],
  'and no other'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'initiated', 'actions test', 'connect', dpg_test.id(1), 'accepted', 1, '10000000-0000-4000-8000-000000000001') e),
  array['1.1 initiated']::text[],
  'all filters at once'
);
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', page_size => 2) e),
  array['3.1 received', '1.2 initiated']::text[],
  'a page'
);
select results_eq(
  $$select (to_jsonb(f) - 'ownership_roles' - 'next_page_token') from dpg.find_events('actions asha', action_id => dpg_test.id(1), update_count => 1) f$$,
  $$select to_jsonb(e) from dpg_test.stored_events() e where e.action_id = dpg_test.id(1) and e.update_count = 1$$,
  'the columns are those of the table'
);
set local role dpg_readonly;
select is(
  (select coalesce(array_agg(dpg_test.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions mina') e),
  array['3.1 initiated', '4.0 received', '3.0 initiated']::text[],
  'dpg_readonly may call it'
);

select * from finish();
rollback;
