-- A stored status that a later definition does not know: an upsert that names it keeps it, as set_item_status does. A stranger is
-- told that the item is not his, whatever status he names.
begin;
select plan(8);
select dpg_test.insert_users('asha', 'ravi');

create function pg_temp.one(actor text, n integer, status text, state jsonb) returns text language sql as $body$
  select u.item_status || ' ' || u.item_state
  from dpg.upsert_item(
    actor, 'kept_dot', 'tutor', 't', 'https://kept.example.com', 's', state,
    item_id => ('00000000-0000-4000-8000-00000000000' || n)::uuid, item_status => status
  ) u
$body$;
create function pg_temp.many(actor text, n integer, status text, state jsonb) returns text language sql as $body$
  select u.item_status || ' ' || u.item_state
  from dpg.upsert_items(actor, jsonb_build_array(jsonb_build_object(
    'item_network', 'kept_dot', 'item_domain', 'tutor', 'item_type', 't', 'item_instance_url', 'https://kept.example.com',
    'item_schema_url', 's', 'item_state', state, 'item_id', '00000000-0000-4000-8000-00000000000' || n, 'item_status', status
  ))) u
$body$;

set local role dpg_app;
select is(pg_temp.one('asha', 1, 'old', '{}'), 'old {}', 'before the definition');
reset role;
select dpg.define_item('kept_dot', 'tutor', '[{"status": "paused"}]');
set local role dpg_app;
select is(pg_temp.one('asha', 1, 'old', '{"a": 1}'), 'old {"a": 1}', 'upsert_item: the present status again');
select is(pg_temp.many('asha', 1, 'old', '{"a": 2}'), 'old {"a": 2}', 'upsert_items as well');
select throws_ok($$select pg_temp.one('asha', 2, 'old', '{}')$$, 'DP006', null, 'a new item does not get it');
select throws_ok($$select pg_temp.many('asha', 2, 'old', '{}')$$, 'DP006', null, 'in upsert_items neither');
select throws_ok($$select pg_temp.one('ravi', 1, 'unknown', '{}')$$, 'DP003', null, 'a stranger');
select throws_ok($$select pg_temp.many('ravi', 1, 'unknown', '{}')$$, 'DP003', null, 'a stranger in upsert_items');
select throws_ok($$select pg_temp.many('asha', 1, 'unknown', '{}')$$, 'DP006', null, 'an unknown one is still refused');
select * from finish();
rollback;
