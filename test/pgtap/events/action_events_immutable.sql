-- Events can neither be changed nor removed, by the owner of the tables either.
begin;
select plan(76);

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

-- the code of a refusal; behind it what DP001 says of the argument, and what every refusal must have and this one lacks
create function pg_temp.refusal(statement text)
returns text
language plpgsql
as $body$
declare
  code text;
  hint text;
  detail text;
begin
  execute statement;
  return 'none';
exception
  when others then
    get stacked diagnostics code = returned_sqlstate, hint = pg_exception_hint, detail = pg_exception_detail;
    if code not like 'DP%' then
      return code || ' ' || sqlerrm;
    end if;
    return concat_ws(
      ' ', code, detail::jsonb ->> 'argument', detail::jsonb ->> 'index',
      case when hint = '' then 'no hint' end,
      case when jsonb_typeof(detail::jsonb) <> 'object' then 'no object' end,
      case when code = 'DP001' and not detail::jsonb ? 'value' then 'no value' end
    );
end
$body$;

create function pg_temp.detail(statement text)
returns jsonb
language plpgsql
as $body$
declare
  detail text;
begin
  execute statement;
  return null;
exception
  when others then
    get stacked diagnostics detail = pg_exception_detail;
    return detail;
end
$body$;

-- every row with its place in the table, so that a row written anew shows, and every relation
create function pg_temp.written()
returns text
language sql
security definer
as $body$
  select md5(concat_ws(
    '|',
    (select string_agg(concat_ws(' ', i.tableoid, i.ctid, i), e'\n' order by i.tableoid, i.ctid) from dpg.items i),
    (select string_agg(concat_ws(' ', a.tableoid, a.ctid, a), e'\n' order by a.tableoid, a.ctid) from dpg.item_actions a),
    (select string_agg(concat_ws(' ', e.tableoid, e.ctid, e), e'\n' order by e.tableoid, e.ctid) from dpg.action_events e),
    (select string_agg(concat_ws(' ', d.ctid, d), e'\n' order by d.ctid) from dpg.action_definitions d),
    (select string_agg(concat_ws(' ', n.ctid, n), e'\n' order by n.ctid) from dpg_private.partition_names n),
    (select string_agg(concat_ws(' ', p.ctid, p), e'\n' order by p.ctid) from dpg_private.party_leaves p),
    (select string_agg(concat_ws(' ', s.ctid, s), e'\n' order by s.ctid) from dpg_private.instance_url_sightings s),
    (select string_agg(c.oid::text, ' ' order by c.oid) from pg_class c where c.relnamespace = 'dpg'::regnamespace)
  ))
$body$;

do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), action_id => pg_temp.id(1));
  perform dpg.store_event(pg_temp.event('{"action_type": "book"}'));
  perform dpg.store_event(pg_temp.event('{"action_type": "later"}'));
  perform dpg.store_event(pg_temp.event('{"partition_network": "actions later", "target_item_network": "actions later"}'));
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
create temporary table before as
select pg_temp.written() as digest;
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
  pg_temp.detail($$delete from dpg.action_events where action_type = 'book' and event_id = '40000000-0000-4000-8000-000000000001'$$),
  '{"operation": "DELETE", "relation": "dpg.e_p_actionstest_book"}'::jsonb,
  'the detail names operation and table'
);
select is(pg_temp.refusal($$truncate dpg.action_events$$), 'DP012', 'there is a hint');
reset role;
set local session_replication_role = replica;
select throws_ok(a.statement, 'DP012', null, a.name || ', in a session that fires no ordinary trigger') from attempt a;
set local session_replication_role = origin;
select is(pg_temp.written(), (select b.digest from before b), 'every event is as it was');

select * from finish();
rollback;
