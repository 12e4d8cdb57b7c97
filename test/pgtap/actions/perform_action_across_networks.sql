-- An action to another network lives in that one and does not hold its source.
begin;
select plan(8);

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

create temporary table made as
select *
from dpg.perform_action('actions asha', 'visit', pg_temp.item('student', 1), pg_temp.item('tutor', 5, 'actions elsewhere'), action_id => pg_temp.id(1));
select results_eq(
  $$select a.partition_network, a.source_item_network, a.target_item_network, a.source_item_id, a.source_local_item_id, a.source_item_is_local,
    a.source_item_owner, a.target_item_owner, a.source_item_latitude, a.target_item_latitude
  from made a$$,
  $$values ('actions elsewhere', 'actions test', 'actions elsewhere', '10000000-0000-4000-8000-000000000001'::uuid, null::uuid, true,
    'actions asha', 'actions ravi', 12.5::double precision, 1.5::double precision)$$,
  'it is listed under its target''s network and refers to no source item'
);
select results_eq(
  $$select e.partition_network, e.source_item_network, e.origin_instance_domain from stored_events e where e.action_id = pg_temp.id(1)$$,
  $$values ('actions elsewhere', 'actions test', 'https://elsewhere.actions.test')$$,
  'so is its event'
);
select lives_ok(
  $$select dpg.transition_action('actions asha', 'actions elsewhere', 'visit', pg_temp.id(1), 'withdrawn')$$,
  'its source may move it'
);
select throws_ok(
  $$select dpg.delete_item('actions ravi', 'actions elsewhere', 'tutor', 'profile_1.0', '10000000-0000-4000-8000-000000000005')$$,
  'DP013', null, 'its target is held'
);
select lives_ok(
  $$select dpg.delete_item('actions asha', 'actions test', 'student', 'profile_1.0', '10000000-0000-4000-8000-000000000001')$$,
  'its source is not'
);
select results_eq(
  $$select a.source_item_owner, a.source_item_latitude, a.action_status from dpg.get_action('actions asha', 'actions elsewhere', 'visit', pg_temp.id(1)) a$$,
  $$values ('actions asha', 12.5::double precision, 'withdrawn')$$,
  'the snapshot outlives the source item, for its owner too'
);
select lives_ok(
  $$select dpg.transition_action('actions asha', 'actions elsewhere', 'visit', pg_temp.id(1), 'asked')$$,
  'who may still move the action'
);
select throws_ok(
  $$select dpg.perform_action('actions asha', 'visit', pg_temp.item('student', 1), pg_temp.item('tutor', 5, 'actions elsewhere'))$$,
  'DP002', null, 'a deleted item asks nobody'
);

select * from finish();
rollback;
