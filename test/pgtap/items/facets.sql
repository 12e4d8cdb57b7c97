-- Facets: any of the values within a field, all fields; and how many items have which value.
begin;
select plan(28);

select dpg_test.insert_users('asha');
select dpg.ensure_item_partition('facet_dot', 'tutor'), dpg.ensure_item_partition('facet_dot', 'pupil');
insert into dpg.items (item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state, created_by)
select 'facet_dot', v.domain, 't', ('00000000-0000-4000-8000-00000000000' || v.n)::uuid, 'https://facet.example.com', 's', v.state, 'asha'
from (values
  (1, 'tutor', '{"subject": "math", "verified": true, "price": 10, "name": "a"}'::jsonb),
  (2, 'tutor', '{"subject": ["math", "physics"], "verified": false, "price": 10.0}'),
  (3, 'tutor', '{"subject": ["art", "art"], "verified": null, "price": -1.5}'),
  (4, 'tutor', '{"subject": {"main": "math"}, "price": "10"}'),
  (5, 'tutor', '{"subject": [["math"], "music"], "odd \"$.*[?]&&|| field''\\": "odd \"value\" == 1) || (1 == 1", "": "empty"}'),
  (6, 'tutor', '{}'),
  (7, 'pupil', '{"subject": "math"}')
) v(n, domain, state);

create function pg_temp.found(facets jsonb) returns text language sql as $body$
  select coalesce(string_agg(right(f.item_id::text, 1), ' ' order by f.item_id), 'none') || ' = ' || dpg.count_items('facet_dot', 'tutor', facets => $1)
  from dpg.find_items('facet_dot', 'tutor', facets => $1) f
$body$;
create function pg_temp.counted(fields text[], facets jsonb default null, max_values integer default 20) returns text language sql as $body$
  select coalesce(string_agg(c.field || ' ' || c.value::text || ': ' || c.item_count, ', ' order by c.position), 'none')
  from rows from (dpg.count_facets('facet_dot', 'tutor', $1, $3, facets => $2)) with ordinality c(field, value, item_count, position)
$body$;

set local role dpg_app;

select is(pg_temp.found('{"subject": ["math"]}'), '1 2 = 2', 'a value, or an element of an array; no member of an object, no array in an array');
select is(pg_temp.found('{"subject": ["art", "physics"]}'), '2 3 = 2', 'any of the values');
select is(pg_temp.found('{"subject": ["math"], "verified": [true]}'), '1 = 1', 'all fields');
select is(pg_temp.found('{"verified": [null]}'), '3 = 1', 'null is a value, a missing field is none');
select is(pg_temp.found('{"verified": [false, true]}'), '1 2 = 2', 'booleans');
select is(pg_temp.found('{"price": [10]}'), '1 2 = 2', 'numbers, however they are written; no text');
select is(pg_temp.found('{"price": [-1.50]}'), '3 = 1', 'a negative one');
select is(pg_temp.found('{"price": ["10"]}'), '4 = 1', 'a text is no number');
select is(pg_temp.found('{"subject": []}'), 'none = 0', 'no value: nothing');
select is(pg_temp.found('{}'), '1 2 3 4 5 6 = 6', 'no field: everything');
select is(pg_temp.found('{"odd \"$.*[?]&&|| field\u0027\\": ["odd \"value\" == 1) || (1 == 1"]}'), '5 = 1', 'metacharacters are text');
select is(pg_temp.found('{"subject": ["x\" || 1 == 1 || \""]}'), 'none = 0', 'and nothing else');
select is(pg_temp.found('{"": ["empty"]}'), '5 = 1', 'any name is one');
select is(pg_temp.found('{"subject": ["music"]}'), '5 = 1', 'a scalar beside an array');

select is(pg_temp.counted('{subject}'), 'subject "math": 2, subject "art": 1, subject "music": 1, subject "physics": 1', 'the most frequent first, then by value; an item once');
select is(pg_temp.counted('{verified,price}'), 'verified null: 1, verified false: 1, verified true: 1, price 10: 2, price "10": 1, price -1.5: 1', 'several fields, every kind of value');
select is(pg_temp.counted('{{subject,verified},{nothing,price}}', max_values => 1), 'subject "math": 2, verified null: 1, price 10: 2', 'an array of two dimensions');
select is(pg_temp.counted('{subject}', max_values => 1), 'subject "math": 2', 'so many values');
select is(pg_temp.counted('{nothing}'), 'none', 'a field that none has');
select is(pg_temp.counted('{subject,verified}', '{"subject": ["physics"]}'),
  'subject "math": 2, subject "art": 1, subject "music": 1, subject "physics": 1, verified false: 1', 'a facet does not count for its own field');
select is(pg_temp.counted('{subject}', '{"verified": [true, null]}'), 'subject "art": 1, subject "math": 1', 'but for the others');
select is(
  (select string_agg(c.value::text || ' ' || c.item_count, ', ') from dpg.count_facets('facet_dot', null, '{subject}', 1) c), '"math" 3', 'over all domains'
);

select is(left(dpg_test.full_refusal($$select dpg.find_items('facet_dot', facets => '[]')$$), 5), 'DP001', 'an array is no object');
select is(left(dpg_test.full_refusal($$select dpg.find_items('facet_dot', facets => '{"a": 1}')$$), 5), 'DP001', 'a scalar is no array');
select is(left(dpg_test.full_refusal($$select dpg.find_items('facet_dot', facets => '{"a": [{}]}')$$), 5), 'DP001', 'an object is no scalar');
select is(left(dpg_test.full_refusal($$select dpg.find_items('facet_dot', facets => '{"b": [1], "a": [[1]]}')$$), 5), 'DP001', 'nor is an array');
select is(left(dpg_test.full_refusal(format($$select dpg.find_items('facet_dot', facets => %L)$$, jsonb_build_object('a', (select jsonb_agg(n) from generate_series(1, 10000) n)))), 5), 'DP001', '10,000 values');
select is(left(dpg_test.full_refusal($$select dpg.count_facets('facet_dot', 'tutor', '{a}', 0)$$), 5), 'DP001', 'no values');

select * from finish();
rollback;
