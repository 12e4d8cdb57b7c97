-- A mirrored event is found by the owner of its source here, and by nobody of the other instance's ids.
begin;
select plan(12);

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

-- the last digit of the action's id, the update, and the roles
create function pg_temp.brief(action_id uuid, update_count integer, ownership_roles text[])
returns text
language sql
as $body$
  select right(action_id::text, 1) || '.' || update_count || ' ' || array_to_string(ownership_roles, ' ')
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

set local role dpg_app;

do $body$
begin
  perform dpg.store_event(pg_temp.event());
  perform dpg.perform_action('actions ravi', 'book', pg_temp.item('tutor', 2), pg_temp.item('student', 1), action_id => pg_temp.id(1));
end
$body$;
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha') e),
  array['1.0 received', '9.3 initiated']::text[],
  'the owner of the source of a mirrored event finds it'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'initiated') e),
  array['9.3 initiated']::text[],
  'as initiated'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'received') e),
  array['1.0 received']::text[],
  'and not as received'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'all', 'actions test', 'connect', item_id => '10000000-0000-4000-8000-000000000001') e),
  array['9.3 initiated']::text[],
  'by the item'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions ravi') e),
  array['1.0 initiated']::text[],
  'a user of this instance with the id of the targets owner does not'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions ravi', 'received', 'actions test', 'connect') e),
  array[]::text[],
  'nor where the keys name the leaf'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions ravi', item_id => '10000000-0000-4000-8000-000000000009') e),
  array[]::text[],
  'nor by the item'
);
do $body$
begin
  perform dpg.store_event(pg_temp.event('{"event_id": "40000000-0000-4000-8000-000000000002", "action_type": "visit", "source_item_instance_url": "https://third.actions.test"}'));
end
$body$;
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', action_type => 'visit') e),
  array[]::text[],
  'who has the id of a sources owner on a third instance finds nothing'
);
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', 'all', 'actions test', 'visit') e),
  array[]::text[],
  'nor where the keys name the leaf'
);
do $body$
begin
  perform dpg.store_event(pg_temp.event('{"event_id": "40000000-0000-4000-8000-000000000003", "update_count": 2, "created_at": "2026-01-01T00:00:00Z"}'));
  perform dpg.store_event(pg_temp.event('{"event_id": "40000000-0000-4000-8000-000000000004", "update_count": 4, "created_at": "2026-01-03T00:00:00Z"}'));
end
$body$;
select is(
  (select coalesce(array_agg(pg_temp.brief(e.action_id, e.update_count, e.ownership_roles)), '{}') from dpg.find_events('actions asha', action_id => '20000000-0000-4000-8000-000000000009') e),
  array['9.4 initiated', '9.3 initiated', '9.2 initiated']::text[],
  'those that came out of order are in the order of their times'
);
select results_eq(
  $$select action_id, action_status, update_count, target_item_instance_url, ownership_roles from dpg.find_actions('actions asha', 'initiated')$$,
  $$values ('20000000-0000-4000-8000-000000000009'::uuid, 'accepted', 4, 'https://far.actions.test', array['initiated'])$$,
  'their action is as the event of the highest update_count left it'
);
select is_empty(
  $$select * from dpg.find_actions('actions ravi', action_type => 'connect')$$,
  'nobody is a party of it by the id of its targets owner'
);

select * from finish();
rollback;
