-- Ten thousand items in one call: made, replaced, given again.
begin;
select plan(12);

select dpg_test.insert_users('asha', 'ravi');
set local role dpg_app;

create function pg_temp.many(size text) returns jsonb
language sql as $body$
  select jsonb_agg(jsonb_build_object(
    'item_network', 'bulk_dot', 'item_domain', 'domain_' || n % 4, 'item_type', 'type_' || n % 7,
    'item_id', md5('bulk' || n)::uuid, 'item_instance_url', 'https://bulk.example.com/' || n % 3, 'item_schema_url', 'https://s',
    'item_state', jsonb_build_object('n', n, 'size', size),
    'item_latitude', n % 181 - 90, 'item_longitude', n % 361 - 180
  ) order by n)
  from generate_series(1, 10000) n
$body$;

create temporary table made as select row_number() over () as position, i.* from dpg.upsert_items('asha', pg_temp.many('small')) i;
select is((select count(*)::integer from made), 10000, 'ten thousand are returned');
select is((select count(*)::integer from made where (item_state ->> 'n')::bigint = position), 10000, 'in the order of the input');
select is((select count(*)::integer from dpg.items where item_network = 'bulk_dot'), 10000, 'and stored');
select is(
  (select string_agg(concat(p.key, ' ', (select count(*) from dpg.items i where i.item_network = 'bulk_dot' and i.item_domain = p.key)), ', ' order by p.key)
   from dpg.partitions p where p.network = 'bulk_dot'),
  'domain_0 2500, domain_1 2500, domain_2 2500, domain_3 2500', 'in four leaves'
);
select is(
  (select count(*)::integer from (select lag(created_at) over (order by position) < created_at as later from made) m where later), 9999,
  'created_at rises from each to the next'
);

create temporary table replaced as select row_number() over () as position, i.* from dpg.upsert_items('asha', pg_temp.many('large')) i;
select is(
  (select count(*)::integer from replaced r join made m using (position, item_network, item_domain, item_type, item_id, created_at)
   where r.item_state ->> 'size' = 'large' and r.updated_at > m.updated_at),
  10000, 'all are replaced in one call, created_at kept, updated_at risen'
);
select is((select count(*)::integer from dpg.items where item_network = 'bulk_dot' and item_state ->> 'size' = 'large'), 10000, 'and stored');

create temporary table versions as
select item_id, concat_ws(' ', tableoid, ctid, xmin) as version from dpg.items where item_network = 'bulk_dot';
select is((select count(*)::integer from dpg.upsert_items('asha', pg_temp.many('large'))), 10000, 'the same again returns all');
select is_empty(
  $$select item_id, concat_ws(' ', tableoid, ctid, xmin) from dpg.items where item_network = 'bulk_dot' except select * from versions$$,
  'and writes none'
);

-- one in the middle that belongs to somebody else, one at the end that is malformed
reset role;
update dpg.items set created_by = 'ravi' where item_network = 'bulk_dot' and item_id = md5('bulk7654')::uuid;
set local role dpg_app;
select is(
  dpg_test.refusal($$select count(*) from dpg.upsert_items('asha', pg_temp.many('huge'))$$), 'DP003 7653', 'one of another owner refuses all'
);
select is(
  dpg_test.refusal($$select count(*) from dpg.upsert_items('asha', pg_temp.many('huge') || '[{"item_network": ""}]')$$), 'DP001 item_network 10000',
  'one that is malformed refuses all'
);
select is((select count(*)::integer from dpg.items where item_network = 'bulk_dot' and item_state ->> 'size' = 'huge'), 0, 'nothing was changed by either');

select * from finish();
rollback;
