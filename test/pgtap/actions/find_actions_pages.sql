-- Pages of find_actions give each row once, over leaves and networks, and tokens hold for their search alone.
begin;
select plan(33);

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

-- the last digit of an action's id, and the roles
create function pg_temp.brief(action_id uuid, ownership_roles text[])
returns text
language sql
as $body$
  select right(action_id::text, 1) || ' ' || array_to_string(ownership_roles, ' ')
$body$;

-- all rows, page by page
create function pg_temp.pages(page_size integer, actor text, ownership_role text)
returns text[]
language plpgsql
as $body$
declare
  result text[] := '{}';
  token text;
  page record;
begin
  loop
    select array_agg(pg_temp.brief(f.action_id, f.ownership_roles)) as ids, count(*) as size, (array_agg(f.next_page_token))[count(*)] as token
    into page
    from dpg.find_actions(actor, ownership_role, page_size => pages.page_size, page_token => token) f;
    result := result || coalesce(page.ids, '{}');
    exit when page.size < page_size or cardinality(result) > 50;
    token := page.token;
  end loop;
  return result;
end
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
do $body$
begin
  perform dpg.perform_action('actions asha', 'connect', pg_temp.item('student', 1), pg_temp.item('tutor', 2), action_id => pg_temp.id(7));
  perform dpg.perform_action('actions asha', 'book', pg_temp.item('student', 1), pg_temp.item('tutor', 2), action_id => pg_temp.id(8));
  perform dpg.perform_action('actions asha', 'visit', pg_temp.item('student', 1), pg_temp.item('tutor', 5, 'actions elsewhere'), action_id => pg_temp.id(9));
end
$body$;
reset role;
-- two ties: one over leaves and networks, one within a leaf
update dpg.item_actions
set updated_at = '2030-01-02 03:04:05.000006+00'
where action_id in (pg_temp.id(1), pg_temp.id(5), pg_temp.id(8), pg_temp.id(3));
update dpg.item_actions
set updated_at = '2030-01-02 03:04:05.000005+00'
where action_id in (pg_temp.id(2), pg_temp.id(6), pg_temp.id(7), pg_temp.id(9));
set local role dpg_app;
select is(
  (select array_agg(pg_temp.brief(a.action_id, a.ownership_roles)) from dpg.find_actions('actions asha') a),
  array['5 initiated', '3 received', '8 initiated', '1 initiated', '9 initiated', '2 initiated received', '6 received', '7 initiated'],
  'among those of one time the key decides: network, action type, id'
);
select is(pg_temp.pages(n, 'actions asha', 'all'), array['5 initiated', '3 received', '8 initiated', '1 initiated', '9 initiated', '2 initiated received', '6 received', '7 initiated'], format('pages of %s: each row once, in the same order', n))
from generate_series(1, 9) n;
select is(pg_temp.pages(n, 'actions asha', 'initiated'), array['5 initiated', '8 initiated', '1 initiated', '9 initiated', '2 initiated received', '7 initiated'], format('what she initiated in pages of %s', n))
from generate_series(1, 3) n;
select is(pg_temp.pages(n, 'actions asha', 'received'), array['3 received', '2 initiated received', '6 received'], format('what she received in pages of %s', n))
from generate_series(1, 3) n;

create temporary table token as
select f.next_page_token as token from dpg.find_actions('actions asha', page_size => 1) f;
set local timezone = 'Asia/Kathmandu';
select is(
  (select array_agg(pg_temp.brief(a.action_id, a.ownership_roles)) from dpg.find_actions('actions asha', page_size => 2, page_token => (select t.token from token t)) a),
  array['3 received', '8 initiated'],
  'a token holds in another time zone and for another page size'
);
select is(pg_temp.refusal(format($$select dpg.find_actions('actions ravi', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of another actor');
select is(pg_temp.refusal(format($$select dpg.find_actions('actions asha', 'initiated', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of another role');
select is(pg_temp.refusal(format($$select dpg.find_actions('actions asha', partition_network => 'actions test', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of a network');
select is(pg_temp.refusal(format($$select dpg.find_actions('actions asha', action_type => 'connect', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of an action type');
select is(pg_temp.refusal(format($$select dpg.find_actions('actions asha', action_status => 'created', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of a status');
select is(pg_temp.refusal(format($$select dpg.find_actions('actions asha', item_id => '10000000-0000-4000-8000-000000000001', page_token => %L)$$, (select t.token from token t))), 'DP011', 'it is no token of the search of an item');
select is(pg_temp.refusal(format($$select dpg.find_events('actions asha', page_token => %L)$$, (select t.token from token t))), 'DP011', 'nor of another call');
select is(pg_temp.refusal(format($$select dpg.find_actions('actions asha', page_token => %L)$$, (select t.token || 'x' from token t))), 'DP011', 'one with a character more is none');
select is(pg_temp.refusal(format($$select dpg.find_actions('actions asha', page_token => %L)$$, (select left(t.token, -1) from token t))), 'DP011', 'nor one with a character less');
select is(pg_temp.refusal(format($$select dpg.find_actions('actions asha', page_token => %L)$$, (select overlay(t.token placing case substr(t.token, n, 1) when 'a' then 'b' else 'a' end from n for 1) from token t))), 'DP011', format('nor one with another character at %s', n))
from (values (1), (16), (17), (30), (60)) c(n);
select is(pg_temp.refusal($$select dpg.find_actions('actions asha', page_token => '')$$), 'DP011', 'nor an empty text');
select is(pg_temp.refusal($$select dpg.find_actions('actions asha', page_token => 'é€😀')$$), 'DP011', 'nor any text');

select * from finish();
rollback;
