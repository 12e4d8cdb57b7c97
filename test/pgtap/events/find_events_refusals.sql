-- find_events refuses malformed filters, page sizes and tokens.
begin;
select plan(20);

select dpg_test.insert_items();

set local role dpg_app;

select dpg_test.perform_actions();
select dpg_test.note_written();
select is(dpg_test.refusal($$select dpg.find_events(null)$$), 'DP001 actor', 'no actor');
select is(dpg_test.refusal($$select dpg.find_events(' ')$$), 'DP001 actor', 'an actor of white space');
select is(dpg_test.refusal($$select dpg.find_events(repeat('x', 121))$$), 'DP001 actor', 'a long actor');
select is(dpg_test.refusal($$select dpg.find_events('actions asha', 'both')$$), 'DP001 ownership_role', 'a role that is none');
select is(dpg_test.refusal($$select dpg.find_events('actions asha', '')$$), 'DP001 ownership_role', 'an empty role');
select is(dpg_test.refusal($$select dpg.find_events('actions asha', 'All')$$), 'DP001 ownership_role', 'a role in other letters');
select is(dpg_test.refusal($$select dpg.find_events('actions asha', partition_network => '')$$), 'DP001 partition_network', 'an empty network');
select is(dpg_test.refusal($$select dpg.find_events('actions asha', action_type => repeat('x', 121))$$), 'DP001 action_type', 'a long action type');
select is(dpg_test.refusal($$select dpg.find_events('actions asha', action_status => ' ')$$), 'DP001 action_status', 'a status of white space');
select is(dpg_test.refusal($$select dpg.find_events('actions asha', page_size => 0)$$), 'DP001 page_size', 'a page of 0');
select is(dpg_test.refusal($$select dpg.find_events('actions asha', page_size => -1)$$), 'DP001 page_size', 'a page of less');
select is(dpg_test.refusal($$select dpg.find_events('actions asha', page_size => 1001)$$), 'DP001 page_size', 'a page of 1,001');
select is(dpg_test.refusal($$select dpg.find_events('actions asha', page_size => 10000)$$), 'DP001 page_size', 'a page of 10,000');
select is(dpg_test.refusal($$select dpg.find_events('actions asha', page_token => 'nonsense')$$), 'DP011', 'a token of nonsense');
select is(dpg_test.refusal($$select dpg.find_events('actions asha', page_size => 0, page_token => 'nonsense')$$), 'DP001 page_size', 'malformed before a token of nonsense');
select is(dpg_test.refusal($$select dpg.find_events('actions asha', update_count => -1)$$), 'DP001 update_count', 'a negative count');
select is(
  dpg_test.detail($$select dpg.find_events('actions asha', page_token => 'nonsense')$$),
  '{"page_token": "nonsense"}'::jsonb,
  'the detail of DP011 names the token'
);
select dpg_test.wrote_nothing('nothing was written');
select is((select count(*) from dpg.find_events('actions asha', page_size => null)), 5::bigint, 'a null page size means 20');
select is((select count(*) from dpg.find_events('actions asha', page_size => 1000)), 5::bigint, 'a page may have 1,000 rows');

select * from finish();
rollback;
