-- The leaves of a party are noted once, for users of this instance alone.
begin;
select plan(1);

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
  perform dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', action_id => pg_temp.id(2));
  perform dpg.perform_action('actions asha', 'visit', pg_temp.item('student', 1), pg_temp.item('tutor', 5, 'actions elsewhere'));
  perform dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2));
  perform dpg.store_event(pg_temp.event('{"action_type": "book"}'));
  perform dpg.store_event(pg_temp.event('{"action_type": "book", "event_id": "40000000-0000-4000-8000-000000000002", "update_count": 4}'));
  perform dpg.store_event(pg_temp.event('{"action_type": "third", "source_item_instance_url": "https://third.actions.test"}'));
end
$body$;
select results_eq(
  $$select p.owner, p.partition_network, p.action_type
  from dpg_private.party_leaves p
  where p.owner like 'actions %' or p.owner like 'far %'
  order by p.owner, p.partition_network, p.action_type$$,
  $$values
    ('actions asha', 'actions elsewhere', 'visit'),
    ('actions asha', 'actions test', 'book'),
    ('actions asha', 'actions test', 'connect'),
    ('actions ravi', 'actions elsewhere', 'visit'),
    ('actions ravi', 'actions test', 'connect')$$,
  'each party of this instance once for each leaf; nobody of another instance'
);

select * from finish();
rollback;
