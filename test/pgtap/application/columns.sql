-- Columns that an application has added: inserts take their defaults, what returns a row of the table returns them, a replacement
-- keeps them, and what has columns of ours alone goes on.
begin;
select plan(26);
select dpg_test.insert_users('asha', 'ravi');
select dpg.ensure_item_partition('column_dot', 'student'); -- a leaf of before
alter table dpg.items
  add column note text,
  add column score numeric not null default 1,
  add column state_size integer generated always as (length(item_state ->> 'name')) stored;
alter table dpg.item_actions
  add column note text,
  add column score numeric not null default 2,
  add column anything json default '{}', -- a type without "="
  add column nearness text; -- a name that a query of ours uses
alter table dpg.action_events
  add column note text,
  add column score numeric not null default 3,
  add column payload_status text generated always as (event_payload ->> 'status') stored;
alter table dpg.items add column nearness text, add column anything json default '{}', add column ids_given text;
alter table dpg.action_events add column anything json default '{}';
set local role dpg_app;

create temporary table made as
select * from dpg.upsert_item(
  'asha', 'column_dot', 'student', 'p', 'https://one.example.com', 'https://s', '{"name": "Asha"}', 1, 2,
  '00000000-0000-4000-8000-000000000001'
);
select is((select score from made), 1::numeric, 'a new item: the default of a column');
select is((select state_size from made), 4, 'and what PostgreSQL computes');
select is((select note from made), null, 'null where there is no default');
reset role;
update dpg.items set note = 'kept', score = 7 where item_network = 'column_dot';
set local role dpg_app;
create temporary table replaced as
select * from dpg.upsert_item(
  'asha', 'column_dot', 'student', 'p', 'https://one.example.com', 'https://s', '{"name": "Asha R"}', 1, 2,
  '00000000-0000-4000-8000-000000000001'
);
select is((select concat_ws(' ', note, score, state_size) from replaced), 'kept 7 6', 'a replacement keeps them and returns them');
select is(
  (select concat_ws(' ', u.note, u.score) from dpg.update_item(
    'asha', 'column_dot', 'student', 'p', '00000000-0000-4000-8000-000000000001', '{"item_latitude": 3}') u),
  'kept 7', 'so does an update'
);
select is(
  (select concat_ws(' ', g.note, g.score) from dpg.get_item('column_dot', 'student', 'p', '00000000-0000-4000-8000-000000000001') g),
  'kept 7', 'a read returns them'
);
create temporary table many as
select row_number() over () as place, m.*
from dpg.upsert_items('asha', '[
  {"item_network": "column_dot", "item_domain": "tutor", "item_type": "p", "item_instance_url": "https://one.example.com", "item_schema_url": "https://s", "item_state": {"name": "B"}, "item_id": "00000000-0000-4000-8000-000000000002"},
  {"item_network": "column_dot", "item_domain": "student", "item_type": "p", "item_instance_url": "https://one.example.com", "item_schema_url": "https://s", "item_state": {"name": "Asha again"}, "item_latitude": 1, "item_longitude": 2, "item_id": "00000000-0000-4000-8000-000000000001"},
  {"item_network": "column_dot", "item_domain": "student", "item_type": "p", "item_instance_url": "https://one.example.com", "item_schema_url": "https://s"}
]') m;
select is(
  (select string_agg(concat_ws(' ', item_domain, coalesce(note, '-'), score, coalesce(state_size, -1)), ', ' order by place) from many),
  'tutor - 1 1, student kept 7 10, student - 1 -1', 'many at once: defaults of the new ones, what was kept of the others, in the order of the input'
);
select is(
  (select string_agg(concat_ws(' ', note, score), ', ') from dpg.upsert_items('asha', '[
    {"item_network": "column_dot", "item_domain": "student", "item_type": "p", "item_instance_url": "https://one.example.com", "item_schema_url": "https://s", "item_state": {"name": "Asha again"}, "item_latitude": 1, "item_longitude": 2, "item_id": "00000000-0000-4000-8000-000000000001"}]')),
  'kept 7', 'the same again'
);
select is((select count(*)::integer from dpg.find_items('column_dot', 'student')), 2, 'find_items goes on');
select is((select count(*)::integer from dpg.nearest_items('column_dot', 'student', 1, 2)), 1, 'so does nearest_items, also beside a column that is called nearness');
select is(dpg.count_items('column_dot', 'student'), 2::bigint, 'and count_items');

select is(
  (select concat_ws(' ', a.score, coalesce(a.note, '-')) from dpg.perform_action(
    'asha', 'connect', row('column_dot', 'student', 'p', '00000000-0000-4000-8000-000000000001'),
    row('column_dot', 'tutor', 'p', '00000000-0000-4000-8000-000000000002'), action_id => '00000000-0000-4000-8000-000000000003') a),
  '2 -', 'a new action: the default of a column'
);
reset role;
update dpg.item_actions set note = 'kept' where partition_network = 'column_dot';
set local role dpg_app;
select is(
  (select concat_ws(' ', a.score, a.note) from dpg.transition_action(
    'asha', 'column_dot', 'connect', '00000000-0000-4000-8000-000000000003', 'accepted', 0,
    event_id => '00000000-0000-4000-8000-000000000004') a),
  '2 kept', 'a transition keeps them and returns them'
);
select is(
  (select concat_ws(' ', a.score, a.note, a.update_count) from dpg.transition_action(
    'asha', 'column_dot', 'connect', '00000000-0000-4000-8000-000000000003', 'accepted', 0,
    event_id => '00000000-0000-4000-8000-000000000004') a),
  '2 kept 1', 'and is known when it is repeated'
);
select is(
  (select concat_ws(' ', a.score, a.note, a.update_count) from dpg.perform_action(
    'asha', 'connect', row('column_dot', 'student', 'p', '00000000-0000-4000-8000-000000000001'),
    row('column_dot', 'tutor', 'p', '00000000-0000-4000-8000-000000000002'), action_id => '00000000-0000-4000-8000-000000000003') a),
  '2 kept 1', 'as is the call that made the action'
);
select is((select count(*)::integer from dpg.find_actions('asha')), 1, 'find_actions goes on');
select is((select count(*)::integer from dpg.find_events('asha')), 2, 'find_events goes on');
select is(
  (select concat_ws(' ', a.note, a.action_status) from dpg.get_action('asha', 'column_dot', 'connect', '00000000-0000-4000-8000-000000000003') a),
  'kept accepted', 'get_action returns them'
);

-- a mirrored event: its action has no row of the table
create function pg_temp.mirrored() returns jsonb
language sql as $body$
  select '{"partition_network": "there_dot", "action_type": "connect", "event_id": "00000000-0000-4000-8000-0000000000e1",
    "origin_instance_domain": "https://there.example.com", "action_id": "00000000-0000-4000-8000-0000000000a1", "action_status": "created",
    "update_count": 0, "source_item_network": "column_dot", "source_item_domain": "student", "source_item_type": "p",
    "source_item_id": "00000000-0000-4000-8000-000000000001", "source_item_instance_url": "https://one.example.com", "source_item_owner": "asha",
    "target_item_network": "there_dot", "target_item_domain": "tutor", "target_item_type": "p",
    "target_item_id": "00000000-0000-4000-8000-0000000000b1", "target_item_instance_url": "https://there.example.com", "target_item_owner": "x",
    "created_at": "2026-01-01T00:00:00Z"}'::jsonb
