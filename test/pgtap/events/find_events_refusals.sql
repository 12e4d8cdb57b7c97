-- find_events refuses malformed filters, page sizes and tokens.
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

set local role dpg_app;

do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), action_id => pg_temp.id(1));
  perform dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 4), action_id => pg_temp.id(2));
  perform dpg.perform_action('actions mina', 'book', pg_temp.item('student', 3), pg_temp.item('tutor', 4), action_id => pg_temp.id(3));
  perform dpg.perform_action('actions ravi', 'connect', pg_temp.item('tutor', 2), pg_temp.item('student', 3), action_id => pg_temp.id(4));
  perform dpg.perform_action('actions asha', 'visit', pg_temp.item('student', 1), pg_temp.item('tutor', 5, 'actions elsewhere'), action_id => pg_temp.id(5));
  perform dpg.receive_action('connect', pg_temp.item('student', 9), 'https://far.actions.test', 'far lena', pg_temp.item('tutor', 4), action_id => pg_temp.id(6));
end
$body$;
insert into before select pg_temp.written();
select is(pg_temp.refusal($$select dpg.find_events(null)$$), 'DP001 actor', 'no actor');
select is(pg_temp.refusal($$select dpg.find_events(' ')$$), 'DP001 actor', 'an actor of white space');
select is(pg_temp.refusal($$select dpg.find_events(repeat('x', 121))$$), 'DP001 actor', 'a long actor');
select is(pg_temp.refusal($$select dpg.find_events('actions asha', 'both')$$), 'DP001 ownership_role', 'a role that is none');
select is(pg_temp.refusal($$select dpg.find_events('actions asha', '')$$), 'DP001 ownership_role', 'an empty role');
select is(pg_temp.refusal($$select dpg.find_events('actions asha', 'All')$$), 'DP001 ownership_role', 'a role in other letters');
select is(pg_temp.refusal($$select dpg.find_events('actions asha', partition_network => '')$$), 'DP001 partition_network', 'an empty network');
select is(pg_temp.refusal($$select dpg.find_events('actions asha', action_type => repeat('x', 121))$$), 'DP001 action_type', 'a long action type');
select is(pg_temp.refusal($$select dpg.find_events('actions asha', action_status => ' ')$$), 'DP001 action_status', 'a status of white space');
select is(pg_temp.refusal($$select dpg.find_events('actions asha', page_size => 0)$$), 'DP001 page_size', 'a page of 0');
select is(pg_temp.refusal($$select dpg.find_events('actions asha', page_size => -1)$$), 'DP001 page_size', 'a page of less');
select is(pg_temp.refusal($$select dpg.find_events('actions asha', page_size => 1001)$$), 'DP001 page_size', 'a page of 1,001');
select is(pg_temp.refusal($$select dpg.find_events('actions asha', page_size => 10000)$$), 'DP001 page_size', 'a page of 10,000');
select is(pg_temp.refusal($$select dpg.find_events('actions asha', page_token => 'nonsense')$$), 'DP011', 'a token of nonsense');
select is(pg_temp.refusal($$select dpg.find_events('actions asha', page_size => 0, page_token => 'nonsense')$$), 'DP001 page_size', 'malformed before a token of nonsense');
select is(pg_temp.refusal($$select dpg.find_events('actions asha', update_count => -1)$$), 'DP001 update_count', 'a negative count');
select is(
  pg_temp.detail($$select dpg.find_events('actions asha', page_token => 'nonsense')$$),
  '{"page_token": "nonsense"}'::jsonb,
  'the detail of DP011 names the token'
);
select is(pg_temp.written(), (select b.digest from before b), 'nothing was written');
select is((select count(*) from dpg.find_events('actions asha', page_size => null)), 5::bigint, 'a null page size means 20');
select is((select count(*) from dpg.find_events('actions asha', page_size => 1000)), 5::bigint, 'a page may have 1,000 rows');

select * from finish();
rollback;
