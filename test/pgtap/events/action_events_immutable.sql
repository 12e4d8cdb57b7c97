-- Events can neither be changed nor removed, by the owner of the tables either.
begin;
select plan(76);

select dpg_test.insert_items();

do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), action_id => dpg_test.id(1));
  perform dpg.store_event(dpg_test.event('{"action_type": "book"}'));
  perform dpg.store_event(dpg_test.event('{"action_type": "later"}'));
  perform dpg.store_event(dpg_test.event('{"partition_network": "actions later", "target_item_network": "actions later"}'));
end
$body$;

-- as the owner of the tables
do $body$
begin
  perform set_config('role', (select pg_get_userbyid(c.relowner) from pg_class c where c.oid = 'dpg.action_events'::regclass), true);
end
$body$;
create temporary table attempt as
select format(s.statement, t.relation) as statement, s.operation || t.name as name
from (
  values
    ('dpg.action_events', 'the root'),
    ('dpg.e_p_actionstest', 'a network'),
    ('dpg.e_p_actionstest_connect', 'a leaf'),
    ('dpg.e_p_actionstest_book', 'a leaf of mirrored events'),
    ('dpg.e_p_actionstest_later', 'a leaf made later'),
    ('dpg.e_p_actionslater', 'a network made later'),
    ('dpg.e_p_actionslater_connect', 'its leaf')
) t(relation, name),
(
  values
    ($$update %s set remarks = 'changed' where partition_network like 'actions %%'$$, 'update of '),
    ($$update %s set event_payload = event_payload where partition_network like 'actions %%'$$, 'update that changes nothing of '),
    ($$update %s set action_type = 'moved' where partition_network like 'actions %%'$$, 'update to another leaf of '),
    ($$delete from %s where partition_network like 'actions %%'$$, 'delete from '),
    ($$truncate %s$$, 'truncate of ')
) s(statement, operation);
select dpg_test.note_written();
select throws_ok(a.statement, 'DP012', null, a.name) from attempt a;
select throws_ok(
  $$insert into dpg.action_events
  select * from dpg.action_events e where e.partition_network = 'actions test'
  on conflict on constraint action_events_pkey do update set remarks = 'changed'$$,
  'DP012', null, 'insert that ends in an update'
);
select throws_ok(
  $$merge into dpg.action_events e using (select 1) one(n) on e.partition_network = 'actions test' when matched then delete$$,
  'DP012', null, 'merge'
);
select throws_ok($$truncate dpg.item_actions, dpg.action_events$$, 'DP012', null, 'truncate together with the actions');
select is(
  dpg_test.detail($$delete from dpg.action_events where action_type = 'book' and event_id = '40000000-0000-4000-8000-000000000001'$$),
  '{"operation": "DELETE", "relation": "dpg.e_p_actionstest_book"}'::jsonb,
  'the detail names operation and table'
);
select is(dpg_test.refusal($$truncate dpg.action_events$$), 'DP012', 'there is a hint');
reset role;
set local session_replication_role = replica;
select throws_ok(a.statement, 'DP012', null, a.name || ', in a session that fires no ordinary trigger') from attempt a;
set local session_replication_role = origin;
select dpg_test.wrote_nothing('every event is as it was');

select * from finish();
rollback;
