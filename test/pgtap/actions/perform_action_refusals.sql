-- perform_action refuses what is malformed, unknown or not the actor's, and writes nothing.
begin;
select plan(34);

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

select is(pg_temp.refusal($$select dpg.perform_action(null, 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 actor', 'no actor');
select is(pg_temp.refusal($$select dpg.perform_action(' ', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 actor', 'an actor of white space');
select is(pg_temp.refusal($$select dpg.perform_action(repeat('x', 121), 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 actor', 'an actor of 121 characters');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', null, pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 action_type', 'no action type');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', repeat('x', 121), pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 action_type', 'a long action type');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', null, pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 source.item_network', 'no source');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), null, '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 target.item_network', 'no target');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', row('', 'tutor', 'profile_1.0', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 source.item_network', 'an empty source network');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', row('actions test', repeat('x', 121), 'profile_1.0', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 source.item_domain', 'a long source domain');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', row('actions test', 'tutor', null, '10000000-0000-4000-8000-000000000002')::dpg.item_ref, pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 source.item_type', 'no source type');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', row('actions test', 'tutor', 'profile_1.0', null)::dpg.item_ref, pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 source.item_id', 'no source id');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), row(null, 'tutor', 'profile_1.0', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 target.item_network', 'no target network');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), row('actions test', ' ', 'profile_1.0', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 target.item_domain', 'a target domain of white space');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), row('actions test', 'tutor', '', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 target.item_type', 'an empty target type');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), row('actions test', 'tutor', 'profile_1.0', null)::dpg.item_ref, '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 target.item_id', 'no target id');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('student', 1), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP001 target', 'an item that asks itself');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '[]')$$), 'DP001 requirements_snapshot', 'requirements that are an array');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), 'null')$$), 'DP001 requirements_snapshot', 'requirements that are JSON null');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), jsonb_build_object('x', repeat('x', 1048576)))$$), 'DP001 requirements_snapshot', 'requirements beyond the limit');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{}', repeat('x', 65537))$$), 'DP001 remarks', 'remarks beyond the limit');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{}', null, '1')$$), 'DP001 event_payload', 'a payload that is a number');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{}', null, 'null')$$), 'DP001 event_payload', 'a payload that is JSON null');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{}', null, jsonb_build_object('x', repeat('x', 1048576)))$$), 'DP001 event_payload', 'a payload beyond the limit');
select is(pg_temp.refusal($$select dpg.perform_action('actions nobody', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP009', 'an actor who is no user');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 9), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP002', 'a source that is not there');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('nowhere', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP002', 'a source in a domain that is not there');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 9), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP002', 'a target that is not there');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2, 'actions nowhere'), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP002', 'a target in a network that is not there');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), row('actions test', 'tutor', 'profile_2.0', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP002', 'a target of another type');
select is(pg_temp.refusal($$select dpg.perform_action('actions mina', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP003', 'a source of another owner');
select is(pg_temp.refusal($$select dpg.perform_action('actions ravi', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP003', 'the owner of the target is not that of the source');
select is(
  pg_temp.detail($$select dpg.perform_action('actions mina', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$),
  '{"actor": "actions mina", "item_network": "actions test", "item_domain": "student", "item_type": "profile_1.0", "item_id": "10000000-0000-4000-8000-000000000001"}'::jsonb,
  'the detail of DP003 names actor and item'
);
select is(
  pg_temp.detail($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 9), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$),
  '{"item_network": "actions test", "item_domain": "tutor", "item_type": "profile_1.0", "item_id": "10000000-0000-4000-8000-000000000009"}'::jsonb,
  'the detail of DP002 names the item'
);
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written, no partition made');

select * from finish();
rollback;
