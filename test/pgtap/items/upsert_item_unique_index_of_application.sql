-- A unique index that the application put on a leaf refuses a row as in any table: it is not taken for the item itself.
begin;
select plan(5);

select dpg_test.insert_users('asha');
select dpg.ensure_item_partition('lime', 'student');
create unique index on dpg.i_p_lime_student ((item_state ->> 'badge'));
set local role dpg_app;

create function pg_temp.upsert(badge text, item_id uuid) returns jsonb
language sql as $body$
  select u.item_state
  from dpg.upsert_item(
    'asha', 'lime', 'student', 'profile_1.0', 'https://student.lime.example.com', 'https://schemas.example.com/v1.json',
    jsonb_build_object('badge', badge), item_id => upsert.item_id
  ) u
$body$;

select is(
  pg_temp.upsert('one', '11111111-1111-4111-8111-111111111111'), '{"badge": "one"}', 'the first item with this badge'
);
select throws_ok(
  $$select pg_temp.upsert('one', '22222222-2222-4222-8222-222222222222')$$,
  '23505', null, 'a new item with a badge that is taken'
);
select is(
  pg_temp.upsert('two', '22222222-2222-4222-8222-222222222222'), '{"badge": "two"}', 'a new item with another badge'
);
select throws_ok(
  $$select pg_temp.upsert('one', '22222222-2222-4222-8222-222222222222')$$,
  '23505', null, 'the replacement of an item by one with a badge that is taken'
);
select results_eq(
  $$select i.item_id, i.item_state ->> 'badge' from dpg.items i where i.item_network = 'lime' order by 1$$,
  $$values
    ('11111111-1111-4111-8111-111111111111'::uuid, 'one'),
    ('22222222-2222-4222-8222-222222222222', 'two')$$,
  'the refused calls changed nothing'
);

select * from finish();
rollback;
