-- find_actions refuses malformed filters, page sizes and tokens.
begin;
select plan(31);

select dpg_test.insert_items();

set local role dpg_app;

select dpg_test.perform_actions();
select dpg_test.note_written();
select is(dpg_test.refusal($$select dpg.find_actions(null)$$), 'DP001 actor', 'no actor');
select is(dpg_test.refusal($$select dpg.find_actions(' ')$$), 'DP001 actor', 'an actor of white space');
select is(dpg_test.refusal($$select dpg.find_actions(repeat('x', 121))$$), 'DP001 actor', 'a long actor');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', 'both')$$), 'DP001 ownership_role', 'a role that is none');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', '')$$), 'DP001 ownership_role', 'an empty role');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', 'All')$$), 'DP001 ownership_role', 'a role in other letters');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', partition_network => '')$$), 'DP001 partition_network', 'an empty network');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', action_type => repeat('x', 121))$$), 'DP001 action_type', 'a long action type');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', action_status => ' ')$$), 'DP001 action_status', 'a status of white space');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', page_size => 0)$$), 'DP001 page_size', 'a page of 0');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', page_size => -1)$$), 'DP001 page_size', 'a page of less');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', page_size => 1001)$$), 'DP001 page_size', 'a page of 1,001');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', page_size => 10000)$$), 'DP001 page_size', 'a page of 10,000');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', page_token => 'nonsense')$$), 'DP011', 'a token of nonsense');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', page_size => 0, page_token => 'nonsense')$$), 'DP001 page_size', 'malformed before a token of nonsense');
select is(
  dpg_test.detail($$select dpg.find_actions('actions asha', page_token => 'nonsense')$$),
  '{"page_token": "nonsense"}'::jsonb,
  'the detail of DP011 names the token'
);
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', action_types => '{connect,""}')$$), 'DP001 action_types 1', 'an empty action type among several');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', action_types => '{connect,null}')$$), 'DP001 action_types 1', 'none among several');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', action_type => 'connect', action_types => '{connect}')$$), 'DP001 action_types', 'one action type and several');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', action_type => 'connect', action_types => '{}')$$), 'DP001 action_types', 'one action type and an empty array');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', action_statuses => array[repeat('x', 121)])$$), 'DP001 action_statuses 0', 'a long status among several');
select is(dpg_test.refusal($$select dpg.find_actions('actions asha', action_status => 'created', action_statuses => '{created}')$$), 'DP001 action_statuses', 'one status and several');
select is(
  dpg_test.detail($$select dpg.find_actions('actions asha', action_statuses => '{created," "}')$$),
  '{"argument": "action_statuses", "value": " ", "index": 1}'::jsonb,
  'the detail says which of several'
);
select is(dpg_test.refusal($$select dpg.count_actions(null)$$), 'DP001 actor', 'counts: no actor');
select is(dpg_test.refusal($$select dpg.count_actions('actions asha', 'both')$$), 'DP001 ownership_role', 'counts: a role that is none');
select is(dpg_test.refusal($$select dpg.count_actions('actions asha', action_type => ' ')$$), 'DP001 action_type', 'counts: an action type of white space');
select is(dpg_test.refusal($$select dpg.count_item_actions(null)$$), 'DP001 items', 'counts of items: no items');
select is(dpg_test.refusal($$select dpg.count_item_actions(array_fill(dpg_test.item('student', 1), array[1001]))$$), 'DP001 items', 'counts of items: 1,001 of them');
select dpg_test.wrote_nothing('nothing was written');
select is((select count(*) from dpg.find_actions('actions asha', page_size => null)), 5::bigint, 'a null page size means 20');
select is((select count(*) from dpg.find_actions('actions asha', page_size => 1000)), 5::bigint, 'a page may have 1,000 rows');

select * from finish();
rollback;
