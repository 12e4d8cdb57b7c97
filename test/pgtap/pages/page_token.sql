-- A page token is one of its call with its filters, to the last character; everything else is DP011.
begin;
select plan(41);
select dpg_test.insert_users('asha', 'ravi');
-- the names of what the detail has
create function pg_temp.refusal(statement text, token text default null)
returns text
language sql
as $body$
  select case
    when e is null then 'no refusal'
    else concat_ws(
      ' ', e ->> 'code', (select string_agg(k, ',' order by k) from jsonb_object_keys(e -> 'detail') k), dpg_test.missing(e)
    )
  end
  from dpg_test.error(replace(statement, '$1', quote_nullable(token))) e
$body$;
set local role dpg_app;
select dpg.upsert_item('asha', 'page_dot', d, 't', 'https://one.example.com', 'https://s.example.com', '{"a": 1}', 12, 77 + n * 0.001, ('00000000-0000-4000-8000-00000000000' || n)::uuid)
from generate_series(1, 5) n, unnest(array['student', 'tutor']) d;
select dpg.perform_action('asha', 'connect', row('page_dot', 'student', 't', '00000000-0000-4000-8000-000000000001'),
  row('page_dot', 'tutor', 't', '00000000-0000-4000-8000-000000000001'))
from generate_series(1, 3);

create temp table calls (name text, call text, token text);
insert into calls (name, call) values
  ('find_items', 'select next_page_token from dpg.find_items(''page_dot'', ''student'', page_size => 2, page_token => $1)'),
  ('find_items of another domain', 'select next_page_token from dpg.find_items(''page_dot'', ''tutor'', page_size => 2, page_token => $1)'),
  ('find_items with a filter', 'select next_page_token from dpg.find_items(''page_dot'', ''student'', item_type => ''t'', page_size => 2, page_token => $1)'),
  ('find_items with a state', 'select next_page_token from dpg.find_items(''page_dot'', ''student'', item_state => ''{"a": 1}'', page_size => 2, page_token => $1)'),
  ('find_items of an owner', 'select next_page_token from dpg.find_items(''page_dot'', ''student'', created_by => ''asha'', page_size => 2, page_token => $1)'),
  ('find_items in a circle', 'select next_page_token from dpg.find_items(''page_dot'', ''student'', latitude => 12, longitude => 77, radius_meters => 5000, page_size => 2, page_token => $1)'),
  ('find_items in a larger circle', 'select next_page_token from dpg.find_items(''page_dot'', ''student'', latitude => 12, longitude => 77, radius_meters => 5001, page_size => 2, page_token => $1)'),
  ('nearest_items', 'select next_page_token from dpg.nearest_items(''page_dot'', ''student'', 12, 77, page_size => 2, page_token => $1)'),
  ('nearest_items elsewhere', 'select next_page_token from dpg.nearest_items(''page_dot'', ''student'', 12.001, 77, page_size => 2, page_token => $1)'),
  ('find_actions', 'select next_page_token from dpg.find_actions(''asha'', page_size => 2, page_token => $1)'),
  ('find_actions in a role', 'select next_page_token from dpg.find_actions(''asha'', ''initiated'', page_size => 2, page_token => $1)'),
  ('find_actions of a status', 'select next_page_token from dpg.find_actions(''asha'', action_status => ''created'', page_size => 2, page_token => $1)'),
  ('find_events', 'select next_page_token from dpg.find_events(''asha'', page_size => 2, page_token => $1)'),
  ('find_events of a type', 'select next_page_token from dpg.find_events(''asha'', action_type => ''connect'', page_size => 2, page_token => $1)');

create function pg_temp.first_token(call text) returns text
language plpgsql
as $f$
declare
  token text;
begin
  execute call into token using null::text;
  return token;
end
$f$;
update calls set token = pg_temp.first_token(call);
select is((select count(*) from calls where token is null), 0::bigint, 'every call gives tokens');
select is((select count(distinct token) from calls), 14::bigint, 'each its own');

select is(pg_temp.refusal(call, token), 'no refusal', name || ' takes its own') from calls;
select is(
  (select string_agg(o.name, ', ') from calls o where o.name <> c.name and pg_temp.refusal(c.call, o.token) <> 'DP011 page_token'),
  null,
  name || ' takes no other''s'
)
from calls c;

