-- A page has 1 to 1,000 rows, 20 unless told.
begin;
select plan(34);
select dpg_test.insert_users('asha');
create function pg_temp.outcome(call text) returns text
language plpgsql
as $f$
declare
  code text;
  hint text;
  detail text;
  result bigint;
begin
  execute 'select count(*) from ' || call into result;
  return result;
exception
  when others then
    get stacked diagnostics code = returned_sqlstate, hint = pg_exception_hint, detail = pg_exception_detail;
    return concat_ws(' ', code, case when hint = '' then 'without a hint' end, detail::jsonb ->> 'argument', detail::jsonb ->> 'value');
end
$f$;
set local role dpg_app;
select count(*) from dpg.upsert_items('asha', (
  select jsonb_agg(jsonb_build_object('item_network', 'page_dot', 'item_domain', 'student', 'item_type', 't', 'item_instance_url', 'https://one.example.com',
    'item_schema_url', 'https://s.example.com', 'item_latitude', 12, 'item_longitude', 77, 'item_id', gen_random_uuid()))
  from generate_series(1, 1005) n
));
-- 25 actions of one item, each with its event
select count(dpg.perform_action('asha', 'connect', row('page_dot', 'student', 't', i.source), row('page_dot', 'student', 't', i.target)))
from (
  select (array_agg(item_id))[1] as source, (array_agg(item_id))[2] as target from dpg.items where item_network = 'page_dot'
) i, generate_series(1, 25);

select is(pg_temp.outcome(format('dpg.%s%s)', c.call, s.page_size)), replace(replace(s.expected, 'MANY', c.many), 'ALL', c.whole), c.call || s.page_size)
from (values
  ('find_items(''page_dot'', ''student''', '1000', '1000'),
  ('nearest_items(''page_dot'', ''student'', 12, 77', '1000', '1000'),
  ('find_actions(''asha''', '25', '25'),
  ('find_events(''asha''', '25', '25')
) c(call, many, whole)
cross join (values
  ('', '20'),
  (', page_size => null', '20'),
  (', page_size => 1', '1'),
  (', page_size => 1000', 'MANY'),
  (', page_size => 0', 'DP001 page_size 0'),
  (', page_size => 1001', 'DP001 page_size 1001'),
  (', page_size => 10000', 'DP001 page_size 10000'),
  (', page_size => -2147483648', 'DP001 page_size -2147483648')
) s(page_size, expected);
select is(pg_temp.outcome($$ dpg.find_items('page_dot', 'unknown', page_size => 0) $$), 'DP001 page_size 0', 'checked where there is nothing to find');
select is(pg_temp.outcome($$ dpg.find_items('page_dot', 'student', page_size => 0, page_token => 'x') $$), 'DP001 page_size 0', 'before the token');
select * from finish();
rollback;
