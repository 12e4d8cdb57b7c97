-- A declared state graph says which status may follow, and by whom.
begin;
select plan(26);

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
  perform dpg.define_action('actions test', 'connect', '[
    {"from": "created", "to": "accepted", "by": "target"},
    {"from": "created", "to": "withdrawn", "by": "source"},
    {"from": "created", "to": "created", "by": "either"},
    {"from": "accepted", "to": "accepted", "by": "target"},
    {"from": "accepted", "to": "done", "by": "source"},
    {"from": "accepted", "to": "done", "by": "target"}
  ]');
  perform dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', action_id => pg_temp.id(1));
  perform dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 4), action_id => pg_temp.id(2));
  perform dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), action_id => pg_temp.id(3));
end
$body$;
insert into before select pg_temp.written();
select is(pg_temp.refusal($$select dpg.transition_action('actions asha', 'actions test', 'connect', pg_temp.id(1), 'accepted')$$), 'DP005', 'the source may not take the edge of the target');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'withdrawn')$$), 'DP005', 'the target may not take the edge of the source');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'accepted')$$), 'DP005', 'nor may the source on another instance');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'done')$$), 'DP006', 'an edge that there is from another status');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'lost')$$), 'DP006', 'a status that the graph does not know');
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'Accepted')$$), 'DP006', 'a status in other letters');
select is(
  pg_temp.detail($$select dpg.transition_action('actions asha', 'actions test', 'connect', pg_temp.id(1), 'accepted')$$),
  '{"actor": "actions asha", "partition_network": "actions test", "action_type": "connect", "action_id": "20000000-0000-4000-8000-000000000001", "from": "created", "to": "accepted", "by": "target"}'::jsonb,
  'the detail of DP005 says whose edge it is'
);
select is(
  pg_temp.detail($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'lost')$$),
  '{"partition_network": "actions test", "action_type": "connect", "action_id": "20000000-0000-4000-8000-000000000001", "from": "created", "to": "lost"}'::jsonb,
  'the detail of DP006 says which edge there is not'
);
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written');
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions asha', 'actions test', 'connect', pg_temp.id(1), 'created') a$$,
  $$values ('created', 1)$$,
  'an edge to itself, by either: the source'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'created') a$$,
  $$values ('created', 2)$$,
  'the target'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'accepted') a$$,
  $$values ('accepted', 3)$$,
  'the target takes its edge'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'accepted') a$$,
  $$values ('accepted', 4)$$,
  'an edge to itself, by the target'
);
select is(pg_temp.refusal($$select dpg.transition_action('actions asha', 'actions test', 'connect', pg_temp.id(1), 'accepted')$$), 'DP005', 'not by the source');
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions asha', 'actions test', 'connect', pg_temp.id(1), 'done') a$$,
  $$values ('done', 5)$$,
  'of two edges between the same statuses one is the sources'
);
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'created')$$), 'DP006', 'there is no way back');
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions asha', 'actions test', 'connect', pg_temp.id(2), 'accepted') a$$,
  $$values ('accepted', 1)$$,
  'who owns both sides takes the edge of the target'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions asha', 'actions test', 'connect', pg_temp.id(2), 'done') a$$,
  $$values ('done', 2)$$,
  'and that of either side'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'withdrawn') a$$,
  $$values ('withdrawn', 1)$$,
  'the source on another instance takes its edge'
);
do $body$
begin
  perform dpg.define_action('actions test', 'connect', '[]');
end
$body$;
delete from before;
insert into before select pg_temp.written();
select is(pg_temp.refusal($$select dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'done')$$), 'DP006', 'without any edge nothing may change, not even to the same status');
select is(pg_temp.refusal($$select dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'created')$$), 'DP006', 'not from another instance either');
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written');
do $body$
begin
  perform dpg.define_action('actions test', 'connect', null);
end
$body$;
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions ravi', 'actions test', 'connect', pg_temp.id(1), 'anything') a$$,
  $$values ('anything', 6)$$,
  'without a declaration everything may, by the target'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.transition_action('actions asha', 'actions test', 'connect', pg_temp.id(1), 'whatever') a$$,
  $$values ('whatever', 7)$$,
  'by the source'
);
select results_eq(
  $$select a.action_status, a.update_count from dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(3), 'anything') a$$,
  $$values ('anything', 2)$$,
  'and by the source on another instance'
);
select is(
  (select count(*) from stored_events e where e.partition_network = 'actions test'),
  (select sum(a.update_count + 1) from stored_actions a where a.partition_network = 'actions test'),
  'one event for each success, none for the refusals'
);

select * from finish();
rollback;
