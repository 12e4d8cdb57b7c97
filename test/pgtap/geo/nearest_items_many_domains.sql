-- nearest_items over more leaves than it searches at once: where two chords have one distance, each item comes once over all pages.
begin;
select plan(3);
select dpg_test.insert_users('asha');
select dpg.ensure_item_partition('near_dot', 'd' || to_char(n, 'FM00')) from generate_series(1, 20) n;
-- at 70 degrees from the centre a distance has fewer digits than its chord
insert into dpg.items (
  item_network, item_domain, item_type, item_instance_url, item_schema_url, item_latitude, item_longitude, created_by
)
select 'near_dot', 'd' || to_char(1 + n % 20, 'FM00'), 't', 'u', 's', 12 + n * 1e-15, 70 + (n * 7919 % 400) * 1e-14, 'asha'
from generate_series(1, 400) n;

create function pg_temp.walk(page_size integer) returns text language plpgsql as $body$
declare
  item record;
  token text;
  ids uuid[] := '{}';
  of_page integer;
begin
  for page in 1 .. 400 loop
    of_page := 0;
    for item in
      select n.item_id, n.next_page_token
      from dpg.nearest_items('near_dot', null, 0, 0, page_size => walk.page_size, page_token => token) n
    loop
      of_page := of_page + 1;
      ids := ids || item.item_id;
      token := item.next_page_token;
    end loop;
    exit when of_page < page_size;
  end loop;
  return format('%s rows, %s items', cardinality(ids), (select count(distinct i) from unnest(ids) i));
end
$body$;

set local role dpg_app;
select ok(
  (
    select count(distinct (n.item_latitude, n.item_longitude)) > count(distinct n.distance_meters)
    from dpg.nearest_items('near_dot', null, 0, 0, page_size => 1000) n
  ),
  'several places have one distance'
);
select is(pg_temp.walk(3), '400 rows, 400 items', 'small pages');
select is(pg_temp.walk(150), '400 rows, 400 items', 'large pages');
select * from finish();
rollback;