$body$;
select is((select concat_ws(' ', e.score, e.payload_status) from dpg.store_event(pg_temp.mirrored()) e), '3 created', 'a mirrored event: the default of a column');
select is((select e.score from dpg.store_event(pg_temp.mirrored()) e), 3::numeric, 'the same again');
select is((select count(*)::integer from dpg.find_actions('asha')), 2, 'its action is found');

select is(
  (select u.item_state ->> 'name' from dpg.update_item('asha', 'column_dot', 'student', 'p', '00000000-0000-4000-8000-000000000001', '{"item_latitude": 1}') u),
  'Asha again', 'an update that changes nothing'
);
reset role;
select is((select i.anything::text from dpg.items i where i.item_id = '00000000-0000-4000-8000-000000000001'), '{}', 'a column of type json');
select lives_ok(
  $$select dpg.redact_event('dpo', 'column_dot', 'connect', '00000000-0000-4000-8000-000000000004', 'a test')$$,
  'an event can be emptied, though a column is computed from its payload'
);
select throws_ok(
  $$update dpg.action_events set note = 'changed' where partition_network = 'column_dot'$$, 'DP012', null,
  'events stay immutable, in columns of the application as well'
);
select lives_ok(
  $$select dpg.erase_user('dpo', 'asha', 'a test'); delete from public."user" where id = 'asha'$$, 'a user can be erased and deleted'
);
select * from finish();
rollback;
