-- What find_items and count_items refuse: the same.
begin;
select plan(37);

create function pg_temp.both(filters text) returns text
language plpgsql as $body$
declare
  found text := dpg_test.full_refusal(format('select count(*) from dpg.find_items(%s)', filters));
  counted text := dpg_test.full_refusal(format('select dpg.count_items(%s)', filters));
begin
  return case when found = counted then found else format('%s / %s', found, counted) end;
end
$body$;

set local role dpg_app;
select dpg_test.note_written();
-- at the first calls of a session, where PL/pgSQL still plans with the arguments as constants
select is(pg_temp.both($$'', 'd', latitude => 91, longitude => 1, radius_meters => 1$$), 'DP001 {"value": "", "argument": "item_network"}', 'the first of several that are wrong');
select is(pg_temp.both($$null, 'student'$$), 'DP001 {"value": null, "argument": "item_network"}', 'no network');
select is(pg_temp.both($$'', 'student'$$), 'DP001 {"value": "", "argument": "item_network"}', 'an empty network');
select is(pg_temp.both($$'n', null$$), 'no refusal', 'no domain is every domain');
select is(pg_temp.both($$'n', 'd', item_domains => '{d}'$$), 'DP001 {"value": ["d"], "argument": "item_domains"}', 'one domain and several');
select is(pg_temp.both($$'n', 'd', item_domains => '{}'$$), 'DP001 {"value": [], "argument": "item_domains"}', 'one domain and none of several');
select is(pg_temp.both($$'n', ' ', item_domains => '{""}'$$), 'DP001 {"value": [""], "argument": "item_domains"}', 'both are refused before either is looked at');
select is(pg_temp.both($$'n', item_domains => '{a,null}'$$), 'DP001 {"index": 1, "value": null, "argument": "item_domains"}', 'a domain that is null');
select is(pg_temp.both($$'n', item_domains => '{a,b,""}'$$), 'DP001 {"index": 2, "value": "", "argument": "item_domains"}', 'an empty one');
select is(pg_temp.both($$'n', item_domains => E'{"\t"}'$$), E'DP001 {"index": 0, "value": "\\t", "argument": "item_domains"}', 'a blank one');
select matches(pg_temp.both($$'n', item_domains => array[repeat('é', 121)]$$), '^DP001 [^/]*"index": 0[^/]*$', 'one of 121 characters');
select is(pg_temp.both($$'n', item_domains => '[5:6]={a,""}'$$), 'DP001 {"index": 1, "value": "", "argument": "item_domains"}', 'the index counts elements, not bounds');
select is(pg_temp.both($$'n', item_domains => '{}', item_type => ''$$), 'DP001 {"value": "", "argument": "item_type"}', 'what follows is looked at where there is nothing to search');
select is(pg_temp.both($$'n', ' '$$), 'DP001 {"value": " ", "argument": "item_domain"}', 'a blank domain');
select matches(pg_temp.both($$'n', repeat('x', 121)$$), '^DP001 [^/]*$', 'a domain of 121 characters');
select is(pg_temp.both($$'n', 'd', item_type => ''$$), 'DP001 {"value": "", "argument": "item_type"}', 'an empty type');
select matches(pg_temp.both($$'n', 'd', item_type => repeat('é', 121)$$), '^DP001 [^/]*$', 'a type of 121 characters');
select is(pg_temp.both($$'n', 'd', created_by => ''$$), 'DP001 {"value": "", "argument": "created_by"}', 'an empty owner');
select is(pg_temp.both($$'n', 'd', item_instance_url => ''$$), 'DP001 {"value": "", "argument": "item_instance_url"}', 'an empty instance URL');
select matches(pg_temp.both($$'n', 'd', item_instance_url => repeat('x', 1025)$$), '^DP001 [^/]*$', 'an instance URL of 1,025 bytes');
select is(pg_temp.both($$'n', 'd', item_schema_url => E'\t'$$), E'DP001 {"value": "\\t", "argument": "item_schema_url"}', 'a blank schema URL');
select is(pg_temp.both($$'n', 'd', item_state => '[]'$$), 'DP001 {"value": [], "argument": "item_state"}', 'a state that is an array');
select is(pg_temp.both($$'n', 'd', item_state => 'null'$$), 'DP001 {"value": null, "argument": "item_state"}', 'a state that is the JSON null');
select is(pg_temp.both($$'n', 'd', item_state => '"x"'$$), 'DP001 {"value": "x", "argument": "item_state"}', 'a state that is a string');
select is(pg_temp.both($$'n', 'd', latitude => 1$$), 'DP001 {"value": null, "argument": "longitude"}', 'a latitude alone');
select is(pg_temp.both($$'n', 'd', longitude => 1$$), 'DP001 {"value": null, "argument": "latitude"}', 'a longitude alone');
select is(pg_temp.both($$'n', 'd', radius_meters => 1$$), 'DP001 {"value": null, "argument": "latitude"}', 'a radius alone');
select is(pg_temp.both($$'n', 'd', latitude => 1, longitude => 1$$), 'DP001 {"value": null, "argument": "radius_meters"}', 'a centre alone');
select is(pg_temp.both($$'n', 'd', latitude => 1, radius_meters => 1$$), 'DP001 {"value": null, "argument": "longitude"}', 'a circle without longitude');
select is(pg_temp.both($$'n', 'd', latitude => 91, longitude => 1, radius_meters => 1$$), 'DP001 {"value": 91, "argument": "latitude"}', 'a latitude above 90');
select is(pg_temp.both($$'n', 'd', latitude => 1, longitude => -180.5, radius_meters => 1$$), 'DP001 {"value": -180.5, "argument": "longitude"}', 'a longitude below -180');
select is(pg_temp.both($$'n', 'd', latitude => 'NaN', longitude => 1, radius_meters => 1$$), 'DP001 {"value": "NaN", "argument": "latitude"}', 'a latitude that is NaN');
select is(pg_temp.both($$'n', 'd', latitude => 1, longitude => 'infinity', radius_meters => 1$$), 'DP001 {"value": "Infinity", "argument": "longitude"}', 'a longitude that is infinite');
select is(pg_temp.both($$'n', 'd', latitude => 1, longitude => 1, radius_meters => -1$$), 'DP001 {"value": -1, "argument": "radius_meters"}', 'a radius below 0');
select is(pg_temp.both($$'n', 'd', latitude => 1, longitude => 1, radius_meters => 'NaN'$$), 'DP001 {"value": "NaN", "argument": "radius_meters"}', 'a radius that is NaN');
select is(pg_temp.both($$'n', 'd', latitude => 1, longitude => 1, radius_meters => 'infinity'$$), 'DP001 {"value": "Infinity", "argument": "radius_meters"}', 'a radius that is infinite');

select dpg_test.wrote_nothing('no refusal has written anything');

select * from finish();
rollback;
