-- dpg.instance_urls: every URL under which an item of this instance was ever written, once.
begin;
select plan(11);

select dpg_test.insert_users('asha');
set local role dpg_app;

create function pg_temp.urls() returns text
language sql as $body$
  select coalesce(string_agg(right(u.instance_url, 1), ' ' order by u.instance_url), 'none')
  from dpg.instance_urls u where u.instance_url like 'https://test.instance/%'
$body$;

select is(pg_temp.urls(), 'none', 'none before');
create temporary table made as
select * from dpg.upsert_item('asha', 'url_dot', 'student', 'a', 'https://test.instance/1', 'https://test.instance/s', item_id => '11111111-1111-4111-8111-111111111111');
select is(pg_temp.urls(), '1', 'upsert_item notes the instance URL, not the schema URL');
select ok(
  (select u.first_seen_at between transaction_timestamp() and clock_timestamp() from dpg.instance_urls u where u.instance_url = 'https://test.instance/1'),
  'and when'
);
create temporary table seen as select * from dpg.instance_urls;
select lives_ok($$select dpg.upsert_item('asha', 'url_dot', 'tutor', 'a', 'https://test.instance/1', 's')$$, 'another item with the same URL');
select set_eq('select * from dpg.instance_urls', 'select * from seen', 'adds nothing');
select lives_ok(
  $$select dpg.upsert_items('asha', '[
    {"item_network": "url_dot", "item_domain": "student", "item_type": "a", "item_instance_url": "https://test.instance/2", "item_schema_url": "s"},
    {"item_network": "url_dot", "item_domain": "student", "item_type": "a", "item_instance_url": "https://test.instance/3", "item_schema_url": "s"},
    {"item_network": "url_dot", "item_domain": "tutor", "item_type": "a", "item_instance_url": "https://test.instance/2", "item_schema_url": "s"}]')$$,
  'upsert_items with two URLs'
);
select is(pg_temp.urls(), '1 2 3', 'each is there once');
select is(
  (dpg.update_item('asha', 'url_dot', 'student', 'a', '11111111-1111-4111-8111-111111111111', '{"item_instance_url": "https://test.instance/4"}')).item_instance_url,
  'https://test.instance/4', 'update_item with another URL'
);
select is(pg_temp.urls(), '1 2 3 4', 'notes it; the former one stays');
select throws_ok(
  $$select dpg.upsert_item('nobody', 'url_dot', 'student', 'a', 'https://test.instance/5', 's')$$, 'DP009', null, 'a refused call'
);
select is(pg_temp.urls(), '1 2 3 4', 'notes none');

select * from finish();
rollback;
