-- store_event stores an event of another instance as it came.
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

-- all rows, whoever reads
create temporary view stored_actions as
select * from dpg.item_actions;
create temporary view stored_events as
select * from dpg.action_events;
grant select on stored_actions, stored_events to dpg_app;

set local role dpg_app;

create temporary table made as
select * from dpg.store_event(pg_temp.event());
select results_eq(
  $$select
    e.partition_network, e.action_type, e.origin_instance_domain, e.action_id, e.action_status, e.update_count,
    e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id, e.source_item_instance_url,
    e.source_item_owner, e.source_item_latitude, e.source_item_longitude, e.target_item_network, e.target_item_domain,
    e.target_item_type, e.target_item_id, e.target_item_instance_url, e.target_item_owner, e.target_item_latitude,
    e.target_item_longitude, e.event_payload, e.remarks, e.source_item_is_local, e.target_item_is_local, e.event_id, e.created_at
  from made e$$,
  $$values (
    'actions test', 'connect', 'https://far.actions.test', '20000000-0000-4000-8000-000000000009'::uuid, 'accepted', 3,
    'actions test', 'student', 'profile_1.0', '10000000-0000-4000-8000-000000000001'::uuid, 'https://student.actions.test',
    'actions asha', 12.5::double precision, 77.5::double precision, 'actions test', 'tutor',
    'profile_1.0', '10000000-0000-4000-8000-000000000009'::uuid, 'https://far.actions.test', 'actions ravi', -90::double precision,
    180::double precision, '{"when": "monday"}'::jsonb, 'gladly', true, false, '40000000-0000-4000-8000-000000000001'::uuid,
    '2026-01-02 03:04:05.000006+00'::timestamptz
  )$$,
  'every field, the id and the time with its microseconds'
);
select results_eq(
  $$select * from stored_events e where e.partition_network = 'actions test'$$,
  $$select * from made$$,
  'that is the row as stored, and the only one'
);
select is_empty($$select * from stored_actions a where a.partition_network = 'actions test'$$, 'its action lives elsewhere: none is made here');
select results_eq(
  $$select e.source_item_latitude, e.source_item_longitude, e.target_item_latitude, e.target_item_longitude, e.remarks, e.update_count
  from dpg.store_event(pg_temp.event(
    '{"event_id": "40000000-0000-4000-8000-000000000002", "update_count": 2, "remarks": null, "source_item_latitude": null}',
    array['source_item_longitude', 'target_item_latitude', 'target_item_longitude']
  )) e$$,
  $$values (null::double precision, null::double precision, null::double precision, null::double precision, null::text, 2)$$,
  'remarks and places may be null or missing; an earlier update may arrive later'
);
select is(
  (
    select array_agg(e.event_payload order by c.id)
    from (
      values
        ('40000000-0000-4000-8000-000000000005'::uuid, '{}'::jsonb, array['event_payload']),
        ('40000000-0000-4000-8000-000000000006', '{"event_payload": null}', '{}')
    ) c(id, changes, without),
    lateral dpg.store_event(pg_temp.event(c.changes || jsonb_build_object('event_id', c.id, 'action_id', c.id), c.without)) e
  ),
  array['{"status": "accepted"}', '{"status": "accepted"}']::jsonb[],
  'the payload is the status unless given'
);
select results_eq(
  $$select e.source_item_is_local, e.target_item_is_local
  from dpg.store_event(pg_temp.event('{
    "event_id": "40000000-0000-4000-8000-000000000004", "action_id": "20000000-0000-4000-8000-000000000004",
    "source_item_is_local": false, "target_item_is_local": true
  }')) e$$,
  $$values (true, false)$$,
  'what is of this instance it finds out itself: the other instance says what is of that one'
);
select lives_ok($$select dpg.store_event(pg_temp.event('{"event_id": "40000000-0000-4000-8000-000000000007", "update_count": 2147483647}'))$$, 'an update may arrive before those between, however high its count');
select lives_ok($$select dpg.store_event(pg_temp.event('{"event_id": "40000000-0000-4000-8000-000000000008", "origin_instance_domain": "https://other.actions.test", "target_item_instance_url": "https://other.actions.test"}'))$$, 'another origin may have an action of the same id');
select lives_ok($$select dpg.store_event(pg_temp.event('{"partition_network": "actions fresh", "target_item_network": "actions fresh"}'))$$, 'an id counts within its network; the leaf is made when missing');
select lives_ok($$select dpg.store_event(pg_temp.event('{"action_type": "book"}'))$$, 'and within its action type');
select is(
  (select array_agg(p.leaf::text order by p.leaf::text) from dpg.partitions p where p.root = 'action_events' and p.network like 'actions %'),
  array['dpg.e_p_actionsfresh_connect', 'dpg.e_p_actionstest_book', 'dpg.e_p_actionstest_connect'],
  'those leaves are there'
);
select is(
  (select e.source_item_is_local from dpg.store_event(pg_temp.event('{"event_id": "40000000-0000-4000-8000-000000000009", "action_id": "20000000-0000-4000-8000-000000000008", "source_item_instance_url": "https://third.actions.test"}')) e),
  false,
  'a source of a third instance is not of this one'
);

select * from finish();
rollback;
