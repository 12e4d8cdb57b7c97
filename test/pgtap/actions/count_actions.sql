-- count_actions and count_item_actions count by role, network, type and status.
begin;
select plan(9);

select dpg_test.insert_items();

set local role dpg_app;

select dpg_test.perform_actions();
do $body$
begin
  perform dpg.transition_action('actions ravi', 'actions test', 'connect', dpg_test.id(1), 'accepted');
end
$body$;

create function pg_temp.brief(c dpg.action_count) returns text language sql as
$$ select concat_ws(' ', c.ownership_role, c.partition_network, c.action_type, c.action_status, c.action_count) $$;
create function pg_temp.brief(c dpg.item_action_count) returns text language sql as
$$ select concat_ws(' ', right(c.item_id::text, 1), c.ownership_role, c.partition_network, c.action_type, c.action_status, c.action_count) $$;

select is(
  array(select pg_temp.brief(c) from dpg.count_actions('actions asha') c),
  array[
    'initiated actions elsewhere visit created 1', 'initiated actions test connect accepted 1', 'initiated actions test connect created 1',
    'received actions test book created 1', 'received actions test connect created 2'
  ],
  'a row for each role, network, type and status; what is on both sides counts in both'
);
select is(
  array(select c.latest_at from dpg.count_actions('actions asha', 'received', 'actions test', 'connect') c),
  array(select max(a.updated_at) from dpg.find_actions('actions asha', 'received', 'actions test', 'connect') a),
  'with the latest change of them'
);
select is(
  array(select pg_temp.brief(c) from dpg.count_actions('actions asha', null, item_id => '10000000-0000-4000-8000-000000000001') c),
  array[
    'initiated actions elsewhere visit created 1', 'initiated actions test connect accepted 1', 'initiated actions test connect created 1'
  ],
  'of an item on the side of the role'
);
select is(array(select pg_temp.brief(c) from dpg.count_actions('actions nobody') c), array[]::text[], 'an unknown actor has none');
select is(array(select pg_temp.brief(c) from dpg.count_actions('far lena') c), array[]::text[], 'nor has the source on another instance');
select is(
  array(select pg_temp.brief(c) from dpg.count_item_actions(array[dpg_test.item('tutor', 4), dpg_test.item('student', 1), dpg_test.item('tutor', 4)]) c),
  array[
    '4 received actions test book created 1', '4 received actions test connect created 2',
    '1 initiated actions test connect accepted 1', '1 initiated actions test connect created 1'
  ],
  'items, in the order asked, each once, actions of their own network'
);
select is(array(select pg_temp.brief(c) from dpg.count_item_actions(array[dpg_test.item('tutor', 99)]) c), array[]::text[], 'an item that is not there has none');
select is(array(select pg_temp.brief(c) from dpg.count_item_actions('{}') c), array[]::text[], 'no items have none');
set local role dpg_readonly;
select is((select sum(c.action_count) from dpg.count_actions('actions ravi') c)::text || (select sum(c.action_count) from dpg.count_item_actions(array[dpg_test.item('student', 1)]) c), '32', 'dpg_readonly may call both');

select * from finish();
rollback;
