-- perform_action begins with the declared initial status.
begin;
select plan(4);

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

do $body$
begin
  perform dpg.define_action('actions test', 'connect', '[{"from": "asked", "to": "granted", "by": "target"}]', 'asked');
end
$body$;

-- all rows, whoever reads
create temporary view stored_actions as
select * from dpg.item_actions;
create temporary view stored_events as
select * from dpg.action_events;
grant select on stored_actions, stored_events to dpg_app;

set local role dpg_app;

create temporary table made as
select * from dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2))
union all
select * from dpg.perform_action('actions asha', 'book', pg_temp.item('student', 1), pg_temp.item('tutor', 2));
select results_eq(
  $$select a.action_type, a.action_status, a.update_count from made a order by a.action_type$$,
  $$values ('book', 'created', 0), ('connect', 'asked', 0)$$,
  'the status of a declared and of an undeclared action'
);
select results_eq(
  $$select e.action_type, e.action_status, e.event_payload from stored_events e where e.partition_network = 'actions test' order by e.action_type$$,
  $$values ('book', 'created', '{"status": "created"}'::jsonb), ('connect', 'asked', '{"status": "asked"}'::jsonb)$$,
  'the events say so'
);
select lives_ok(
  $$select dpg.define_action('actions test', 'connect', '[]', 'wanted')$$,
  'the declaration changes'
);
select results_eq(
  $$select a.action_status from stored_actions a where a.partition_network = 'actions test' and a.action_type = 'connect'$$,
  $$values ('asked')$$,
  'actions that are there keep their status'
);

select * from finish();
rollback;
