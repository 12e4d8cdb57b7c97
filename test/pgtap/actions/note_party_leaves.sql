-- The leaves of a party are noted once, for users of this instance alone.
begin;
select plan(1);

select dpg_test.insert_items();

do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', action_id => dpg_test.id(1));
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', action_id => dpg_test.id(2));
  perform dpg.perform_action('actions asha', 'visit', dpg_test.item('student', 1), dpg_test.item('tutor', 5, 'actions elsewhere'));
  perform dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2));
  perform dpg.store_event(dpg_test.event('{"action_type": "book"}'));
  perform dpg.store_event(dpg_test.event('{"action_type": "book", "event_id": "40000000-0000-4000-8000-000000000002", "update_count": 4}'));
  perform dpg.store_event(dpg_test.event('{"action_type": "third", "source_item_instance_url": "https://third.actions.test"}'));
end
$body$;
select results_eq(
  $$select p.owner, p.partition_network, p.action_type
  from dpg_private.party_leaves p
  where p.owner like 'actions %' or p.owner like 'far %'
  order by p.owner, p.partition_network, p.action_type$$,
  $$values
    ('actions asha', 'actions elsewhere', 'visit'),
    ('actions asha', 'actions test', 'book'),
    ('actions asha', 'actions test', 'connect'),
    ('actions ravi', 'actions elsewhere', 'visit'),
    ('actions ravi', 'actions test', 'connect')$$,
  'each party of this instance once for each leaf; nobody of another instance'
);

select * from finish();
rollback;
