-- receive_action refuses what is malformed, unknown or claims to be of this instance, and writes nothing.
begin;
select plan(29);

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

select is(pg_temp.refusal($$select dpg.receive_action(null, pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 action_type', 'no action type');
select is(pg_temp.refusal($$select dpg.receive_action(' ', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 action_type', 'an action type of white space');
select is(pg_temp.refusal($$select dpg.receive_action('connect', null, 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 source.item_network', 'no source');
select is(pg_temp.refusal($$select dpg.receive_action('connect', row('actions test', null, 'profile_1.0', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 source.item_domain', 'no source domain');
select is(pg_temp.refusal($$select dpg.receive_action('connect', row('actions test', 'tutor', 'profile_1.0', null)::dpg.item_ref, 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 source.item_id', 'no source id');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), null, 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 source_item_instance_url', 'no URL');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), ' ', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 source_item_instance_url', 'a URL of white space');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), repeat('x', 1025), 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 source_item_instance_url', 'a URL of 1,025 bytes');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://student.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 source_item_instance_url', 'a URL of this instance');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://elsewhere.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 source_item_instance_url', 'a URL of this instance, of another network');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', null, pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 source_item_owner', 'no owner');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', '', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 source_item_owner', 'an empty owner');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', repeat('x', 121), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 source_item_owner', 'an owner of 121 characters');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', null, '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 target.item_network', 'no target');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', row('actions test', 'tutor', '', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 target.item_type', 'an empty target type');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', row('actions test', 'tutor', 'profile_1.0', null)::dpg.item_ref, '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 target.item_id', 'no target id');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '1')$$), 'DP001 requirements_snapshot', 'requirements that are a number');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{}', repeat('x', 65537))$$), 'DP001 remarks', 'remarks beyond the limit');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{}', null, '[]')$$), 'DP001 event_payload', 'a payload that is an array');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{}', null, null, null, 10, null)$$), 'DP001 source_item_longitude', 'a latitude alone');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{}', null, null, null, null, 10)$$), 'DP001 source_item_latitude', 'a longitude alone');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{}', null, null, null, 90.5, 10)$$), 'DP001 source_item_latitude', 'a latitude beyond the pole');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{}', null, null, null, 'NaN', 10)$$), 'DP001 source_item_latitude', 'a latitude that is no number');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{}', null, null, null, 10, -180.5)$$), 'DP001 source_item_longitude', 'a longitude beyond 180 degrees');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{}', null, null, null, 10, '-Infinity')$$), 'DP001 source_item_longitude', 'an infinite longitude');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 9), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP002', 'a target that is not there');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2, 'actions nowhere'), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP002', 'a target in a network that is not there');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://student.actions.test', 'far lena', pg_temp.item('tutor', 9), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP001 source_item_instance_url', 'a URL of this instance before a target that is not there');
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written, no partition made');

select * from finish();
rollback;
