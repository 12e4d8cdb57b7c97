-- Rows that contradict a document when it is registered stay, can be changed and deleted, and actions go on; only what is
-- new has to be declared.
begin;
select plan(19);

select dpg_test.insert_users('net asha', 'net ravi');

create function pg_temp.acting(number integer, requirements jsonb default '{}')
returns text
language sql
return format(
  'select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref, %L, action_id => %L)', 'net asha', 'poke',
  dpg_test.network_item('student', 1, 'profile_0.9'), dpg_test.network_item('club', 2), requirements, dpg_test.id(number)
);
select dpg_test.publish('net asha', dpg_test.network_item('student', 1, 'profile_0.9'));
select dpg_test.publish('net ravi', dpg_test.network_item('club', 2));
select dpg_test.publish('net ravi', dpg_test.network_item('club', 3));
do $body$ begin execute pg_temp.acting(1); end $body$;
select dpg.receive_action('poke', dpg_test.network_item('student', 91), 'https://far.net.test', 'far asha', dpg_test.network_item('club', 2), action_id => dpg_test.id(2));
select lives_ok($$select dpg.register_network(dpg_test.network_document())$$, 'such a document is accepted');
set local role dpg_app;

select is((select count(*) from dpg.find_items('net test', 'club')), 2::bigint, 'items are found');
select is(
  dpg_test.refusal(format('select dpg.update_item(%L, %L, %L, %L, %L, %L)', 'net ravi', 'net test', 'club', 'profile_1.0',
    (dpg_test.network_item('club', 2)).item_id, '{"item_state": {"name": "Chess"}}')),
  'no refusal', 'and changed'
);
select is(
  dpg_test.refusal($$select dpg.upsert_item('net asha', 'net test', 'student', 'profile_0.9', 'https://net.test', 'https://s.net.test',
    '{"name": "Asha"}', item_id => (dpg_test.network_item('student', 1)).item_id)$$),
  'no refusal', 'also by upsert_item'
);
select is(
  dpg_test.refusal(format('select dpg.upsert_items(%L, %L)', 'net ravi', jsonb_build_array(jsonb_build_object(
    'item_network', 'net test', 'item_domain', 'club', 'item_type', 'profile_1.0', 'item_instance_url', 'https://net.test',
    'item_schema_url', 'https://s.net.test', 'item_state', '{"name": "Go"}'::jsonb, 'item_id', (dpg_test.network_item('club', 3)).item_id
  )))),
  'no refusal', 'and upsert_items'
);
select is(
  (select string_agg(i.item_state ->> 'name', ', ' order by i.item_id) from dpg.items i where i.item_network = 'net test'),
  'Asha, Chess, Go', 'as they say'
);
select is(
  dpg_test.refusal($$select dpg_test.publish('net asha', dpg_test.network_item('club', 2))$$), 'DP003', 'by their owners only'
);
select is(
  dpg_test.refusal(format('select dpg.transition_action(%L, %L, %L, %L, %L)', 'net ravi', 'net test', 'poke', dpg_test.id(1), 'accepted')),
  'no refusal', 'an action goes on'
);
select is(
  dpg_test.refusal(format('select dpg.receive_transition(%L, %L, %L, %L, %L, %L)', 'https://far.net.test', 'far asha', 'net test', 'poke', dpg_test.id(2), 'withdrawn')),
  'no refusal', 'also one of another instance'
);
select is(dpg_test.refusal(pg_temp.acting(1)), 'no refusal', 'a repeated perform_action finds its action');
select is(dpg_test.refusal(pg_temp.acting(1, '{"other": 1}')), 'DP008', 'or that it differs');
select is(
  dpg_test.refusal(format('select dpg.receive_action(%L, %L::dpg.item_ref, %L, %L, %L::dpg.item_ref, action_id => %L)', 'poke',
    dpg_test.network_item('student', 91), 'https://far.net.test', 'far asha', dpg_test.network_item('club', 2), dpg_test.id(2))),
  'no refusal', 'and so does receive_action'
);
select is(dpg_test.refusal(pg_temp.acting(3)), 'DP014 action_type', 'a new one is refused');
select is(
  dpg_test.refusal($$select dpg_test.publish('net ravi', dpg_test.network_item('club', 4))$$), 'DP014 item_domain', 'and a new item'
);
select is(
  dpg_test.refusal($$select dpg.define_action('net test', 'poke', '[{"from": "created", "to": "closed", "by": "either"}]')$$), 'no refusal',
  'the graph of an action type that is there can be declared, so that its actions end'
);
select is(dpg_test.refusal($$select dpg.define_action('net test', 'poke', null)$$), 'no refusal', 'and removed');
select is(
  dpg_test.refusal($$select dpg.ensure_item_partition('net test', 'club'), dpg.ensure_action_partition('net test', 'poke'),
    dpg.ensure_action_event_partition('net test', 'poke')$$),
  'no refusal', 'leaves that are there are found'
);
select is(
  dpg_test.refusal(format('select dpg.delete_item(%L, %L, %L, %L, %L)', 'net ravi', 'net test', 'club', 'profile_1.0', (dpg_test.network_item('club', 3)).item_id)),
  'no refusal', 'an item is deleted'
);
select is(
  dpg_test.refusal($$select dpg_test.publish('net ravi', dpg_test.network_item('club', 3))$$), 'DP014 item_domain', 'and does not come back'
);
select * from finish();
rollback;
