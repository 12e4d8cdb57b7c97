-- What map_items, count_facets, define_item, set_item_status, find_own_items, get_items and get_item refuse besides the
-- filters: the argument is named, and nothing is written.
begin;
select plan(67);
select dpg_test.insert_users('asha', 'ravi');
create function pg_temp.id(n integer) returns uuid language sql immutable
return ('00000000-0000-4000-8000-00000000001' || n)::uuid;
select dpg.upsert_item('asha', 'life_dot', 'tutor', t, 'https://life.example.com', 's', item_id => pg_temp.id(1)) from unnest(array['a', 'b']) t;
select dpg.upsert_item('asha', 'life_dot', 'tutor', 'a', 'https://life.example.com', 's', item_id => pg_temp.id(2));
select dpg.define_item('life_dot', 'tutor', '[{"status": "draft"}, {"status": "retired", "final": true}]');
select dpg.set_item_status('asha', 'life_dot', 'tutor', 'a', pg_temp.id(2), 'retired');

create function pg_temp.map(given text) returns text language sql as $body$
  select dpg_test.full_refusal(format('select count(*) from dpg.map_items(%s)', given))
$body$;
create function pg_temp.counted(given text) returns text language sql as $body$
  select dpg_test.full_refusal(format('select count(*) from dpg.count_facets(%s)', given))
$body$;
create function pg_temp.defined(statuses text) returns text language sql as $body$
  select dpg_test.full_refusal(format('select dpg.define_item(''life_dot'', ''tutor'', %L)', statuses))
$body$;
create function pg_temp.set(given text) returns text language sql as $body$
  select dpg_test.full_refusal(format('select dpg.set_item_status(%s)', given))
$body$;
create function pg_temp.own(given text) returns text language sql as $body$
  select dpg_test.full_refusal(format('select count(*) from dpg.find_own_items(%s)', given))
$body$;
create function pg_temp.items(given text) returns text language sql as $body$
  select dpg_test.full_refusal(format('select count(*) from dpg.get_items(%s)', given))
$body$;

set local role dpg_app;
select dpg_test.note_written();

-- map_items
select is(pg_temp.map($$'life_dot', 'tutor', -90, -180, 90, 180, 0$$), 'DP001 {"value": 0, "argument": "max_markers"}', 'no markers');
select is(pg_temp.map($$'life_dot', 'tutor', -90, -180, 90, 180, -1$$), 'DP001 {"value": -1, "argument": "max_markers"}', 'fewer than none');
select is(pg_temp.map($$'life_dot', 'tutor', -90, -180, 90, 180, 10001$$), 'DP001 {"value": 10001, "argument": "max_markers"}', '10,001 markers');
select is(pg_temp.map($$'life_dot', 'tutor', -90, -180, 90, 180, 10000$$), 'no refusal', '10,000 markers');
select is(pg_temp.map($$'life_dot', 'tutor', -90, -180, 90, 180, null$$), 'no refusal', 'null is the default');
select is(pg_temp.map($$'life_dot', 'tutor', null, null, null, null$$), 'DP001 {"value": null, "argument": "south"}', 'a map needs a box');
select is(pg_temp.map($$null, 'tutor', -90, -180, 90, 180$$), 'DP001 {"value": null, "argument": "item_network"}', 'no network');
select is(pg_temp.map($$'life_dot', '', -90, -180, 90, 180$$), 'DP001 {"value": "", "argument": "item_domain"}', 'an empty domain');
select is(pg_temp.map($$'life_dot', 'tutor', -90, -180, 90, 180, latitude => 1$$), 'DP001 {"value": null, "argument": "longitude"}', 'half a circle');

-- count_facets
select is(pg_temp.counted($$'life_dot', 'tutor', null$$), 'DP001 {"value": null, "argument": "fields"}', 'no fields');
select is(pg_temp.counted($$'life_dot', 'tutor', '{}'$$), 'no refusal', 'none of them: nothing to count');
select is(pg_temp.counted($$'life_dot', 'tutor', '{a,null}'$$), 'DP001 {"index": 1, "value": null, "argument": "fields"}', 'a field that is null');
select is(pg_temp.counted($$'life_dot', 'tutor', array(select n::text from generate_series(1, 101) n)$$), 'DP001 {"value": null, "argument": "fields"}', '101 fields');
select is(pg_temp.counted($$'life_dot', 'tutor', array(select n::text from generate_series(1, 100) n)$$), 'no refusal', '100 fields');
select is(pg_temp.counted($$'life_dot', 'tutor', '{a}', 0$$), 'DP001 {"value": 0, "argument": "max_values"}', 'no values');
select is(pg_temp.counted($$'life_dot', 'tutor', '{a}', 1001$$), 'DP001 {"value": 1001, "argument": "max_values"}', '1,001 values');
select is(pg_temp.counted($$'life_dot', 'tutor', '{a}', null$$), 'no refusal', 'null is the default');
select is(pg_temp.counted($$'', 'tutor', '{a}'$$), 'DP001 {"value": "", "argument": "item_network"}', 'an empty network');

