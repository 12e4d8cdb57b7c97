-- An application changes actions and events through the functions alone, and reads its actor's.
begin;
select plan(47);

insert into public."user" (id, name, email)
values
  ('actions asha', 'Asha', 'asha@actions.test'),
  ('actions ravi', 'Ravi', 'ravi@actions.test'),
  ('actions mina', 'Mina', 'mina@actions.test');

create function pg_temp.item(domain text, number integer, network text default 'actions test')
returns dpg.item_ref
language sql
as $body$
  select row(network, domain, 'profile_1.0', ('10000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid)::dpg.item_ref
$body$;

-- students of Asha (1) and Mina (3), tutors of Ravi (2) and Asha (4), a place of Ravi in another network (5)
do $body$
begin
  perform dpg.upsert_item(
    i.owner, i.network, i.domain, 'profile_1.0', i.url, 'https://schemas.actions.test', '{}', i.latitude, i.longitude,
    ('10000000-0000-4000-8000-' || lpad(i.number::text, 12, '0'))::uuid
  )
  from (
    values
      ('actions asha', 'actions test', 'student', 1, 'https://student.actions.test', 12.5, 77.5),
      ('actions ravi', 'actions test', 'tutor', 2, 'https://tutor.actions.test', -33.25, 151.125),
      ('actions mina', 'actions test', 'student', 3, 'https://student.actions.test', null, null),
      ('actions asha', 'actions test', 'tutor', 4, 'https://tutor.actions.test', null, null),
      ('actions ravi', 'actions elsewhere', 'tutor', 5, 'https://elsewhere.actions.test', 1.5, 2.5)
  ) i(owner, network, domain, number, url, latitude, longitude);
end
$body$;

create function pg_temp.id(number integer)
returns uuid
language sql
as $body$
  select ('20000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid
$body$;

-- an event of another instance: an action of Asha's student for a tutor there
create function pg_temp.event(changes jsonb default '{}', without text[] default '{}')
returns jsonb
language sql
as $body$
  select ('{
    "partition_network": "actions test", "action_type": "connect", "event_id": "40000000-0000-4000-8000-000000000001",
    "origin_instance_domain": "https://far.actions.test", "action_id": "20000000-0000-4000-8000-000000000009",
    "action_status": "accepted", "update_count": 3,
    "source_item_network": "actions test", "source_item_domain": "student", "source_item_type": "profile_1.0",
    "source_item_id": "10000000-0000-4000-8000-000000000001", "source_item_instance_url": "https://student.actions.test",
    "source_item_owner": "actions asha", "source_item_latitude": 12.5, "source_item_longitude": 77.5,
    "target_item_network": "actions test", "target_item_domain": "tutor", "target_item_type": "profile_1.0",
    "target_item_id": "10000000-0000-4000-8000-000000000009", "target_item_instance_url": "https://far.actions.test",
    "target_item_owner": "actions ravi", "target_item_latitude": -90, "target_item_longitude": 180,
    "event_payload": {"when": "monday"}, "remarks": "gladly", "created_at": "2026-01-02T03:04:05.000006Z"
  }'::jsonb || changes) - without
$body$;

do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', action_id => pg_temp.id(1));
  perform dpg.store_event(pg_temp.event('{"action_type": "later"}'));
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
select results_eq($$select action_id from dpg.item_actions where partition_network = 'actions test'$$, $$values (pg_temp.id(1))$$, 'a party sees the action');
select results_eq($$select action_id from dpg.action_events where partition_network = 'actions test'$$, $$values (pg_temp.id(1))$$, 'and its events, not those in which another instance''s user has the same id');
set local dpg.actor = 'actions mina';
select is_empty($$select * from dpg.item_actions where partition_network = 'actions test'$$, 'a stranger sees no action');
select is_empty($$select * from dpg.action_events where partition_network = 'actions test'$$, 'and no event');
set local role dpg_readonly;
select throws_ok($$select dpg.perform_action('actions asha', 'connect', null, null)$$, '42501', null, 'dpg_readonly performs nothing');
select throws_ok($$select dpg.transition_action('actions asha', 'actions test', 'connect', pg_temp.id(1), 'x')$$, '42501', null, 'moves nothing');
select throws_ok($$select dpg.define_action('actions test', 'connect', null)$$, '42501', null, 'declares nothing');
select throws_ok($$select dpg.store_event('{}')$$, '42501', null, 'and stores nothing');

select * from finish();
rollback;
