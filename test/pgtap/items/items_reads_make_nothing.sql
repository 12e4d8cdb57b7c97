-- Reads and refused calls make no partition and note no URL, whatever keys they name.
begin;
select plan(9);

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
create temporary table before as select pg_temp.everything() as state;

select is_empty($$select * from dpg.find_items('nothing_dot', 'student')$$, 'find_items');
select is_empty($$select * from dpg.find_items('nothing_dot', 'student', latitude => 1, longitude => 1, radius_meters => 1)$$, 'find_items with a circle');
select is(dpg.count_items('nothing_dot', 'student'), 0::bigint, 'count_items');
select is_empty($$select * from dpg.nearest_items('nothing_dot', 'student', 1, 1)$$, 'nearest_items');
select throws_ok($$select dpg.get_item('nothing_dot', 'student', 'a', '11111111-1111-4111-8111-111111111111')$$, 'DP002', null, 'get_item');
select throws_ok($$select dpg.update_item('asha', 'nothing_dot', 'student', 'a', '11111111-1111-4111-8111-111111111111', '{"item_instance_url": "https://nothing"}')$$, 'DP002', null, 'update_item');
select throws_ok($$select dpg.delete_item('asha', 'nothing_dot', 'student', 'a', '11111111-1111-4111-8111-111111111111')$$, 'DP002', null, 'delete_item');
select is_empty($$select * from dpg.upsert_items('asha', '[]')$$, 'upsert_items of none');

select is(pg_temp.everything(), (select state from before), 'nothing was made');

select * from finish();
rollback;
