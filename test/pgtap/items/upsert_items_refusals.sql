-- One element that is refused refuses all; the DETAIL has the index of the first. And the order of the checks.
begin;
select plan(15);

select dpg_test.insert_users('asha', 'ravi');

create function pg_temp.upsert(actor text, elements text) returns text
language sql as $body$
  select format(
    'select count(*) from dpg.upsert_items(%L, (
       select jsonb_agg(
         ''{"item_network": "refusal_dot", "item_domain": "student", "item_type": "a", "item_instance_url": "https://a", "item_schema_url": "https://s"}''::jsonb
           || e order by o)
       from jsonb_array_elements(%L) with ordinality x(e, o)))',
    actor, elements
  )
$body$;

set local role dpg_app;
select lives_ok(
  pg_temp.upsert('ravi', '[{"item_id": "00000000-0000-4000-8000-00000000000a"}, {"item_domain": "tutor", "item_id": "00000000-0000-4000-8000-00000000000b"}]'),
  'two items of ravi'
);
select lives_ok(pg_temp.upsert('asha', '[{"item_id": "00000000-0000-4000-8000-000000000001"}]'), 'an item of asha');
select dpg_test.note_written();

-- DP003
select is(
  dpg_test.full_refusal(pg_temp.upsert('asha', '[
    {"item_id": "00000000-0000-4000-8000-000000000001", "item_state": {"changed": true}},
    {"item_id": "00000000-0000-4000-8000-000000000002"},
    {"item_domain": "tutor", "item_id": "00000000-0000-4000-8000-00000000000b"},
    {"item_network": "refusal_new", "item_instance_url": "https://new"},
    {"item_id": "00000000-0000-4000-8000-00000000000a"}]')),
  'DP003 {"actor": "asha", "index": 2, "item_id": "00000000-0000-4000-8000-00000000000b", "item_type": "a", "item_domain": "tutor", "item_network": "refusal_dot"}',
  'an item of another owner among changed and new ones: the first of two is named'
);
select is(
  dpg_test.full_refusal(pg_temp.upsert('asha', '[
    {"item_id": "00000000-0000-4000-8000-00000000000a"},
    {"item_domain": "tutor", "item_id": "00000000-0000-4000-8000-00000000000b"}]')),
  'DP003 {"actor": "asha", "index": 0, "item_id": "00000000-0000-4000-8000-00000000000a", "item_type": "a", "item_domain": "student", "item_network": "refusal_dot"}',
  'the first in the order of the input, not of the keys'
);

-- DP001: an id twice
select is(
  dpg_test.full_refusal(pg_temp.upsert('asha', '[
    {"item_id": "00000000-0000-4000-8000-000000000005"},
    {"item_id": "00000000-0000-4000-8000-000000000006"},
    {},
    {"item_id": "00000000-0000-4000-8000-000000000006"},
    {"item_id": "00000000-0000-4000-8000-000000000005"}]')),
  'DP001 {"index": 3, "value": "00000000-0000-4000-8000-000000000006", "argument": "item_id"}',
  'an id twice: the first element whose id is there already'
);
select is(
  dpg_test.full_refusal(pg_temp.upsert('asha', '[
    {"item_id": "00000000-0000-4000-8000-000000000005"},
    {"item_domain": "tutor", "item_id": "00000000-0000-4000-8000-000000000005"}]')),
  'DP001 {"index": 1, "value": "00000000-0000-4000-8000-000000000005", "argument": "item_id"}',
  'an id twice in two domains'
);
select is(
  dpg_test.full_refusal(pg_temp.upsert('asha', '[
    {"item_id": "00000000-0000-4000-8000-00000000000c"},
    {"item_network": "refusal_new", "item_type": "b", "item_id": "{000000000000400080000000-0000000C}"}]')),
  'DP001 {"index": 1, "value": "00000000-0000-4000-8000-00000000000c", "argument": "item_id"}',
  'an id twice in two networks, written differently'
);

-- DP009
select is(dpg_test.full_refusal(pg_temp.upsert('nobody', '[{}]')), 'DP009 {"actor": "nobody"}', 'an unknown actor');
select is(dpg_test.full_refusal($$select dpg.upsert_items('nobody', '[]')$$), 'DP009 {"actor": "nobody"}', 'an unknown actor without items');
select is(dpg_test.full_refusal($$select dpg.upsert_items(null, '[]')$$), 'DP001 {"value": null, "argument": "actor"}', 'no actor');
select is(dpg_test.full_refusal($$select dpg.upsert_items(' ', '[5]')$$), 'DP001 {"value": " ", "argument": "actor"}', 'a blank actor');

-- the order: DP001, DP009, DP003
select is(
  left(dpg_test.full_refusal(pg_temp.upsert('nobody', '[{"item_id": "00000000-0000-4000-8000-00000000000a"}, {"item_state": 1}]')), 5),
  'DP001', 'a malformed element comes before an unknown actor'
);
select is(
  left(dpg_test.full_refusal(pg_temp.upsert('nobody', '[{"item_id": "00000000-0000-4000-8000-00000000000a"}]')), 5),
  'DP009', 'an unknown actor comes before an item that is not the actor''s'
);
select is(
  left(dpg_test.full_refusal(pg_temp.upsert('asha', '[{"item_id": "00000000-0000-4000-8000-00000000000a"}, {"item_id": "00000000-0000-4000-8000-00000000000a"}]')), 5),
  'DP001', 'an id twice comes before an item that is not the actor''s'
);

select dpg_test.wrote_nothing('no refusal has written anything: all or nothing');

select * from finish();
rollback;
