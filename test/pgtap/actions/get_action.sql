-- get_action shows an action to its parties, and to nobody else.
begin;
select plan(18);

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
  perform dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', action_id => pg_temp.id(1));
  perform dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 4), action_id => pg_temp.id(2));
  perform dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), action_id => pg_temp.id(3));
end
$body$;
create temporary table was as
select * from stored_actions a where a.action_id = pg_temp.id(1);
insert into before select pg_temp.written();
select results_eq($$select * from dpg.get_action('actions asha', 'actions test', 'connect', pg_temp.id(1))$$, $$select * from was$$, 'the source reads it');
select results_eq($$select * from dpg.get_action('actions ravi', 'actions test', 'connect', pg_temp.id(1))$$, $$select * from was$$, 'the target reads the same');
select is((select a.action_id from dpg.get_action('actions asha', 'actions test', 'connect', pg_temp.id(2)) a), pg_temp.id(2), 'who is both reads it');
select is((select a.action_id from dpg.get_action('actions ravi', 'actions test', 'connect', pg_temp.id(3)) a), pg_temp.id(3), 'the target of another instance''s action reads it');
select is(pg_temp.refusal($$select dpg.get_action(null, 'actions test', 'connect', pg_temp.id(1))$$), 'DP001 actor', 'no actor');
select is(pg_temp.refusal($$select dpg.get_action(' ', 'actions test', 'connect', pg_temp.id(1))$$), 'DP001 actor', 'an actor of white space');
select is(pg_temp.refusal($$select dpg.get_action('actions asha', null, 'connect', pg_temp.id(1))$$), 'DP001 partition_network', 'no network');
select is(pg_temp.refusal($$select dpg.get_action('actions asha', 'actions test', '', pg_temp.id(1))$$), 'DP001 action_type', 'an empty action type');
select is(pg_temp.refusal($$select dpg.get_action('actions asha', 'actions test', 'connect', null)$$), 'DP001 action_id', 'no id');
select is(pg_temp.refusal($$select dpg.get_action('actions asha', 'actions test', 'connect', pg_temp.id(9))$$), 'DP004', 'an action that is not there');
select is(pg_temp.refusal($$select dpg.get_action('actions asha', 'actions test', 'book', pg_temp.id(1))$$), 'DP004', 'an action type that is not there');
select is(pg_temp.refusal($$select dpg.get_action('actions asha', 'actions nowhere', 'connect', pg_temp.id(1))$$), 'DP004', 'a network that is not there');
select is(pg_temp.refusal($$select dpg.get_action('actions mina', 'actions test', 'connect', pg_temp.id(1))$$), 'DP005', 'a stranger');
select is(pg_temp.refusal($$select dpg.get_action('actions nobody', 'actions test', 'connect', pg_temp.id(1))$$), 'DP005', 'somebody who is no user');
select is(pg_temp.refusal($$select dpg.get_action('far lena', 'actions test', 'connect', pg_temp.id(3))$$), 'DP005', 'the source on another instance');
select is(pg_temp.refusal($$select dpg.get_action('actions mina', 'actions test', 'connect', pg_temp.id(9))$$), 'DP004', 'not there before a stranger');
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written');
set local role dpg_readonly;
select is((select a.action_status from dpg.get_action('actions asha', 'actions test', 'connect', '20000000-0000-4000-8000-000000000001') a), 'created', 'dpg_readonly may call it');

select * from finish();
rollback;
