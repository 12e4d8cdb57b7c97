-- transition_action refuses in the order of the checks, and writes nothing.
begin;
select plan(37);

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
  perform dpg.define_action('actions test', 'connect', '[{"from": "created", "to": "accepted", "by": "target"}]');
  perform dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', action_id => pg_temp.id(1));
  perform dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'accepted', event_id => '30000000-0000-4000-8000-000000000001');
end
$body$;
insert into before select pg_temp.written();
select is(pg_temp.refusal($$select dpg.transition_action(null, 'actions test', 'connect', pg_temp.id(1), 'accepted')$$), 'DP001 actor', 'no actor');
select is(pg_temp.refusal($$select dpg.transition_action('', 'actions test', 'connect', pg_temp.id(1), 'accepted')$$), 'DP001 actor', 'an empty actor');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', null, 'connect', pg_temp.id(1), 'accepted')$$), 'DP001 partition_network', 'no network');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', repeat('x', 121), 'connect', pg_temp.id(1), 'accepted')$$), 'DP001 partition_network', 'a long network');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', null, pg_temp.id(1), 'accepted')$$), 'DP001 action_type', 'no action type');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', ' ', pg_temp.id(1), 'accepted')$$), 'DP001 action_type', 'an action type of white space');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', null, 'accepted')$$), 'DP001 action_id', 'no action');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), null)$$), 'DP001 action_status', 'no status');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), '')$$), 'DP001 action_status', 'an empty status');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), repeat('x', 121))$$), 'DP001 action_status', 'a status of 121 characters');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'accepted', -1)$$), 'DP001 expected_update_count', 'a negative count');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'accepted', 1, '[]')$$), 'DP001 event_payload', 'a payload that is an array');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'accepted', 1, 'null')$$), 'DP001 event_payload', 'a payload that is JSON null');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'accepted', 1, jsonb_build_object('x', repeat('x', 1048576)))$$), 'DP001 event_payload', 'a payload beyond the limit');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'accepted', 1, null, repeat('x', 65537))$$), 'DP001 remarks', 'remarks beyond the limit');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(9), 'accepted')$$), 'DP004', 'an action that is not there');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'book', pg_temp.id(1), 'accepted')$$), 'DP004', 'an action type that is not there');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions nowhere', 'connect', pg_temp.id(1), 'accepted')$$), 'DP004', 'a network that is not there');
select is(pg_temp.refusal($$select dpg.transition_action('actions mina', 'actions test', 'connect', pg_temp.id(1), 'accepted')$$), 'DP005', 'a stranger');
select is(pg_temp.refusal($$select dpg.transition_action('actions nobody', 'actions test', 'connect', pg_temp.id(1), 'accepted')$$), 'DP005', 'somebody who is no user');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'accepted', 0)$$), 'DP007', 'a stale count');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'accepted', 2)$$), 'DP007', 'a count that is not reached');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'lost')$$), 'DP006', 'a status that cannot follow');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(9), '')$$), 'DP001 action_status', 'malformed before not there');
select is(pg_temp.refusal($$select dpg.transition_action('actions mina', 'actions test', 'connect', pg_temp.id(9), 'accepted')$$), 'DP004', 'not there before a stranger');
select is(pg_temp.refusal($$select dpg.transition_action('actions mina', 'actions test', 'connect', pg_temp.id(1), 'accepted', event_id => '30000000-0000-4000-8000-000000000001')$$), 'DP005', 'a stranger before an id that was used, even with the same content');
select is(pg_temp.refusal($$select dpg.transition_action('actions mina', 'actions test', 'connect', pg_temp.id(1), 'accepted', 0)$$), 'DP005', 'a stranger before a stale count');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'lost', 0, event_id => '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'an id that was used before a stale count');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'lost', 0)$$), 'DP007', 'a stale count before a missing edge');
select is(
  pg_temp.detail($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'accepted', 0)$$),
  '{"partition_network": "actions test", "action_type": "connect", "action_id": "20000000-0000-4000-8000-000000000001", "expected_update_count": 0, "update_count": 1, "action_status": "accepted"}'::jsonb,
  'the detail of DP007 says what the action has come to'
);
select is(
  pg_temp.detail($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(9), 'accepted')$$),
  '{"partition_network": "actions test", "action_type": "connect", "action_id": "20000000-0000-4000-8000-000000000009"}'::jsonb,
  'the detail of DP004 names the action'
);
select is(
  pg_temp.detail($$select dpg.transition_action('actions mina', 'actions test', 'connect', pg_temp.id(1), 'accepted')$$),
  '{"actor": "actions mina", "partition_network": "actions test", "action_type": "connect", "action_id": "20000000-0000-4000-8000-000000000001"}'::jsonb,
  'the detail of DP005 names actor and action'
);
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written');
do $body$
begin
  perform dpg.define_action('actions test', 'connect', '[{"from": "accepted", "to": "done", "by": "source"}]');
end
$body$;
delete from before;
insert into before select pg_temp.written();
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'done', 0)$$), 'DP007', 'a stale count before an edge of the other side');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'done', event_id => '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'an id that was used before an edge of the other side');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'done', 1)$$), 'DP005', 'an edge of the other side');
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written');

select * from finish();
rollback;
