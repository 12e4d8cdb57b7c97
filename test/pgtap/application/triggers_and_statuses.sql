-- An item that a trigger of the application changes: a status that is sent with the same content again is set, not taken for a
-- repeated call.
begin;
select plan(8);
select dpg_test.insert_users('asha');
create function public.mark() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
begin
  new.item_state := new.item_state || '{"marked": true}';
  return new;
end
$body$;
create trigger mark before insert or update on dpg.items for each row execute function public.mark();

create function pg_temp.one(status text default null) returns text language sql as $body$
  select u.item_status || ' ' || u.item_state
  from dpg.upsert_item(
    'asha', 'mark_dot', 'tutor', 't', 'https://mark.example.com', 's', '{}',
    item_id => '00000000-0000-4000-8000-000000000001', item_status => status
  ) u
$body$;
create function pg_temp.many(status text default null) returns text language sql as $body$
  select u.item_status || ' ' || u.item_state
  from dpg.upsert_items('asha', jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
    'item_network', 'mark_dot', 'item_domain', 'tutor', 'item_type', 't', 'item_instance_url', 'https://mark.example.com',
    'item_schema_url', 's', 'item_id', '00000000-0000-4000-8000-000000000001', 'item_status', status
  )))) u
$body$;
select dpg.define_item('mark_dot', 'tutor', '[{"status": "draft"}, {"status": "paused"}, {"status": "gone", "final": true}]');

set local role dpg_app;
select is(pg_temp.one(), 'live {"marked": true}', 'a new item');
select is(pg_temp.one('draft'), 'draft {"marked": true}', 'upsert_item: the same content with a status sets it');
select is(pg_temp.one(), 'draft {"marked": true}', 'without one it stays');
select is(pg_temp.many('paused'), 'paused {"marked": true}', 'upsert_items as well');
select is(pg_temp.many(), 'paused {"marked": true}', 'and without one it stays');
select is(pg_temp.one('gone'), 'gone {"marked": true}', 'a final one');
select throws_ok($$select pg_temp.one('draft')$$, 'DP006', null, 'after which no other comes');
select throws_ok($$select pg_temp.many('draft')$$, 'DP006', null, 'in upsert_items neither');
select * from finish();
rollback;
