-- An application changes actions and events through the functions alone, and reads its actor's.
begin;
select plan(47);

select dpg_test.insert_items();

do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), '{"subject": "math"}', 'please', action_id => dpg_test.id(1));
  perform dpg.store_event(dpg_test.event('{"action_type": "later"}'));
end
$body$;

set local role dpg_app;

select throws_ok(format(s.statement, t.relation), '42501', null, format(s.statement, t.relation))
from (
  values
    ('dpg.item_actions'), ('dpg.a_p_actionstest'), ('dpg.a_p_actionstest_connect'),
    ('dpg.action_events'), ('dpg.e_p_actionstest'), ('dpg.e_p_actionstest_connect'), ('dpg.e_p_actionstest_later')
) t(relation),
(
  values
    ('insert into %s select * from %1$s'),
    ('update %s set remarks = null'),
    ('delete from %s'),
    ('truncate %s')
) s(statement);
select throws_ok(format('select * from %s', t.relation), '42501', null, format('a leaf is not read past the policy of its root: %s', t.relation))
from (
  values ('dpg.a_p_actionstest'), ('dpg.a_p_actionstest_connect'), ('dpg.e_p_actionstest'), ('dpg.e_p_actionstest_connect'), ('dpg.e_p_actionstest_later')
) t(relation);
select throws_ok($$update dpg.action_definitions set initial_status = 'x'$$, '42501', null, 'declarations are written by define_action alone');
select throws_ok($$delete from dpg.action_definitions$$, '42501', null, 'and removed by it');
select throws_ok($$select * from dpg_private.party_leaves$$, '42501', null, 'what is private is not read');
select throws_ok($$select dpg_private.find_leaf('items', 'a', 'b')$$, '42501', null, 'nor called');
select is_empty($$select * from dpg.item_actions where partition_network = 'actions test'$$, 'without dpg.actor no action is seen');
select is_empty($$select * from dpg.action_events where partition_network = 'actions test'$$, 'no event either');
set local dpg.actor = 'actions ravi';
select results_eq($$select action_id from dpg.item_actions where partition_network = 'actions test'$$, $$values (dpg_test.id(1))$$, 'a party sees the action');
select results_eq($$select action_id from dpg.action_events where partition_network = 'actions test'$$, $$values (dpg_test.id(1))$$, 'and its events, not those in which another instance''s user has the same id');
set local dpg.actor = 'actions mina';
select is_empty($$select * from dpg.item_actions where partition_network = 'actions test'$$, 'a stranger sees no action');
select is_empty($$select * from dpg.action_events where partition_network = 'actions test'$$, 'and no event');
set local role dpg_readonly;
select throws_ok($$select dpg.perform_action('actions asha', 'connect', null, null)$$, '42501', null, 'dpg_readonly performs nothing');
select throws_ok($$select dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(1), 'x')$$, '42501', null, 'moves nothing');
select throws_ok($$select dpg.define_action('actions test', 'connect', null)$$, '42501', null, 'declares nothing');
select throws_ok($$select dpg.store_event('{}')$$, '42501', null, 'and stores nothing');

select * from finish();
rollback;
