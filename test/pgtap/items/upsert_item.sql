-- A new item: what is stored, what is returned, what is made for it.
begin;
select plan(16);

select dpg_test.insert_users('asha');
set local role dpg_app;

select ok(to_regclass('dpg.i_p_lime_student') is null, 'the leaf is not there before');

create temporary table made as
select * from dpg.upsert_item(
  actor => 'asha', item_network => 'Lime_', item_domain => 'student', item_type => 'profile_1.0',
  item_instance_url => 'https://student.lime.example.com', item_schema_url => 'https://schemas.example.com/v1.json',
  item_state => '{"name": "Asha"}', item_latitude => 12.9716, item_longitude => 77.5946,
  item_id => '11111111-1111-4111-8111-111111111111'
);

select is(
  (select to_jsonb(m) - '{created_at,updated_at}'::text[] from made m),
  '{"item_network": "Lime_", "item_domain": "student", "item_type": "profile_1.0",
    "item_id": "11111111-1111-4111-8111-111111111111",
    "item_instance_url": "https://student.lime.example.com", "item_schema_url": "https://schemas.example.com/v1.json",
    "item_state": {"name": "Asha"}, "item_latitude": 12.9716, "item_longitude": 77.5946, "created_by": "asha", "item_status": "live"}'::jsonb,
  'the row is returned as given, the actor its owner'
);
select results_eq(
  $$select * from dpg.items where item_network = 'Lime_'$$, 'select * from made', 'what is returned is what is stored'
);
select ok((select created_at = updated_at from made), 'a new item has not been changed');
select ok(
  (select created_at between transaction_timestamp() and clock_timestamp() from made), 'it is made at the time of the call'
);
select is(
  (select i.tableoid::regclass::text from dpg.items i where i.item_network = 'Lime_'),
  'dpg.i_p_lime_student', 'the row is in the leaf that the naming rule names'
);

-- the first item of a network brings the network's partitions of items and actions, its second domain one leaf more
create function pg_temp.tables_of_lime() returns text
language sql as $body$
  select string_agg(c.relname, ' ' order by c.relname)
  from pg_class c
  where c.relnamespace = 'dpg'::regnamespace and c.relname ~ '^._p_lime' and c.relkind in ('r', 'p')
$body$;
select is(
  pg_temp.tables_of_lime(),
  'a_p_lime i_p_lime i_p_lime_student',
  'the first item makes the network''s partitions and one leaf'
);
select results_eq(
  $$select root, key, leaf::text from dpg.partitions where network = 'Lime_'$$,
  $$values ('items', 'student', 'dpg.i_p_lime_student')$$,
  'dpg.partitions shows the leaf'
);
select lives_ok(
  $$select dpg.upsert_item('asha', 'Lime_', 'tutor', 'profile_1.0', 'https://u', 'https://s')$$, 'the second domain'
);
select is(
  pg_temp.tables_of_lime(),
  'a_p_lime i_p_lime i_p_lime_student i_p_lime_tutor',
  'the second domain makes one leaf'
);

select is(
  (select to_jsonb(i) - '{item_id,created_at,updated_at}'::text[]
   from dpg.upsert_item('asha', 'Lime_', 'student', 'note', 'u', 's') i),
  '{"item_network": "Lime_", "item_domain": "student", "item_type": "note", "item_instance_url": "u", "item_schema_url": "s",
    "item_state": {}, "item_latitude": null, "item_longitude": null, "created_by": "asha", "item_status": "live"}'::jsonb,
  'the least that an item needs: no state, no place, an id of its own'
);
select isnt(
  (select item_id from dpg.upsert_item('asha', 'Lime_', 'student', 'note', 'u', 's')),
  (select item_id from dpg.upsert_item('asha', 'Lime_', 'student', 'note', 'u', 's')),
  'without an id each call makes another item'
);
select is((select count(*)::integer from dpg.items where item_network = 'Lime_' and item_type = 'note'), 3, 'three calls, three items');

-- an id is unique within network, domain and type only
select lives_ok(
  $$select dpg.upsert_item('asha', 'Lime_', 'student', 'profile_2.0', 'u', 's', item_id => '11111111-1111-4111-8111-111111111111')$$,
  'the same id under another type is another item'
);
select lives_ok(
  $$select dpg.upsert_item('asha', 'Lime_', 'tutor', 'profile_1.0', 'u', 's', item_id => '11111111-1111-4111-8111-111111111111')$$,
  'the same id under another domain is another item'
);
select is(
  (select count(*)::integer from dpg.items where item_network = 'Lime_' and item_id = '11111111-1111-4111-8111-111111111111'),
  3, 'so there are three of that id'
);

select * from finish();
rollback;
