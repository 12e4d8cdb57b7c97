-- A map shows all there is in at most so many markers, whatever the box.
begin;
select plan(13);

select dpg_test.insert_users('asha');
select count(dpg.ensure_item_partition('map_dot', d)) from unnest(array['a', 'b', 'c']) d;
select setseed(0.25);
insert into dpg.items (
  item_network, item_domain, item_type, item_instance_url, item_schema_url, item_latitude, item_longitude, item_state, created_by
)
select 'map_dot', (array['a', 'b', 'c'])[1 + n % 3], 't', 'https://map.example.com', 's',
  case when n % 50 = 0 then null when n % 97 = 0 then 90 when n % 89 = 0 then -90 when n % 5 = 0 then 12 + random() else random() * 180 - 90 end,
  case when n % 50 = 0 then null when n % 83 = 0 then 180 when n % 79 = 0 then -180 when n % 5 = 0 then 77 + random() else random() * 360 - 180 end,
  jsonb_build_object('kind', n % 7), 'asha'
from generate_series(1, 3000) n;

create temp table boxes as
select n as number, least(a, b) as south, west, greatest(a, b) as north, east, (array[1, 3, 4, 10, 100, 1000, 10000])[1 + n % 7] as max_markers,
  case when n % 4 = 0 then 'b' end as domain
from (
  select n,
    case when n % 11 = 0 then -90 when n % 6 = 0 then 12 + random() else round((random() * 180 - 90)::numeric, n % 3)::double precision end as a,
    case when n % 13 = 0 then 90 when n % 6 = 0 then 12 + random() else round((random() * 180 - 90)::numeric, n % 3)::double precision end as b,
    case when n % 10 = 0 then -180 when n % 6 = 0 then 77 + random() else random() * 360 - 180 end as west,
    case when n % 9 = 0 then 180 when n % 6 = 0 then 77 + random() else random() * 360 - 180 end as east
  from generate_series(1, 60) n
) r;
insert into boxes values (0, -90, -180, 90, 180, 60, null);
create temp table markers as
select b.number, b.max_markers, m.*
from boxes b
cross join lateral dpg.map_items('map_dot', b.domain, b.south, b.west, b.north, b.east, b.max_markers) m;
create temp table within as
select b.number, i.*, case i.item_longitude when 180 then -180 else i.item_longitude end as longitude
from boxes b
join dpg.items i
  on i.item_network = 'map_dot' and i.item_domain = coalesce(b.domain, i.item_domain)
  and i.item_latitude between b.south and b.north
  and case
    when b.west <= b.east then i.item_longitude between b.west and b.east
      or (abs(i.item_longitude) = 180 and (b.west = -180 or b.east = 180))
    else i.item_longitude >= b.west or i.item_longitude <= b.east
  end;
create index on within (number);
analyze within;

select is(
  (
    select array_agg(b.number order by b.number)
    from boxes b
    where coalesce((select sum(m.item_count) from markers m where m.number = b.number), 0)
      <> (select count(*) from within w where w.number = b.number)
  ),
  null, 'the sum is all there is'
);
select is(
  (
    select array_agg(b.number order by b.number)
    from boxes b
    where (select count(*) from within w where w.number = b.number)
      <> dpg.count_items('map_dot', b.domain, south => b.south, west => b.west, north => b.north, east => b.east)
  ),
  null, 'as count_items says'
);
select is(
  (select array_agg(m.number) from (select number, count(*) as markers from markers group by number, max_markers having count(*) > max_markers) m),
  null, 'never more markers than asked for'
);
select is(
  (select count(*)::integer from markers m where not (m.latitude between m.south and m.north and m.longitude between m.west and m.east) and m.item_count > 1), 0,
  'the mean place is between the edges'
);
select is(
  (select count(*)::integer from markers m where (m.item_id is null) = (m.item_count = 1)), 0, 'one item: its key; several: none'
);
select is(
  (
    select count(*)::integer from markers m
    where m.item_count = 1
      and not exists (
        select from within w
        where w.number = m.number and w.item_id = m.item_id and w.item_domain = m.item_domain and w.item_latitude = m.latitude
          and (w.item_longitude = m.longitude or abs(w.item_longitude) = 180 and abs(m.longitude) = 180)
      )
  ), 0, 'the key is that of an item at this place in the box'
);
select is(
  (select count(*)::integer from (select number, item_domain, item_id from markers where item_id is not null group by 1, 2, 3 having count(*) > 1) d), 0,
  'no item twice'
);
select is(
  (
    select count(*)::integer from markers m
    where m.item_count > 1
      and m.item_count > (
        select count(*) from within w
        where w.number = m.number and w.item_latitude between m.south and m.north and w.longitude between m.west and m.east
      )
  ), 0, 'as many items as a marker says lie between its edges'
);
select is(
  (select count(*)::integer from boxes b where (select count(*) from within w where w.number = b.number) <= b.max_markers
    and exists (select from markers m where m.number = b.number and m.item_count > 1)), 0,
  'so many items or fewer: each is a marker'
);
select cmp_ok((select count(*) from markers m where m.item_count > 1), '>', 200::bigint, 'there were cells');
-- the same cells when the map is moved by one of them
select is(
  (
    with first as (
      select m.* from dpg.map_items('map_dot', null, -45, -90, 45, 0, 100) m where m.item_count > 1
    ),
    second as (
      select m.* from dpg.map_items('map_dot', null, -45, -67.5, 45, 22.5, 100) m where m.item_count > 1
    )
    select count(*)::integer
    from first f
    join second s on s.south <= f.north and s.north >= f.south and s.west <= f.east and s.east >= f.west
    where f.west > -67.5 and s.east < 0 and (
        (f.item_count, f.south, f.west, f.north, f.east) is distinct from (s.item_count, s.south, s.west, s.north, s.east)
        -- sums of floating point differ in their last digits, by the order of the rows
        or abs(f.latitude - s.latitude) > 1e-9 or abs(f.longitude - s.longitude) > 1e-9
      )
  ), 0, 'a map that is moved sees the same cells'
);
select is(
  (select sum(m.item_count)::bigint from dpg.map_items('map_dot', 'a', -90, -180, 90, 180, 5, facets => '{"kind": [1, 2]}') m),
  dpg.count_items('map_dot', 'a', facets => '{"kind": [1, 2]}', south => -90, west => -180, north => 90, east => 180), 'with filters'
);
select is(
  left(dpg_test.full_refusal($$select dpg.map_items('map_dot', 'a', -90, -180, 90, 180, 0)$$), 5), 'DP001', 'no markers are no map'
);

select * from finish();
rollback;