-- one character changed, at each position; and each character left out, doubled, and everything cut off after it
select is(
  (
    select string_agg(format('%s at %s of %s', change, at, c.name), ', ')
    from calls c
    cross join generate_series(1, length(c.token)) at
    cross join lateral (
      values
        ('another', overlay(c.token placing case substr(c.token, at, 1) when 'a' then 'b' else 'a' end from at for 1)),
        ('upper case', overlay(c.token placing case upper(substr(c.token, at, 1)) when substr(c.token, at, 1) then lower(substr(c.token, at, 1)) else upper(substr(c.token, at, 1)) end from at for 1)),
        ('left out', overlay(c.token placing '' from at for 1)),
        ('space', overlay(c.token placing ' ' from at for 1)),
        ('letter of four bytes', overlay(c.token placing '🦊' from at for 1)),
        ('cut', left(c.token, at - 1))
    ) changed(change, token)
    where c.name in ('find_items', 'nearest_items', 'find_actions', 'find_events')
      and changed.token <> c.token
      and pg_temp.refusal(c.call, changed.token) <> 'DP011 page_token'
  ),
  null,
  'a token that was changed anywhere is none'
);
select is(
  (
    select string_agg(format('%L for %s', left(g.token, 40), c.name), ', ')
    from calls c
    cross join lateral (
      values (''), (' '), ('x'), ('null'), ('0'), ('=='), ('-'), (repeat('0', 16)), (repeat('A', 17)), (repeat('a', 1000000)), ('{}'), ('[]'), (E'\n'), (''''), ('日本'), ('%s'),
        (c.token || ' '), (' ' || c.token), (c.token || c.token), (c.token || '='), (upper(c.token)), (c.token || E'\n'), (reverse(c.token))
    ) g(token)
    where pg_temp.refusal(c.call, g.token) <> 'DP011 page_token'
  ),
  null,
  'nor is anything else'
);

-- what is not part of the scope
select lives_ok(format('select * from dpg.find_items(''page_dot'', ''student'', page_size => 1000, page_token => %L)', token), 'another page size goes on where the token is')
from calls where name = 'find_items';
select is(
  (select max(length(token)) < 400 from calls),
  true,
  'tokens are short'
);
set local timezone = 'Asia/Kolkata';
select results_eq(
  format('select item_id from dpg.find_items(''page_dot'', ''student'', page_size => 1000, page_token => %L)', token),
  $$ values ('00000000-0000-4000-8000-000000000004'::uuid), ('00000000-0000-4000-8000-000000000003'), ('00000000-0000-4000-8000-000000000002'), ('00000000-0000-4000-8000-000000000001') $$,
  'a token holds in a session with another time zone'
)
from calls where name = 'find_items';
set local timezone = 'UTC';
set local datestyle = 'German';
select results_eq(
  format('select item_id from dpg.find_items(''page_dot'', ''student'', page_size => 1000, page_token => %L)', token),
  $$ values ('00000000-0000-4000-8000-000000000004'::uuid), ('00000000-0000-4000-8000-000000000003'), ('00000000-0000-4000-8000-000000000002'), ('00000000-0000-4000-8000-000000000001') $$,
  'and with another style of dates'
)
from calls where name = 'find_items';
set local datestyle = 'ISO';
set local extra_float_digits = 0;
select results_eq(
  format('select item_id from dpg.nearest_items(''page_dot'', ''student'', 12, 77, page_size => 1000, page_token => %L)', token),
  $$ values ('00000000-0000-4000-8000-000000000002'::uuid), ('00000000-0000-4000-8000-000000000003'), ('00000000-0000-4000-8000-000000000004'), ('00000000-0000-4000-8000-000000000005') $$,
  'or with fewer digits of numbers'
)
from calls where name = 'nearest_items';
set local extra_float_digits = 1;

-- arguments are checked before the token, and the token also where there is nothing to find
select is(pg_temp.refusal($$ select * from dpg.find_items('page_dot', 'unknown', page_token => 'x') $$), 'DP011 page_token', 'a token is checked where there is no leaf');
select is(pg_temp.refusal($$ select * from dpg.find_actions('nobody', page_token => 'x') $$), 'DP011 page_token', 'or where the actor has nothing');
select is(pg_temp.refusal($$ select * from dpg.find_items('page_dot', '', page_token => 'x') $$), 'DP001 argument,value', 'after the other arguments');
select is(pg_temp.refusal('select * from dpg.find_items(''page_dot'', ''student'', page_token => $1)', repeat('0a', 40000)), 'DP011 page_token', 'one longer than any is refused as well');
select * from finish();
rollback;
