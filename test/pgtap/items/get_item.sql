-- One item by its key, for everybody.
begin;
select plan(14);

insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@test.example');

-- all that a call could leave behind, row versions included
create function pg_temp.everything() returns text
language sql security definer as $body$
  select md5(concat_ws('|',
    (select string_agg(concat(i.ctid, i.xmin, i), ',' order by i.tableoid, i.ctid) from dpg.items i),
    (select string_agg(concat(a.ctid, a.xmin, a), ',' order by a.tableoid, a.ctid) from dpg.item_actions a),
    (select string_agg(concat(e.ctid, e.xmin, e), ',' order by e.tableoid, e.ctid) from dpg.action_events e),
    (select string_agg(d::text, ',' order by d::text) from dpg.action_definitions d),
    (select string_agg(u::text, ',' order by u::text) from dpg_private.instance_url_sightings u),
    (select string_agg(p::text, ',' order by p::text) from dpg_private.partition_names p),
    (select string_agg(c.relname, ',' order by c.relname) from pg_class c where c.relnamespace = 'dpg'::regnamespace)
  ))
$body$;

-- SQLSTATE and DETAIL of a refusal, which must have a hint
create function pg_temp.refusal(call text) returns text
language plpgsql as $body$
declare
  state text;
  detail text;
  hint text;
begin
  execute call;
  return 'no refusal';
exception
  when others then
    get stacked diagnostics state = returned_sqlstate, detail = pg_exception_detail, hint = pg_exception_hint;
    return concat_ws(' ', state, case when state like 'DP%' then detail::jsonb::text else sqlerrm end, case when hint = '' then 'without hint' end);
end
$body$;

set local role dpg_app;
create temporary table made as
select * from dpg.upsert_item('asha', 'get_dot', 'student', 'profile_1.0', 'https://a', 'https://s',
  '{"name": "Asha"}', 1, 2, '11111111-1111-4111-8111-111111111111');
grant select on made to dpg_readonly;
create temporary table before as select pg_temp.everything() as state;

select results_eq(
  $$select * from dpg.get_item('get_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$,
  'select * from made', 'the item'
);
select is(
  pg_temp.refusal($$select dpg.get_item('get_dot', 'student', 'profile_1.0', '22222222-2222-4222-8222-222222222222')$$),
  'DP002 {"item_id": "22222222-2222-4222-8222-222222222222", "item_type": "profile_1.0", "item_domain": "student", "item_network": "get_dot"}', 'another id'
);
select is(left(pg_temp.refusal($$select dpg.get_item('get_dot', 'student', 'profile_10', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'another type');
select is(left(pg_temp.refusal($$select dpg.get_item('get_dot', 'Student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'another domain, by case only');
select is(left(pg_temp.refusal($$select dpg.get_item('getdot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'another network, whose partition would have the same plain name');
select is(left(pg_temp.refusal($$select dpg.get_item('get_dot ', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'another network, by a space only');

select is(pg_temp.refusal($$select dpg.get_item(null, 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 'DP001 {"value": null, "argument": "item_network"}', 'no network');
select is(pg_temp.refusal($$select dpg.get_item('get_dot', '', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 'DP001 {"value": "", "argument": "item_domain"}', 'an empty domain');
select is(pg_temp.refusal($$select dpg.get_item('get_dot', 'student', E'\n', '11111111-1111-4111-8111-111111111111')$$), 'DP001 {"value": "\n", "argument": "item_type"}', 'a blank type');
select is(pg_temp.refusal($$select dpg.get_item('get_dot', 'student', 'profile_1.0', null)$$), 'DP001 {"value": null, "argument": "item_id"}', 'no id');
select is(left(pg_temp.refusal(format('select dpg.get_item(%L, %L, %L, null)', repeat('x', 121), 'student', 'a')), 5), 'DP001', 'a network of 121 characters');
select throws_ok($$select dpg.get_item('get_dot', 'student', 'profile_1.0', 'x')$$, '22P02', null, 'a malformed id is PostgreSQL''s own affair');

set local role dpg_readonly;
select results_eq(
  $$select * from dpg.get_item('get_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$,
  'select * from made', 'dpg_readonly may read it'
);
set local role dpg_app;
select is(pg_temp.everything(), (select state from before), 'no read has written anything, no partition was made');

select * from finish();
rollback;
