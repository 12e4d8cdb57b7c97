-- A network that is not registered is open, whatever else is registered: every call does as it always did.
begin;
select plan(9);

select dpg_test.insert_users('net asha', 'net ravi');

select dpg.register_network(dpg_test.network_document());
-- names that are near, and a document without anything
select dpg.register_network('{"name": "net_open", "domains": []}');
select dpg.register_network('{"name": "Net open", "domains": []}');
set local role dpg_app;

select is(
  dpg_test.refusal($$select dpg_test.publish('net asha', dpg_test.network_item('school', 1, 'any type', 'net open'))$$), 'no refusal', 'upsert_item'
);
select is(
  dpg_test.refusal(format('select dpg.upsert_items(%L, %L)', 'net ravi', jsonb_build_array(jsonb_build_object(
    'item_network', 'net open', 'item_domain', 'club', 'item_type', 'any', 'item_instance_url', 'https://net.test',
    'item_schema_url', 's', 'item_id', (dpg_test.network_item('club', 2)).item_id
  )))),
  'no refusal', 'upsert_items'
);
select is(
  dpg_test.refusal(format('select dpg.perform_action(%L, %L, %L::dpg.item_ref, %L::dpg.item_ref, action_id => %L)', 'net asha', 'poke',
    dpg_test.network_item('school', 1, 'any type', 'net open'), dpg_test.network_item('club', 2, 'any', 'net open'), dpg_test.id(1))),
  'no refusal', 'perform_action'
);
select is(
  dpg_test.refusal(format('select dpg.receive_action(%L, %L::dpg.item_ref, %L, %L, %L::dpg.item_ref)', 'wave',
    dpg_test.network_item('nobody', 91, 'what', 'net elsewhere'), 'https://far.net.test', 'far asha', dpg_test.network_item('club', 2, 'any', 'net open'))),
  'no refusal', 'receive_action'
);
select is(
  dpg_test.refusal(format('select dpg.transition_action(%L, %L, %L, %L, %L)', 'net ravi', 'net open', 'poke', dpg_test.id(1), 'seen')),
  'no refusal', 'transition_action'
);
select is(
  dpg_test.refusal($$select dpg.ensure_item_partition('net open', 'any'), dpg.ensure_action_partition('net open', 'any'),
    dpg.ensure_action_event_partition('net open', 'any')$$),
  'no refusal', 'ensure_item_partition and the others'
);
select is(dpg_test.refusal($$select dpg.define_action('net open', 'any', '[]')$$), 'no refusal', 'define_action');
reset role;
select is((select count(*) from dpg.items where item_network = 'net open'), 2::bigint, 'items are there');
select is((select count(*) from dpg.item_actions where partition_network = 'net open'), 2::bigint, 'and actions');
select * from finish();
rollback;
