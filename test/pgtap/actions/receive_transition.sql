-- receive_transition moves an action for its source on another instance.
begin;
select plan(7);

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

-- all rows, whoever reads
create temporary view stored_actions as
select * from dpg.item_actions;
create temporary view stored_events as
select * from dpg.action_events;
grant select on stored_actions, stored_events to dpg_app;

set local role dpg_app;

do $body$
begin
  perform dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), action_id => pg_temp.id(3));
end
$body$;

create temporary table made as
select *
from dpg.receive_transition(
  source_item_instance_url => 'https://far.actions.test', source_item_owner => 'far lena', partition_network => 'actions test',
  action_type => 'connect', action_id => pg_temp.id(3), action_status => 'withdrawn', expected_update_count => 0,
  event_payload => '{"why": "found one"}', remarks => 'thanks', event_id => '30000000-0000-4000-8000-000000000001'
);
select results_eq(
  $$select a.action_status, a.update_count, a.remarks, a.source_item_owner, a.source_item_instance_url, a.source_item_is_local from made a$$,
  $$values ('withdrawn', 1, 'thanks', 'far lena', 'https://far.actions.test', false)$$,
  'the action, returned'
);
select results_eq($$select * from stored_actions a where a.action_id = pg_temp.id(3)$$, $$select * from made$$, 'is the action as stored');
select results_eq(
  $$select e.event_id, e.update_count, e.action_status, e.event_payload, e.remarks, e.origin_instance_domain, e.source_item_owner, e.source_item_is_local, e.target_item_is_local, e.created_at
  from stored_events e where e.action_id = pg_temp.id(3) and e.update_count = 1$$,
  $$select '30000000-0000-4000-8000-000000000001'::uuid, 1, 'withdrawn', '{"why": "found one"}'::jsonb, 'thanks', 'https://tutor.actions.test', 'far lena', false, true, m.updated_at from made m$$,
  'its event says the same'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'asked again') a$$,
  $$values ('asked again', 2)$$,
  'what is left out takes its default'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(3), 'accepted') a$$,
  $$values ('accepted', 3)$$,
  'the target moves it too'
);

select results_eq(
  $$select e.update_count, e.event_payload, e.remarks from stored_events e where e.action_id = pg_temp.id(3) and e.update_count > 1 order by e.created_at$$,
  $$values (2, '{"status": "asked again"}'::jsonb, null::text), (3, '{"status": "accepted"}', null)$$,
  'each with its event'
);
select is((select a.remarks from stored_actions a where a.action_id = pg_temp.id(3)), 'thanks', 'null remarks keep those of the row');

select * from finish();
rollback;