-- define_item
select is(pg_temp.defined('{}'), 'DP001 {"value": {}, "argument": "statuses"}', 'an object');
select is(pg_temp.defined('null'), 'DP001 {"value": null, "argument": "statuses"}', 'the JSON null');
select is(pg_temp.defined('"draft"'), 'DP001 {"value": "draft", "argument": "statuses"}', 'a string');
select is(pg_temp.defined('["draft"]'), 'DP001 {"index": 0, "value": "draft", "argument": "statuses"}', 'a status that is no object');
select is(pg_temp.defined('[{"status": "a"}, {}]'), 'DP001 {"index": 1, "value": {}, "argument": "statuses"}', 'one without a name');
select is(pg_temp.defined('[{"status": null}]'), 'DP001 {"index": 0, "value": {"status": null}, "argument": "statuses"}', 'one whose name is null');
select is(pg_temp.defined('[{"status": 1}]'), 'DP001 {"index": 0, "value": {"status": 1}, "argument": "statuses"}', 'one whose name is a number');
select is(pg_temp.defined('[{"status": " "}]'), 'DP001 {"index": 0, "value": {"status": " "}, "argument": "statuses"}', 'a blank name');
select matches(pg_temp.defined(jsonb_build_array(jsonb_build_object('status', repeat('x', 121)))::text), '^DP001 .*"index": 0', 'a name of 121 characters');
select is(pg_temp.defined('[{"status": "a"}, {"status": "b"}, {"status": "a", "found": false}]'), 'DP001 {"index": 2, "value": "a", "argument": "statuses"}', 'a status twice');
select is(pg_temp.defined('[{"status": "a", "found": "no"}]'), 'DP001 {"index": 0, "value": {"found": "no", "status": "a"}, "argument": "statuses"}', 'found is no text');
select is(pg_temp.defined('[{"status": "a", "acts": 0}]'), 'DP001 {"index": 0, "value": {"acts": 0, "status": "a"}, "argument": "statuses"}', 'acts is no number');
select is(pg_temp.defined('[{"status": "a", "final": null}]'), 'DP001 {"index": 0, "value": {"final": null, "status": "a"}, "argument": "statuses"}', 'final is not null');
select is(pg_temp.defined('[{"status": "a", "finale": true}]'), 'DP001 {"index": 0, "value": {"finale": true, "status": "a"}, "argument": "statuses"}', 'a misspelt field');
select matches(pg_temp.defined((select jsonb_agg(jsonb_build_object('status', repeat(n::text, 20))) from generate_series(1, 100000) n)::text), '^DP001 .*"argument": "statuses"', '100,000 statuses');
select is(dpg_test.full_refusal($$select dpg.define_item('', 'tutor', '[]')$$), 'DP001 {"value": "", "argument": "item_network"}', 'an empty network');
select is(dpg_test.full_refusal($$select dpg.define_item('life_dot', null, '[]')$$), 'DP001 {"value": null, "argument": "item_domain"}', 'no domain');
select is(dpg_test.full_refusal($$select dpg.define_item('life_dot', 'tutor', '[]', ' ')$$), 'DP001 {"value": " ", "argument": "initial_status"}', 'a blank initial status');
select is(dpg_test.full_refusal($$select dpg.define_item('life_dot', '', null)$$), 'DP001 {"value": "", "argument": "item_domain"}', 'where a definition is removed, too');

