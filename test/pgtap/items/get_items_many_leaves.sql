-- get_items over many leaves reads each in a subtransaction that is rolled back, which gives back its locks (1,000 leaves have
-- more than the server has room for); what was read is not lost with it.
begin;
select plan(2);
select dpg_test.insert_users('asha');
select dpg.ensure_item_partition('wide_dot', 'd' || n) from generate_series(1, 20) n;
insert into dpg.items (item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, created_by)
select 'wide_dot', 'd' || n, 't', format('00000000-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid, 'u', 's', 'asha'
from generate_series(1, 20) n;

create function pg_temp.items(leaves integer) returns dpg.item_ref[] language sql as $body$
  select array_agg(
    row('wide_dot', 'd' || n, 't', format('00000000-0000-4000-8000-%s', lpad(n::text, 12, '0')))::dpg.item_ref order by n desc
  )
  from generate_series(1, leaves) n
$body$;

set local role dpg_app;
select is((select count(*) from dpg.get_items(pg_temp.items(20))), 20::bigint, 'an item of each leaf');
select is(
  (select array_agg(row(g.item_network, g.item_domain, g.item_type, g.item_id)::dpg.item_ref) from dpg.get_items(pg_temp.items(20)) g),
  pg_temp.items(20), 'in the order asked'
);
select * from finish();
rollback;
