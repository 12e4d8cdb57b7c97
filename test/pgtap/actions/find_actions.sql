-- find_actions finds the actions of which the actor is a party, by role and by filters.
begin;
select plan(25);

select dpg_test.insert_items();

set local role dpg_app;

select dpg_test.perform_actions();
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha') a), array['6 received', '5 initiated', '3 received', '2 initiated received', '1 initiated']::text[], 'all of which she is a party, latest first, each once');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'initiated') a), array['5 initiated', '2 initiated received', '1 initiated']::text[], 'those that she initiated');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'received') a), array['6 received', '3 received', '2 initiated received']::text[], 'those that she received');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', null) a), array['6 received', '5 initiated', '3 received', '2 initiated received', '1 initiated']::text[], 'null means all');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions ravi') a), array['5 received', '4 initiated', '1 received']::text[], 'another actor finds others');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions nobody') a), array[]::text[], 'an unknown actor finds nothing');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('far lena') a), array[]::text[], 'the source on another instance finds nothing');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', partition_network => 'actions test') a), array['6 received', '3 received', '2 initiated received', '1 initiated']::text[], 'of a network');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', action_type => 'visit') a), array['5 initiated']::text[], 'of an action type in any network');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'all', 'actions test', 'connect') a), array['6 received', '2 initiated received', '1 initiated']::text[], 'of one leaf');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'received', 'actions test', 'connect') a), array['6 received', '2 initiated received']::text[], 'of one leaf and role');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', partition_network => 'actions nowhere') a), array[]::text[], 'a network that is not there is empty');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'all', 'actions test', 'nothing') a), array[]::text[], 'so is an action type');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', item_id => '10000000-0000-4000-8000-000000000001') a), array['5 initiated', '2 initiated received', '1 initiated']::text[], 'an item, as source or as target');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', item_id => '10000000-0000-4000-8000-000000000004') a), array['6 received', '3 received', '2 initiated received']::text[], 'an item, on the other side');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'initiated', item_id => '10000000-0000-4000-8000-000000000004') a), array[]::text[], 'the item of the role: she initiated none with it');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'received', item_id => '10000000-0000-4000-8000-000000000001') a), array[]::text[], 'and received none with that');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'received', item_id => '10000000-0000-4000-8000-000000000004') a), array['6 received', '3 received', '2 initiated received']::text[], 'the item that she received with');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions ravi', item_id => '10000000-0000-4000-8000-000000000001') a), array[]::text[], 'the item of the other party is not his side');
do $body$
begin
  perform dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted');
  perform dpg.transition_action('actions asha', 'actions test', 'book', dpg_test.id(3), 'accepted');
end
$body$;
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', page_size => 3) a), array['3 received', '1 initiated', '6 received']::text[], 'what changed last comes first');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', action_status => 'accepted') a), array['3 received', '1 initiated']::text[], 'of a status');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'initiated', 'actions test', 'connect', 'accepted', '10000000-0000-4000-8000-000000000001') a), array['1 initiated']::text[], 'all filters at once');
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions asha', 'received', 'actions test', 'connect', 'accepted') a), array[]::text[], 'all must hold');
select results_eq(
  $$select (to_jsonb(f) - '{ownership_roles,source_item_state,source_item_status,target_item_state,target_item_status,next_page_token}'::text[]) from dpg.find_actions('actions asha', 'initiated', action_status => 'accepted') f$$,
  $$select to_jsonb(a) from dpg_test.stored_actions() a where a.action_id = dpg_test.id(1)$$,
  'the columns are those of the table'
);
set local role dpg_readonly;
select is((select coalesce(array_agg(dpg_test.brief(a.action_id, a.ownership_roles)), '{}') from dpg.find_actions('actions mina') a), array['3 initiated', '4 received']::text[], 'dpg_readonly may call it');

select * from finish();
rollback;
