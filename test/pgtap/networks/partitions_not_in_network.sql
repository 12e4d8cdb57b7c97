-- Partitions and state graphs of a registered network are of declared domains and action types; else DP014, and no leaf is made.
begin;
select plan(13);

select dpg_test.insert_users('net asha', 'net ravi');

select dpg.register_network(dpg_test.network_document());
select dpg_test.note_written();
set local role dpg_app;

select is(dpg_test.refusal($$select dpg.ensure_item_partition('net test', 'school')$$), 'DP014 item_domain', 'ensure_item_partition');
select is(dpg_test.refusal($$select dpg.ensure_action_partition('net test', 'poke')$$), 'DP014 action_type', 'ensure_action_partition');
select is(dpg_test.refusal($$select dpg.ensure_action_event_partition('net test', 'poke')$$), 'DP014 action_type', 'ensure_action_event_partition');
select is(dpg_test.refusal($$select dpg.define_action('net test', 'poke', '[]')$$), 'DP014 action_type', 'define_action');
select is(dpg_test.refusal($$select dpg.define_action('net test', 'poke', '[1]')$$), 'DP001 transitions 0', 'what is malformed comes first');
select is(dpg_test.refusal($$select dpg.define_action('net test', 'poke', null)$$), 'no refusal', 'a declaration that is not there can be removed');
select is(dpg_test.refusal($$select dpg.ensure_item_partition('net test', ' ')$$), 'DP001 item_domain', 'a malformed domain');
select dpg_test.wrote_nothing('nothing was written, no leaf made');

select is(dpg.ensure_item_partition('net test', 'student')::text, 'dpg.i_p_nettest_student', 'a declared domain');
select is(dpg.ensure_action_partition('net test', 'connect')::text, 'dpg.a_p_nettest_connect', 'a declared action type');
select is(dpg.ensure_action_event_partition('net test', 'vouch')::text, 'dpg.e_p_nettest_vouch', 'its events');
select is(dpg_test.refusal($$select dpg.define_action('net test', 'connect', '[]')$$), 'no refusal', 'and its graph');
select is(dpg.ensure_item_partition('net open', 'school')::text, 'dpg.i_p_netopen_school', 'an open network has every domain');
select * from finish();
rollback;
