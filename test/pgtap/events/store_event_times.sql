-- store_event keeps the time that was meant, whatever the time zone of the text or of the session.
begin;
select plan(13);

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

set local role dpg_app;

set local timezone = 'Asia/Kathmandu';
set local datestyle = 'German, DMY';
select is(
  (
    select e.created_at
    from dpg.store_event(pg_temp.event(jsonb_build_object(
      'created_at', t.given, 'event_id', gen_random_uuid(), 'action_id', gen_random_uuid()
    ))) e
  ),
  t.meant,
  t.given
)
from (
  values
    ('2026-01-02T03:04:05.000006Z', timestamptz '2026-01-02 03:04:05.000006+00'),
    ('2026-01-02T03:04:05.000006+00:00', '2026-01-02 03:04:05.000006+00'),
    ('2026-01-02T03:04:05.999999+05:45', '2026-01-01 21:19:05.999999+00'),
    ('2026-01-02T03:04:05-0330', '2026-01-02 06:34:05+00'),
    ('2026-01-02 03:04:05.5+02', '2026-01-02 01:04:05.5+00'),
    ('2026-12-31T23:59:59.999999-12:00', '2027-01-01 11:59:59.999999+00'),
    ('2026-02-03T00:00Z', '2026-02-03 00:00:00+00'),
    ('0001-01-01T00:00:00Z', '0001-01-01 00:00:00+00'),
    ('9999-12-31T23:59:59.999999Z', '9999-12-31 23:59:59.999999+00'),
    ('10000-01-01T13:59:59+14:00', '9999-12-31 23:59:59+00'),
    ('0001-12-31T19:00:00-05:00 BC', '0001-01-01 00:00:00+00')
) t(given, meant);
create temporary table sent as
select to_jsonb(f) - 'ownership_roles' - 'next_page_token' - 'source_item_is_local' - 'target_item_is_local' as event
from dpg.find_events('actions asha') f;
select is((select count(*) from sent), 11::bigint, 'all are found');
select is(
  (select count(*) from sent s, lateral dpg.store_event(s.event) e where to_jsonb(e) @> s.event),
  11::bigint,
  'as find_events gives them they are the same events again'
);

select * from finish();
rollback;
