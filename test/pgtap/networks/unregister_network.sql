-- unregister_network opens a network again.
begin;
select plan(9);

select dpg_test.insert_users('net asha', 'net ravi');

select dpg.register_network(dpg_test.network_document());
select is(
  dpg_test.refusal($$select dpg_test.publish('net asha', dpg_test.network_item('school', 1))$$), 'DP014 item_domain', 'refused as long as it is registered'
);
select is(dpg.unregister_network('net test'), true, 'the registration is taken back');
select is_empty($$select * from dpg.networks where network = 'net test'$$, 'and gone');
select is(dpg_test.refusal($$select dpg_test.publish('net asha', dpg_test.network_item('school', 1))$$), 'no refusal', 'the network is open');
select is(dpg.unregister_network('net test'), false, 'false when it was not registered');
select is(dpg_test.refusal($$select dpg.unregister_network(null)$$), 'DP001 network', 'no network');
select is(dpg_test.refusal($$select dpg.unregister_network(' ')$$), 'DP001 network', 'a network of white space');
select lives_ok($$select dpg.register_network(dpg_test.network_document())$$, 'it can be registered again');
select is(
  dpg_test.refusal($$select dpg_test.publish('net asha', dpg_test.network_item('club', 1))$$), 'DP014 item_domain', 'and is enforced again'
);
select * from finish();
rollback;
