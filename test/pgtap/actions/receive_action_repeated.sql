-- receive_action with the id of an action that is there: the same returns it, other content is DP008.
begin;
select plan(21);

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

set local role dpg_app;

create temporary table made as
select * from dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5);
insert into before select pg_temp.written();
select results_eq(
  $$select * from dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$,
  $$select * from made$$,
  'the same again returns the row'
);
select is(pg_temp.written(), (select b.digest from before b), 'which writes nothing');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 8), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP008', 'another source');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9, 'far network'), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP008', 'a source in another network');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('tutor', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP008', 'a source in another domain');
select is(pg_temp.refusal($$select dpg.receive_action('connect', row('actions test', 'student', 'profile_2.0', '10000000-0000-4000-8000-000000000009')::dpg.item_ref, 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP008', 'a source of another type');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://other.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP008', 'another URL');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far omar', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP008', 'another owner');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 4), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP008', 'another target');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "art"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP008', 'other requirements');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'now', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP008', 'other remarks');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', null, '{"amount": 5}', pg_temp.id(1), 10.5, 20.5)$$), 'DP008', 'no remarks');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 6}', pg_temp.id(1), 10.5, 20.5)$$), 'DP008', 'another payload');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', null, pg_temp.id(1), 10.5, 20.5)$$), 'DP008', 'no payload');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.25, 20.5)$$), 'DP008', 'another latitude');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.25)$$), 'DP008', 'another longitude');
select is(pg_temp.refusal($$select dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP008', 'no place');
select is(pg_temp.refusal($$select dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1))$$), 'DP008', 'an action of this instance under the id');
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written');

do $body$
begin
  perform dpg.receive_transition('https://far.actions.test', 'far lena', 'actions test', 'connect', pg_temp.id(1), 'withdrawn', remarks => 'no need');
  perform dpg.define_action('actions test', 'connect', '[]', 'asked');
end
$body$;
delete from before;
insert into before select pg_temp.written();
select results_eq(
  $$select a.action_status, a.update_count, a.remarks from dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 2), '{"subject": "math"}', 'please', '{"amount": 5}', pg_temp.id(1), 10.5, 20.5) a$$,
  $$values ('withdrawn', 1, 'no need')$$,
  'after a change the same again returns the row as it is now'
);
select is(pg_temp.written(), (select b.digest from before b), 'and writes nothing');

select * from finish();
rollback;
