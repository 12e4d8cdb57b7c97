-- receive_transition refuses all but the source of the action, in the order of the checks, and writes nothing.
begin;
select plan(30);

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

create temporary table before (digest text);
grant select, insert, delete on before to dpg_app;

set local role dpg_app;

do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', action_id => pg_temp.id(1));
  perform dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), action_id => pg_temp.id(3));
  perform dpg.define_action('actions test', 'connect', '[{"from": "created", "to": "withdrawn", "by": "source"}, {"from": "created", "to": "accepted", "by": "target"}]');
end
$body$;
insert into before select pg_temp.written();
select is(pg_temp.refusal($$select dpg.receive_transition(null, 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn')$$), 'DP001 source_item_instance_url', 'no URL');
select is(pg_temp.refusal($$select dpg.receive_transition(' ', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn')$$), 'DP001 source_item_instance_url', 'a URL of white space');
select is(pg_temp.refusal($$select dpg.receive_transition(repeat('x', 1025), 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn')$$), 'DP001 source_item_instance_url', 'a URL of 1,025 bytes');
select is(pg_temp.refusal($$select dpg.receive_transition('https://tutor.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn')$$), 'DP001 source_item_instance_url', 'a URL of this instance');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', null, 'actions test', 'connect', pg_temp.id(3), 'withdrawn')$$), 'DP001 source_item_owner', 'no owner');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', repeat('x', 121), 'actions test', 'connect', pg_temp.id(3), 'withdrawn')$$), 'DP001 source_item_owner', 'an owner of 121 characters');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', '', 'connect', pg_temp.id(3), 'withdrawn')$$), 'DP001 partition_network', 'an empty network');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', null, pg_temp.id(3), 'withdrawn')$$), 'DP001 action_type', 'no action type');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', null, 'withdrawn')$$), 'DP001 action_id', 'no action');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), ' ')$$), 'DP001 action_status', 'a status of white space');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', -1)$$), 'DP001 expected_update_count', 'a negative count');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', 0, '"x"')$$), 'DP001 event_payload', 'a payload that is a text');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', 0, null, repeat('x', 65537))$$), 'DP001 remarks', 'remarks beyond the limit');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(9), 'withdrawn')$$), 'DP004', 'an action that is not there');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions nowhere', 'connect', pg_temp.id(3), 'withdrawn')$$), 'DP004', 'a network that is not there');
select is(pg_temp.refusal($$select dpg.receive_transition('https://other.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn')$$), 'DP005', 'another URL');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test/Lena', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn')$$), 'DP005', 'the URL with a path');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far omar', 'actions test', 'connect', pg_temp.id(3), 'withdrawn')$$), 'DP005', 'another owner');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'actions ravi', 'actions test', 'connect', pg_temp.id(3), 'withdrawn')$$), 'DP005', 'the owner of the target is not the source');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'actions asha', 'actions test', 'connect', pg_temp.id(1), 'withdrawn')$$), 'DP005', 'an action of this instance, by the id of its owner');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', 1)$$), 'DP007', 'a count that is not reached');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'lost')$$), 'DP006', 'a status that cannot follow');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'accepted')$$), 'DP005', 'an edge of the target');
select is(pg_temp.refusal($$select dpg.receive_transition('https://tutor.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(9), 'withdrawn')$$), 'DP001 source_item_instance_url', 'a URL of this instance before an action that is not there');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far omar', 'actions test', 'connect', pg_temp.id(9), 'withdrawn')$$), 'DP004', 'not there before a stranger');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far omar', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', 1)$$), 'DP005', 'a stranger before a stale count');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'lost', 1)$$), 'DP007', 'a stale count before a missing edge');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'accepted', 1)$$), 'DP007', 'a stale count before an edge of the target');
select is(
  pg_temp.detail($$select dpg.receive_transition('https://other.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn')$$),
  '{"actor": "far lena", "source_item_instance_url": "https://other.actions.test", "partition_network": "actions test", "action_type": "connect", "action_id": "20000000-0000-4000-8000-000000000003"}'::jsonb,
  'the detail says who asked, from where'
);
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written');

select * from finish();
rollback;