-- set_item_status
select is(pg_temp.set($$null, 'life_dot', 'tutor', 'a', pg_temp.id(1), 'draft'$$), 'DP001 {"value": null, "argument": "actor"}', 'no actor');
select is(pg_temp.set($$'asha', '', 'tutor', 'a', pg_temp.id(1), 'draft'$$), 'DP001 {"value": "", "argument": "item_network"}', 'no network');
select is(pg_temp.set($$'asha', 'life_dot', 'tutor', null, pg_temp.id(1), 'draft'$$), 'DP001 {"value": null, "argument": "item_type"}', 'no type');
select is(pg_temp.set($$'asha', 'life_dot', 'tutor', 'a', null, 'draft'$$), 'DP001 {"value": null, "argument": "item_id"}', 'no id');
select is(pg_temp.set($$'asha', 'life_dot', 'tutor', 'a', pg_temp.id(1), null$$), 'DP001 {"value": null, "argument": "item_status"}', 'no status');
select is(pg_temp.set($$'asha', 'life_dot', 'tutor', 'a', pg_temp.id(1), ''$$), 'DP001 {"value": "", "argument": "item_status"}', 'an empty one');
select matches(pg_temp.set($$'asha', 'life_dot', 'tutor', 'a', pg_temp.id(1), repeat('x', 121)$$), '^DP001 .*"argument": "item_status"', 'one of 121 characters');
select is(pg_temp.set($$'asha', 'life_dot', 'tutor', 'a', pg_temp.id(1), 'draft', 'infinity'$$), 'DP001 {"value": "infinity", "argument": "expected_updated_at"}', 'a version that is no time');
select matches(pg_temp.set($$'asha', 'life_dot', 'tutor', 'a', pg_temp.id(1), 'unknown'$$), '^DP006 .*"to": "unknown".*"from": "live"', 'a status that the definition does not know');
select matches(pg_temp.set($$'asha', 'life_dot', 'tutor', 'a', pg_temp.id(1), 'Draft'$$), '^DP006 ', 'not even by its case');
select matches(pg_temp.set($$'asha', 'life_dot', 'tutor', 'a', pg_temp.id(2), 'live'$$), '^DP006 .*"to": "live".*"from": "retired"', 'out of a final one');
select matches(pg_temp.set($$'ravi', 'life_dot', 'tutor', 'a', pg_temp.id(1), 'unknown'$$), '^DP003 ', 'of somebody else: a stranger comes first');
select matches(pg_temp.set($$'asha', 'life_dot', 'tutor', 'a', pg_temp.id(9), 'unknown'$$), '^DP002 ', 'of an item that is not there');
select matches(pg_temp.set($$'asha', 'nowhere', 'tutor', 'a', pg_temp.id(1), 'draft'$$), '^DP002 ', 'in a network that is not there');
select matches(pg_temp.set($$'asha', 'life_dot', 'tutor', 'a', pg_temp.id(1), 'unknown', '2020-01-01'$$), '^DP007 ', 'a stale version comes first');

-- find_own_items
select is(pg_temp.own($$null$$), 'DP001 {"value": null, "argument": "actor"}', 'no actor');
select is(pg_temp.own($$'asha', item_network => ''$$), 'DP001 {"value": "", "argument": "item_network"}', 'an empty network');
select is(pg_temp.own($$'asha', item_domain => ' '$$), 'DP001 {"value": " ", "argument": "item_domain"}', 'a blank domain');
select is(pg_temp.own($$'asha', item_statuses => '{live,""}'$$), 'DP001 {"index": 1, "value": "", "argument": "item_statuses"}', 'an empty status');
select is(pg_temp.own($$'asha', page_size => 0$$), 'DP001 {"value": 0, "argument": "page_size"}', 'an empty page');
select matches(pg_temp.own($$'asha', page_token => 'nonsense'$$), '^DP011 ', 'a token that is none');
select matches(
  pg_temp.own(format($$'ravi', page_token => %L$$, (select min(f.next_page_token) from dpg.find_own_items('asha') f))), '^DP011 ', 'the token of somebody else'
);
select is(pg_temp.own($$'nobody'$$), 'no refusal', 'an unknown actor finds nothing');

-- get_items, get_item
select is(pg_temp.items('null'), 'DP001 {"value": null, "argument": "items"}', 'no items');
select is(pg_temp.items(format('array_fill(row(''life_dot'', ''tutor'', ''a'', %L)::dpg.item_ref, array[1001])', pg_temp.id(1))), 'DP001 {"value": null, "argument": "items"}', '1,001 items');
select matches(pg_temp.items(format('array[row(''life_dot'', ''tutor'', ''a'', %L)::dpg.item_ref, row(''life_dot'', ''tutor'', '''', %1$L)::dpg.item_ref]', pg_temp.id(1))), '^DP001 .*"argument": "items\[1\]\.item_type"', 'a key with an empty type');
select matches(pg_temp.items('array[null::dpg.item_ref]'), '^DP001 .*"argument": "items\[0\]', 'a key that is null');
select is(
  dpg_test.full_refusal(format('select dpg.get_item(''life_dot'', ''tutor'', null, %L)', pg_temp.id(1))),
  'DP002 {"item_id": "00000000-0000-4000-8000-000000000011", "item_types": ["a", "b"], "item_domain": "tutor", "item_network": "life_dot"}',
  'an id that two types have'
);
select matches(dpg_test.full_refusal(format('select dpg.get_item(''life_dot'', ''tutor'', null, %L)', pg_temp.id(9))), '^DP002 ', 'an id that none has');

select dpg_test.wrote_nothing('no refusal has written anything');

select * from finish();
rollback;
