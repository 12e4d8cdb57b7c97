-- The filters that every finder has: each of them refuses the same, in the same words, and before it looks for a leaf.
begin;
select plan(50);
select dpg_test.insert_users('asha');
select dpg.upsert_item('asha', 'filter_dot', 'tutor', 't', 'https://filter.example.com', 's');

create function pg_temp.all_of_them(filters text) returns text
language plpgsql as $body$
declare
  refusals text[] := array(
    select distinct dpg_test.full_refusal(format(call, network, filters))
    from unnest(array['filter_dot', 'no network']) network
    cross join unnest(array[
      'select count(*) from dpg.find_items(%L, ''tutor'', %s)', 'select dpg.count_items(%L, ''tutor'', %s)',
      'select count(*) from dpg.nearest_items(%L, ''tutor'', 1, 2, %s)',
      'select count(*) from dpg.count_facets(%L, ''tutor'', ''{a}'', facets => null, %s)',
      'select count(*) from dpg.map_items(%L, ''tutor'', -90, -180, 90, 180, %s)'
    ]) call
    where case
      when call ~ 'map_items' then filters !~ '^(south|west|north|east) '
      when call ~ 'count_facets' then filters !~ '^facets '
      else true
    end
  );
begin
  return array_to_string(refusals, ' / ');
end
$body$;
-- facets go to count_facets as well
create function pg_temp.facets(facets text) returns text
language sql as $body$
  select case when others = counted then others else others || ' / ' || counted end
  from (
    select pg_temp.all_of_them(format('facets => %s', facets)),
      dpg_test.full_refusal(format('select count(*) from dpg.count_facets(''filter_dot'', ''tutor'', ''{a}'', facets => %s)', facets))
  ) r(others, counted)
$body$;
create function pg_temp.box(south text, west text, north text, east text) returns text
language sql as $body$
  select case when others = mapped then others else others || ' / ' || mapped end
  from (
    select pg_temp.all_of_them(format('south => %s, west => %s, north => %s, east => %s', south, west, north, east)),
      dpg_test.full_refusal(format('select count(*) from dpg.map_items(''filter_dot'', null, %s, %s, %s, %s)', south, west, north, east))
  ) r(others, mapped)
$body$;

set local role dpg_readonly;
select dpg_test.note_written();

-- boxes
select is(pg_temp.box('1', '0', '0', '1'), 'DP001 {"value": 1, "argument": "south"}', 'south above north');
select is(pg_temp.box('0.0000000000000001', '0', '0', '1'), 'DP001 {"value": 0.0000000000000001, "argument": "south"}', 'by next to nothing');
select is(pg_temp.box('null', '0', '1', '1'), 'DP001 {"value": null, "argument": "south"}', 'no south');
select is(pg_temp.box('0', 'null', '1', '1'), 'DP001 {"value": null, "argument": "west"}', 'no west');
select is(pg_temp.box('0', '0', 'null', '1'), 'DP001 {"value": null, "argument": "north"}', 'no north');
select is(pg_temp.box('0', '0', '1', 'null'), 'DP001 {"value": null, "argument": "east"}', 'no east');
select is(pg_temp.all_of_them('south => 1'), 'DP001 {"value": null, "argument": "west"}', 'one of four edges');
select is(pg_temp.all_of_them('west => 1'), 'DP001 {"value": null, "argument": "south"}', 'another one');
select is(pg_temp.all_of_them('north => 1, east => 2'), 'DP001 {"value": null, "argument": "south"}', 'two of four');
select is(pg_temp.box('''NaN''', '0', '1', '1'), 'DP001 {"value": "NaN", "argument": "south"}', 'south is NaN');
select is(pg_temp.box('0', '''NaN''', '1', '1'), 'DP001 {"value": "NaN", "argument": "west"}', 'west is NaN');
select is(pg_temp.box('0', '0', '''NaN''', '1'), 'DP001 {"value": "NaN", "argument": "north"}', 'north is NaN');
select is(pg_temp.box('0', '0', '1', '''NaN'''), 'DP001 {"value": "NaN", "argument": "east"}', 'east is NaN');
select is(pg_temp.box('''NaN''', '''NaN''', '''NaN''', '''NaN'''), 'DP001 {"value": "NaN", "argument": "south"}', 'all are NaN');
select is(pg_temp.box('0', '0', '''infinity''', '1'), 'DP001 {"value": "Infinity", "argument": "north"}', 'north is infinite');
select is(pg_temp.box('''-infinity''', '0', '1', '1'), 'DP001 {"value": "-Infinity", "argument": "south"}', 'south is infinite');
select is(pg_temp.box('-90.00001', '0', '1', '1'), 'DP001 {"value": -90.00001, "argument": "south"}', 'beyond the south pole');
select is(pg_temp.box('0', '0', '90.5', '1'), 'DP001 {"value": 90.5, "argument": "north"}', 'beyond the north pole');
select is(pg_temp.box('0', '-181', '1', '1'), 'DP001 {"value": -181, "argument": "west"}', 'west of -180');
select is(pg_temp.box('0', '170', '1', '190'), 'DP001 {"value": 190, "argument": "east"}', 'east of 180');
select is(pg_temp.box('0', '1', '0', '-1'), 'no refusal', 'a line across the 180th meridian is a box');

