-- store_event refuses whatever is missing, unknown, malformed or of this instance, and writes nothing.
begin;
select plan(189);

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

create temporary table before as
select pg_temp.written() as digest;
grant select, insert, delete on before to dpg_app;

set local role dpg_app;

select is(pg_temp.refusal($$select dpg.store_event(null)$$), 'DP001 event', 'nothing');
select is(pg_temp.refusal($$select dpg.store_event('null')$$), 'DP001 event', 'JSON null');
select is(pg_temp.refusal($$select dpg.store_event('[]')$$), 'DP001 event', 'an array');
select is(pg_temp.refusal($$select dpg.store_event('"event"')$$), 'DP001 event', 'a text');
select is(pg_temp.refusal($$select dpg.store_event('1')$$), 'DP001 event', 'a number');

select is(pg_temp.refusal(format($$select dpg.store_event(pg_temp.event('{}', array[%L]))$$, f)), 'DP001 event.' || f, 'without ' || f)
from unnest(array['partition_network', 'action_type', 'event_id', 'origin_instance_domain', 'action_id', 'action_status', 'update_count', 'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_id', 'source_item_instance_url', 'source_item_owner', 'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_id', 'target_item_instance_url', 'target_item_owner', 'created_at']) f;
select is(pg_temp.refusal(format($$select dpg.store_event(pg_temp.event(jsonb_build_object(%L, null)))$$, f)), 'DP001 event.' || f, f || ' of null')
from unnest(array['partition_network', 'action_type', 'event_id', 'origin_instance_domain', 'action_id', 'action_status', 'update_count', 'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_id', 'source_item_instance_url', 'source_item_owner', 'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_id', 'target_item_instance_url', 'target_item_owner', 'created_at']) f;
select is(pg_temp.refusal(format($$select dpg.store_event(pg_temp.event(jsonb_build_object(%L, %L::jsonb)))$$, f, v)), 'DP001 event.' || f, format('%s of %s', f, left(v, 20)))
from unnest(array['partition_network', 'action_type', 'action_status', 'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_owner', 'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_owner']) f,
  (values ('""'), ('" "'), ('1'), ('{}'), ('"' || repeat('x', 121) || '"')) c(v);
select is(pg_temp.refusal(format($$select dpg.store_event(pg_temp.event(jsonb_build_object(%L, %L::jsonb)))$$, f, v)), 'DP001 event.' || f, format('%s of %s', f, left(v, 20)))
from unnest(array['origin_instance_domain', 'source_item_instance_url', 'target_item_instance_url']) f,
  (values ('""'), ('"\t"'), ('true'), ('"' || repeat('x', 1025) || '"')) c(v);
select is(pg_temp.refusal(format($$select dpg.store_event(pg_temp.event(jsonb_build_object(%L, %L::jsonb)))$$, f, v)), 'DP001 event.' || f, format('%s of %s', f, v))
from unnest(array['event_id', 'action_id', 'source_item_id', 'target_item_id']) f,
  (values ('""'), ('1'), ('"x"'), ('"10000000-0000-4000-8000-00000000000"'), ('"10000000-0000-4000-8000-000000000001\n"'), ('"(10000000-0000-4000-8000-000000000001)"'), ('"1-0000000000040008000000000000001"')) c(v);
select is(pg_temp.refusal(format($$select dpg.store_event(pg_temp.event(%L))$$, v)), 'DP001 event.' || f, v)
from (
  values
    ('update_count', '{"update_count": -1}'),
    ('update_count', '{"update_count": 1.5}'),
    ('update_count', '{"update_count": "1"}'),
    ('update_count', '{"update_count": 2147483648}'),
    ('update_count', '{"update_count": 1e30}'),
    ('source_item_latitude', '{"source_item_latitude": 90.5}'),
    ('source_item_latitude', '{"source_item_latitude": "12"}'),
    ('source_item_latitude', '{"source_item_latitude": null}'),
    ('source_item_longitude', '{"source_item_longitude": -180.5}'),
    ('source_item_longitude', '{"source_item_longitude": 1e400}'),
    ('source_item_longitude', '{"source_item_longitude": 1e-400}'),
    ('source_item_longitude', '{"source_item_longitude": null}'),
    ('target_item_latitude', '{"target_item_latitude": -91}'),
    ('target_item_latitude', '{"target_item_latitude": true}'),
    ('target_item_longitude', '{"target_item_longitude": 181}'),
    ('target_item_longitude', '{"target_item_longitude": null}'),
    ('event_payload', '{"event_payload": []}'),
    ('event_payload', '{"event_payload": "accepted"}'),
    ('event_payload', '{"event_payload": 1}'),
    ('remarks', '{"remarks": 1}'),
    ('remarks', '{"remarks": {}}'),
    ('created_at', '{"created_at": 1767323045}'),
    ('created_at', '{"created_at": ""}'),
    ('created_at', '{"created_at": "now"}'),
    ('created_at', '{"created_at": "infinity"}'),
    ('created_at', '{"created_at": "2026-01-02"}'),
    ('created_at', '{"created_at": "2026-01-02T03:04:05"}'),
    ('created_at', '{"created_at": "2026-01-02T03:04:05.0000061Z"}'),
    ('created_at', '{"created_at": "2026-02-30T03:04:05Z"}'),
    ('created_at', '{"created_at": "2026-01-02T25:04:05Z"}'),
    ('created_at', '{"created_at": "2026-01-02T03:04:05 Europe/Paris"}'),
    ('created_at', '{"created_at": "999999-01-02T03:04:05Z"}'),
    ('created_at', '{"created_at": "10000-01-01T00:00:00Z"}'),
    ('created_at', '{"created_at": "9999-12-31T23:59:59-14:00"}'),
    ('created_at', '{"created_at": "0001-12-31T23:59:59.999999Z BC"}'),
    ('created_at', '{"created_at": "0001-01-01T00:00:00+14:00"}'),
    ('partition_network', '{"partition_network": "actions elsewhere"}'),
    ('target_item_network', '{"target_item_network": ""}'),
    ('more', '{"more": 1}'),
    ('source_item_is_local', '{"source_item_is_local": "yes"}'),
    ('target_item_is_local', '{"target_item_is_local": 1}'),
    ('', '{"": 1}'),
    ('ownership_roles', '{"ownership_roles": []}'),
    ('origin_instance_domain', '{"origin_instance_domain": "https://student.actions.test"}'),
    ('origin_instance_domain', '{"origin_instance_domain": "https://elsewhere.actions.test"}')
) c(f, v);
select is(pg_temp.refusal($$select dpg.store_event(pg_temp.event(jsonb_build_object('remarks', repeat('x', 65537))))$$), 'DP001 event.remarks', 'remarks beyond the limit');
select is(pg_temp.refusal($$select dpg.store_event(pg_temp.event(jsonb_build_object('event_payload', jsonb_build_object('x', repeat('x', 1048576)))))$$), 'DP001 event.event_payload', 'a payload beyond the limit');
select is(
  pg_temp.detail($$select dpg.store_event(pg_temp.event('{"update_count": -1}'))$$),
  '{"argument": "event.update_count", "value": -1}'::jsonb,
  'the detail names field and value'
);
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written, no partition made');

select * from finish();
rollback;
