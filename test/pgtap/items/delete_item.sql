-- An owner deletes an item that no action of its network refers to, once.
begin;
select plan(18);

insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@test.example'), ('ravi', 'Ravi', 'ravi@test.example');

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
select * from dpg.upsert_item('asha', 'delete_dot', 'student', 'profile_1.0', 'https://a', 'https://s',
  '{"name": "Asha"}', 1, 2, '11111111-1111-4111-8111-111111111111');
create temporary table kept as
select * from dpg.upsert_item('asha', 'delete_dot', 'student', 'profile_2.0', 'https://a', 'https://s',
  item_id => '11111111-1111-4111-8111-111111111111');
create temporary table before as select pg_temp.everything() as state;

select is(pg_temp.refusal($$select dpg.delete_item(null, 'delete_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 'DP001 {"value": null, "argument": "actor"}', 'no actor');
select is(pg_temp.refusal($$select dpg.delete_item('asha', '', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 'DP001 {"value": "", "argument": "item_network"}', 'an empty network');
select is(pg_temp.refusal($$select dpg.delete_item('asha', 'delete_dot', null, 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 'DP001 {"value": null, "argument": "item_domain"}', 'no domain');
select is(pg_temp.refusal($$select dpg.delete_item('asha', 'delete_dot', 'student', ' ', '11111111-1111-4111-8111-111111111111')$$), 'DP001 {"value": " ", "argument": "item_type"}', 'a blank type');
select is(pg_temp.refusal($$select dpg.delete_item('asha', 'delete_dot', 'student', 'profile_1.0', null)$$), 'DP001 {"value": null, "argument": "item_id"}', 'no id');
select is(
  pg_temp.refusal($$select dpg.delete_item('asha', 'delete_dot', 'student', 'profile_1.0', '22222222-2222-4222-8222-222222222222')$$),
  'DP002 {"item_id": "22222222-2222-4222-8222-222222222222", "item_type": "profile_1.0", "item_domain": "student", "item_network": "delete_dot"}', 'no such item'
);
select is(left(pg_temp.refusal($$select dpg.delete_item('asha', 'delete_dot', 'nowhere', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'no such domain');
select is(left(pg_temp.refusal($$select dpg.delete_item('asha', 'delete_nowhere', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'no such network');
select is(
  pg_temp.refusal($$select dpg.delete_item('ravi', 'delete_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$),
  'DP003 {"actor": "ravi", "item_id": "11111111-1111-4111-8111-111111111111", "item_type": "profile_1.0", "item_domain": "student", "item_network": "delete_dot"}', 'an item of another owner'
);
select is(left(pg_temp.refusal($$select dpg.delete_item('Asha', 'delete_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP003', 'an actor that differs by case');
select is(left(pg_temp.refusal($$select dpg.delete_item('nobody', 'delete_dot', 'student', 'profile_1.0', '22222222-2222-4222-8222-222222222222')$$), 5), 'DP002', 'a missing item comes before a stranger');
select is(pg_temp.everything(), (select state from before), 'no refusal has written anything');

select results_eq(
  $$select * from dpg.delete_item('asha', 'delete_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$,
  'select * from made', 'the item is returned as it was'
);
select results_eq($$select * from dpg.items where item_network = 'delete_dot'$$, 'select * from kept', 'and gone; that of the same id and another type stays');
select is(left(pg_temp.refusal($$select dpg.delete_item('asha', 'delete_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'a repeated delete finds nothing');
select is(left(pg_temp.refusal($$select dpg.get_item('delete_dot', 'student', 'profile_1.0', '11111111-1111-4111-8111-111111111111')$$), 5), 'DP002', 'nor does a read');
select ok(exists (select from dpg.instance_urls where instance_url = 'https://a'), 'its URL stays one of this instance');
select is(
  (select to_jsonb(i) - '{created_at,updated_at}'::text[] from dpg.upsert_item('ravi', 'delete_dot', 'student', 'profile_1.0', 'https://b', 'https://s',
    item_id => '11111111-1111-4111-8111-111111111111') i),
  '{"item_network": "delete_dot", "item_domain": "student", "item_type": "profile_1.0", "item_id": "11111111-1111-4111-8111-111111111111",
    "item_instance_url": "https://b", "item_schema_url": "https://s", "item_state": {}, "item_latitude": null, "item_longitude": null, "created_by": "ravi"}'::jsonb,
  'the key is free again, for anybody'
);

select * from finish();
rollback;
