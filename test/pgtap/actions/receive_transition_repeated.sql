-- receive_transition with the id of an event that is there: the same returns the action, other content is DP008.
begin;
select plan(20);

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

-- all rows, whoever reads
create temporary view stored_actions as
select * from dpg.item_actions;
create temporary view stored_events as
select * from dpg.action_events;
grant select on stored_actions, stored_events to dpg_app;

set local role dpg_app;

do $body$
begin
  perform dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), action_id => pg_temp.id(3));
  perform dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), action_id => pg_temp.id(4));
end
$body$;
create temporary table made as
select * from dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', 0, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001');
insert into before select pg_temp.written();
select results_eq($$select * from dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', 0, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$, $$select * from made$$, 'the same again returns the row');
select results_eq($$select * from dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', null, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$, $$select * from made$$, 'also when it no longer says which count it expects');
select is(pg_temp.written(), (select b.digest from before b), 'which writes nothing');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'refused', 0, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'another status');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', 1, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'another expected count');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', 2147483647, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'the highest count');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', 0, '{"when": "friday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'another payload');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', 0, null, 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'no payload');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', 0, '{"when": "monday"}', 'no', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'other remarks');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', 0, '{"when": "monday"}', null, '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'no remarks');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(4), 'withdrawn', 0, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'another action');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(4), 'withdrawn', 7, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'another action, and before a stale count');
select is(
  pg_temp.detail($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'refused', 0, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$),
  '{"partition_network": "actions test", "action_type": "connect", "event_id": "30000000-0000-4000-8000-000000000001"}'::jsonb,
  'the detail names the event that is there, and no more of it'
);
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written');
do $body$
begin
  perform dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(3), 'paused');
  perform dpg.define_action('actions test', 'connect', '[]');
end
$body$;
delete from before;
insert into before select pg_temp.written();
select results_eq(
  $$select a.action_status, a.update_count from dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', 0, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001') a$$,
  $$values ('paused', 2)$$,
  'after another change, under a graph that would not allow it, the same again returns the row as it is now'
);
select is(pg_temp.written(), (select b.digest from before b), 'and writes nothing');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn', 0, '{"when": "monday"}', 'gladly', null)$$), 'DP007', 'without its id it is a new call');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'refused', 0, '{"when": "monday"}', 'gladly', '30000000-0000-4000-8000-000000000001')$$), 'DP008', 'an id that was used comes before a stale count and a missing edge');
select is(
  pg_temp.refusal(format($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'created', remarks => %L, event_id => %L)$$, e.remarks, e.event_id)),
  'DP008',
  'the id of the action''s first event is used as well, even with the same content'
)
from stored_events e
where e.action_id = pg_temp.id(3) and e.update_count = 0;
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written');

select * from finish();
rollback;
