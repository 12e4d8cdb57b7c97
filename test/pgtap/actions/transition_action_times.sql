-- Times of an action rise even when the clock was set back.
begin;
select plan(2);

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
  perform dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', action_id => pg_temp.id(1));
end
$body$;

reset role;
update dpg.item_actions set updated_at = '2999-12-31 23:59:59.999999+00' where action_id = pg_temp.id(1);
set local role dpg_app;
select results_eq(
  $$select a.updated_at from dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'accepted') a$$,
  $$values ('3000-01-01 00:00:00+00'::timestamptz)$$,
  'one microsecond after the last change'
);
select results_eq(
  $$select e.created_at from stored_events e where e.action_id = pg_temp.id(1) and e.update_count = 1$$,
  $$values ('3000-01-01 00:00:00+00'::timestamptz)$$,
  'for the event too'
);

select * from finish();
rollback;
