-- The limit of how deep objects and arrays of one JSON document may lie in one another.
begin;
select plan(57);
select dpg_test.insert_users('asha', 'ravi');
-- an object of so many levels in all: the object, and arrays or objects in it, the innermost empty or not
create function pg_temp.deep(levels integer, inner_text text default '', opening text default '[', closing text default ']') returns jsonb
language sql
as $f$
  select ('{"a":' || repeat(opening, levels - 1) || inner_text || repeat(closing, levels - 1) || '}')::jsonb
$f$;

-- what a level is
select is(dpg_private.is_too_deep(d, l), t, format('%s is more than %s deep: %s', d, l, t))
from (
  values
    ('{}'::jsonb, 1, false), ('{}', 0, true), ('{"a": 1}', 1, false), ('{"a": []}', 1, true), ('{"a": []}', 2, false),
    ('{"a": {}, "b": [[1], {"c": null}]}', 2, true), ('{"a": {}, "b": [[1], {"c": null}]}', 3, false),
    ('{"a": [1, 2, [3]]}', 3, false), ('{"a": [1, 2, [3]]}', 2, true), ('{"a": "[[[[[{{{{"}', 1, false), ('{"[[[": [[]]}', 3, false), ('{"[[[": [[]]}', 2, true)
) v(d, l, t);
select is(dpg_private.is_too_deep(pg_temp.deep(512, i, o, c), 512), false, format('512 levels of %s around %L', o, i))
from (values ('[', ']'), ('{"k":', '}')) b(o, c), (values ('1'), ('""')) i(i);
select is(dpg_private.is_too_deep(pg_temp.deep(513, i, o, c), 512), true, format('513 levels of %s around %L', o, i))
from (values ('[', ']'), ('{"k":', '}')) b(o, c), (values ('1'), ('""')) i(i);
select is(dpg_private.is_too_deep(pg_temp.deep(512), 512), false, '512 levels, the innermost empty');
select is(dpg_private.is_too_deep(pg_temp.deep(513), 512), true, '513 levels, the innermost empty');
select is(
  dpg_private.is_too_deep(jsonb_build_object('first', pg_temp.deep(510), 'second', pg_temp.deep(512), 'third', 1), 512), true,
  'the deepest counts, wherever it is'
);

set local role dpg_app;
select dpg.upsert_item('asha', 'deep_dot', 'student', 't', 'https://one.example.com', 's', item_id => '11111111-1111-4111-8111-111111111111');
select dpg.upsert_item('ravi', 'deep_dot', 'student', 't', 'https://one.example.com', 's', item_id => '22222222-2222-4222-8222-222222222222');
select dpg.perform_action('asha', 'connect', row('deep_dot', 'student', 't', '11111111-1111-4111-8111-111111111111'), row('deep_dot', 'student', 't', '22222222-2222-4222-8222-222222222222'), action_id => '33333333-3333-4333-8333-333333333333');
select dpg.receive_action('connect', row('far', 'student', 't', '11111111-1111-4111-8111-111111111111'), 'https://far.example.com', 'far', row('deep_dot', 'student', 't', '22222222-2222-4222-8222-222222222222'), action_id => '44444444-4444-4444-8444-444444444444');