-- facets
select is(pg_temp.facets('''[]'''), 'DP001 {"value": [], "argument": "facets"}', 'an array');
select is(pg_temp.facets('''null'''), 'DP001 {"value": null, "argument": "facets"}', 'the JSON null');
select is(pg_temp.facets('''"subject"'''), 'DP001 {"value": "subject", "argument": "facets"}', 'a string');
select is(pg_temp.facets('''7'''), 'DP001 {"value": 7, "argument": "facets"}', 'a number');
select is(pg_temp.facets('''{"a": "math"}'''), 'DP001 {"value": "math", "argument": "facets.a"}', 'a value that is not in an array');
select is(pg_temp.facets('''{"a": null}'''), 'DP001 {"value": null, "argument": "facets.a"}', 'null instead of an array');
select is(pg_temp.facets('''{"a": {}}'''), 'DP001 {"value": {}, "argument": "facets.a"}', 'an object instead of one');
select is(pg_temp.facets('''{"a": ["math", {"b": 1}]}'''), 'DP001 {"value": {"b": 1}, "argument": "facets.a"}', 'an object among the values');
select is(pg_temp.facets('''{"a": [["math"]]}'''), 'DP001 {"value": ["math"], "argument": "facets.a"}', 'an array among the values');
select is(pg_temp.facets('''{"a": [[]], "b": 1}'''), 'DP001 {"value": [], "argument": "facets.a"}', 'the first of several');
select is(pg_temp.facets('''{"b": [1], "": [{}]}'''), 'DP001 {"value": {}, "argument": "facets."}', 'under an empty name');
select is(pg_temp.facets('jsonb_build_object(''a'', (select jsonb_agg(n) from generate_series(1, 100) n))'), 'no refusal', '100 values');
select is(pg_temp.facets('jsonb_build_object(''a'', (select jsonb_agg(n) from generate_series(1, 10000) n))'), 'DP001 {"value": null, "argument": "facets"}', '10,000 values');
select is(
  pg_temp.facets('(select jsonb_object_agg(n, ''[1]''::jsonb) from generate_series(1, 10000) n)'),
  'DP001 {"value": null, "argument": "facets"}', '10,000 fields of one value'
);
select is(
  pg_temp.facets('jsonb_build_object(''a'', ''[1]''::jsonb) || (select jsonb_object_agg(n, ''[]''::jsonb) from generate_series(1, 10000) n)'),
  'DP001 {"value": null, "argument": "facets"}', '10,000 fields without a value'
);
select is(
  pg_temp.facets('(select jsonb_object_agg(n, ''[1]''::jsonb) from generate_series(1, 100) n)'), 'no refusal', '100 fields'
);
select is(pg_temp.facets('''{"a": []}'''), 'no refusal', 'no value matches nothing, and is no mistake');

-- statuses
select is(pg_temp.all_of_them('item_statuses => ''{live,null}'''), 'DP001 {"index": 1, "value": null, "argument": "item_statuses"}', 'a status that is null');
select is(pg_temp.all_of_them('item_statuses => ''{""}'''), 'DP001 {"index": 0, "value": "", "argument": "item_statuses"}', 'an empty one');
select is(pg_temp.all_of_them('item_statuses => ''{a,b," "}'''), 'DP001 {"index": 2, "value": " ", "argument": "item_statuses"}', 'a blank one');
select matches(pg_temp.all_of_them('item_statuses => array[repeat(''é'', 121)]'), '^DP001 [^/]*"index": 0[^/]*$', 'one of 121 characters');
select is(pg_temp.all_of_them('item_statuses => ''{live}'', any_status => true'), 'DP001 {"value": true, "argument": "any_status"}', 'some and any');
select is(pg_temp.all_of_them('item_statuses => ''{}'', any_status => true'), 'DP001 {"value": true, "argument": "any_status"}', 'none and any');
select is(pg_temp.all_of_them('item_statuses => ''{live}'', any_status => false'), 'no refusal', 'some, and not any');
select is(pg_temp.all_of_them('item_statuses => ''{unknown}'''), 'no refusal', 'a status that no definition knows');

-- the others, where they are new
select is(pg_temp.all_of_them('created_by => '''''), 'DP001 {"value": "", "argument": "created_by"}', 'an empty owner');
select is(pg_temp.all_of_them('item_schema_url => E''\t'''), E'DP001 {"value": "\\t", "argument": "item_schema_url"}', 'a blank URL');
select is(pg_temp.all_of_them('item_domains => ''{a}'''), 'DP001 {"value": ["a"], "argument": "item_domains"}', 'one domain and several');

select dpg_test.wrote_nothing('no refusal has written anything');

select * from finish();
rollback;
