-- Arguments that nearest_items refuses (DP001).
begin;
select plan(31);
select dpg_test.insert_users('asha');
set local role dpg_app;
select dpg.upsert_item('asha', 'geo_dot', 'place', 't', 'https://one.example.com', 'https://s.example.com', '{}', 12, 77);

select is(dpg_test.refused_value(format('select * from dpg.nearest_items(%s)', r.arguments)), 'DP001 ' || r.expected, r.arguments)
from (values
  ('''geo_dot'', ''place'', null, 77', 'latitude'),
  ('''geo_dot'', ''place'', 12, null', 'longitude'),
  ('''geo_dot'', ''place'', null, null', 'latitude'),
  ('''geo_dot'', ''place'', ''NaN'', 77', 'latitude NaN'),
  ('''geo_dot'', ''place'', 12, ''NaN''', 'longitude NaN'),
  ('''geo_dot'', ''place'', ''infinity'', 77', 'latitude Infinity'),
  ('''geo_dot'', ''place'', 12, ''-infinity''', 'longitude -Infinity'),
  ('''geo_dot'', ''place'', 90.0000001, 77', 'latitude 90.0000001'),
  ('''geo_dot'', ''place'', -91, 77', 'latitude -91'),
  ('''geo_dot'', ''place'', 12, 180.0000001', 'longitude 180.0000001'),
  ('''geo_dot'', ''place'', 12, -181', 'longitude -181'),
  ('''geo_dot'', ''place'', 12, 77, -1', 'radius_meters -1'),
  ('''geo_dot'', ''place'', 12, 77, ''NaN''', 'radius_meters NaN'),
  ('''geo_dot'', ''place'', 12, 77, ''infinity''', 'radius_meters Infinity'),
  ('''geo_dot'', ''place'', 12, 77, ''-infinity''', 'radius_meters -Infinity'),
  ('''geo_dot'', ''place'', 12, 77, -0.25', 'radius_meters -0.25'),
  ('null, ''place'', 12, 77', 'item_network'),
  ('''geo_dot'', '''', 12, 77', 'item_domain '),
  ('''geo_dot'', ''place'', 12, 77, item_type => '' ''', 'item_type  '),
  ('''geo_dot'', ''place'', 12, 77, item_state => ''[]''', 'item_state []'),
  ('''geo_dot'', ''place'', 12, 77, item_state => ''null''', 'item_state'),
  ('''geo_dot'', ''place'', 12, 77, page_size => 0', 'page_size 0'),
  ('''geo_dot'', ''place'', 12, 77, page_size => -1', 'page_size -1'),
  ('''geo_dot'', ''place'', 12, 77, page_size => 1001', 'page_size 1001'),
  ('''geo_dot'', ''unknown'', 12, 777', 'longitude 777'),
  ('''geo_dot'', ''place'', 12, 777, page_token => ''x''', 'longitude 777')
) r(arguments, expected);

select lives_ok(format('select * from dpg.nearest_items(%s)', r.arguments), r.arguments || ' is in range')
from (values
  ('''geo_dot'', ''place'', 90, 180'), ('''geo_dot'', ''place'', -90, -180'), ('''geo_dot'', ''place'', ''-0'', ''-0'', ''-0'''),
  ('''geo_dot'', ''place'', 5e-324, -5e-324, 5e-324'), ('''geo_dot'', ''place'', 12, 77, 1e308, page_size => 1000')
) r(arguments);
select * from finish();
rollback;