-- each argument that is a document; %s is the document
create temporary table calls (argument text, call text);
insert into calls
values
  ('item_state', $$ select dpg.upsert_item('asha', 'deep_dot', 'student', 't', 'https://one.example.com', 's', %s) $$),
  ('item_state 1', $$ select dpg.upsert_items('asha', jsonb_build_array(
    '{"item_network": "deep_dot", "item_domain": "student", "item_type": "t", "item_instance_url": "https://one.example.com", "item_schema_url": "s"}'::jsonb,
    '{"item_network": "deep_dot", "item_domain": "student", "item_type": "t", "item_instance_url": "https://one.example.com", "item_schema_url": "s"}'::jsonb || jsonb_build_object('item_state', %s))) $$),
  ('changes.item_state', $$ select dpg.update_item('asha', 'deep_dot', 'student', 't', '11111111-1111-4111-8111-111111111111', jsonb_build_object('item_state', %s)) $$),
  ('item_state', $$ select * from dpg.find_items('deep_dot', 'student', item_state => %s) $$),
  ('item_state', $$ select dpg.count_items('deep_dot', 'student', item_state => %s) $$),
  ('item_state', $$ select * from dpg.nearest_items('deep_dot', 'student', 1, 1, item_state => %s) $$),
  ('requirements_snapshot', $$ select dpg.perform_action('asha', 'connect', row('deep_dot', 'student', 't', '11111111-1111-4111-8111-111111111111'), row('deep_dot', 'student', 't', '22222222-2222-4222-8222-222222222222'), %s) $$),
  ('event_payload', $$ select dpg.perform_action('asha', 'connect', row('deep_dot', 'student', 't', '11111111-1111-4111-8111-111111111111'), row('deep_dot', 'student', 't', '22222222-2222-4222-8222-222222222222'), event_payload => %s) $$),
  ('requirements_snapshot', $$ select dpg.receive_action('connect', row('far', 'student', 't', '11111111-1111-4111-8111-111111111111'), 'https://far.example.com', 'far', row('deep_dot', 'student', 't', '22222222-2222-4222-8222-222222222222'), %s) $$),
  ('event_payload', $$ select dpg.receive_action('connect', row('far', 'student', 't', '11111111-1111-4111-8111-111111111111'), 'https://far.example.com', 'far', row('deep_dot', 'student', 't', '22222222-2222-4222-8222-222222222222'), event_payload => %s) $$),
  ('event_payload', $$ select dpg.transition_action('ravi', 'deep_dot', 'connect', '33333333-3333-4333-8333-333333333333', 'accepted', event_payload => %s) $$),
  ('event_payload', $$ select dpg.receive_transition('https://far.example.com', 'far', 'deep_dot', 'connect', '44444444-4444-4444-8444-444444444444', 'accepted', event_payload => %s) $$),
  ('event.event_payload', $$ select dpg.store_event('{
    "partition_network": "deep_dot", "action_type": "connect", "event_id": "55555555-5555-4555-8555-555555555555",
    "origin_instance_domain": "https://far.example.com", "action_id": "55555555-5555-4555-8555-555555555555",
    "action_status": "accepted", "update_count": 3, "source_item_network": "deep_dot", "source_item_domain": "student", "source_item_type": "t",
    "source_item_id": "11111111-1111-4111-8111-111111111111", "source_item_instance_url": "https://one.example.com", "source_item_owner": "asha",
    "target_item_network": "deep_dot", "target_item_domain": "tutor", "target_item_type": "t",
    "target_item_id": "66666666-6666-4666-8666-666666666666", "target_item_instance_url": "https://far.example.com",
    "target_item_owner": "ravi", "created_at": "2026-01-02T03:04:05.000006Z"}'::jsonb || jsonb_build_object('event_payload', %s)) $$);
select is(dpg_test.refusal(format(call, 'pg_temp.deep(513)')), 'DP001 ' || argument, left('513 levels: ' || trim(call), 50)) from calls;
select is(dpg_test.refusal(format(call, 'pg_temp.deep(9000)')), 'DP001 ' || argument, left('9,000 levels: ' || trim(call), 50)) from calls;
set local role dpg_admin;
select is(
  dpg_test.refusal($$ select dpg.register_network(jsonb_build_object('name', 'deep', 'domains', jsonb_build_array(jsonb_build_object('name', 'd', 'item_schemas', jsonb_build_object('t', pg_temp.deep(509)))))) $$),
  'DP001 document', 'a network document'
);
select is(dpg_test.refusal($$ select dpg.define_action('deep_dot', 'connect', jsonb_build_array(pg_temp.deep(9000))) $$), 'DP001 transitions 0', 'what is no graph anyway');
set local role dpg_app;
select is(
  (select count(*) from dpg.find_items('deep_dot', 'student') i where i.item_state <> '{}'), 0::bigint, 'no refusal has changed anything'
);

-- 512 levels are within it: each call, and what is stored is what was given
select is((select array_agg(r) from (select dpg_test.refusal(format(call, 'pg_temp.deep(512)')) r from calls) c where r <> 'no refusal'), null, '512 levels everywhere');
select is(
  (select count(*) from dpg.find_items('deep_dot', 'student') i where i.item_state = pg_temp.deep(512)), 3::bigint, 'and they are stored'
);

-- the limit can be raised, to what PostgreSQL and JavaScript bear
set local role dpg_admin;
update dpg.limits set limit_value = 2048 where limit_name = 'json_depth_per_document';
set local role dpg_app;
select is(
  (select array_agg(r) from (select dpg_test.refusal(format(call, 'pg_temp.deep(2048, $i$1$i$, $o${"k":$o$, $c$}$c$)')) r from calls where call !~ 'receive_action|perform_action|transition|store_event') c where r <> 'no refusal'),
  null, '2,048 levels where the limit says so'
);
select is(
  (select count(*) from dpg.find_items('deep_dot', 'student', item_state => pg_temp.deep(2048, '1', '{"k":', '}'))), 3::bigint, 'found by all of them'
);
select is(dpg_test.refusal(format(call, 'pg_temp.deep(2049)')), 'DP001 ' || argument, '2,049 levels never') from calls limit 1;
select * from finish();
rollback;
