-- What was erased stays away: repeated calls and events mirrored again restore neither the user's id nor the content of
-- the items.
begin;
select plan(16);

select dpg_test.insert_users('again asha', 'again ravi');

create function pg_temp.mirrored(owner text default 'again asha')
returns jsonb
language sql
as $body$
  select '{
    "partition_network": "again test", "action_type": "connect",
    "event_id": "77777777-7777-4777-8777-777777777777", "origin_instance_domain": "https://other.again.test",
    "action_id": "66666666-6666-4666-8666-666666666666", "action_status": "created", "update_count": 0,
    "source_item_network": "again test", "source_item_domain": "student", "source_item_type": "profile",
    "source_item_id": "11111111-1111-4111-8111-111111111111", "source_item_instance_url": "https://again.test",
    "target_item_network": "again test", "target_item_domain": "tutor", "target_item_type": "profile",
    "target_item_id": "88888888-8888-4888-8888-888888888888",
    "target_item_instance_url": "https://other.again.test", "target_item_owner": "somebody",
    "event_payload": {"phone": "0123"}, "created_at": "2026-01-01T00:00:00.000000Z"
  }'::jsonb || jsonb_build_object('source_item_owner', owner)
$body$;

create function pg_temp.upsert_asha()
returns dpg.items
language sql
as $body$
  select *
  from dpg.upsert_item(
    'again asha', 'again test', 'student', 'profile', 'https://again.test', 'https://schemas.again.test', '{"name": "Asha"}',
    item_id => '11111111-1111-4111-8111-111111111111'
  )
$body$;

create function pg_temp.asha_performs()
returns dpg.item_actions
language sql
as $body$
  select *
  from dpg.perform_action(
    'again asha', 'connect', row('again test', 'student', 'profile', '11111111-1111-4111-8111-111111111111'),
    row('again test', 'tutor', 'profile', '22222222-2222-4222-8222-222222222222'),
    action_id => '33333333-3333-4333-8333-333333333333'
  )
$body$;

create function pg_temp.ravi_performs()
returns dpg.item_actions
language sql
as $body$
  select *
  from dpg.perform_action(
    'again ravi', 'connect', row('again test', 'tutor', 'profile', '22222222-2222-4222-8222-222222222222'),
    row('again test', 'student', 'profile', '11111111-1111-4111-8111-111111111111'),
    action_id => '55555555-5555-4555-8555-555555555555'
  )
$body$;

create function pg_temp.other_performs()
returns dpg.item_actions
language sql
as $body$
  select *
  from dpg.receive_action(
    'connect', row('again test', 'student', 'profile', 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa'), 'https://far.again.test', 'far',
    row('again test', 'student', 'profile', '11111111-1111-4111-8111-111111111111'),
    action_id => 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb'
  )
$body$;

create function pg_temp.moves(actor text)
returns dpg.item_actions
language sql
as $body$
  select *
  from dpg.transition_action(
    actor, 'again test', 'connect', '33333333-3333-4333-8333-333333333333', 'moved by ' || actor,
    event_id => ('44444444-4444-4444-8444-44444444444' || case actor when 'again asha' then 1 else 2 end)::uuid
  )
$body$;

set local role dpg_app;
do $body$
begin
  perform pg_temp.upsert_asha();
  perform dpg.upsert_item(
    'again ravi', 'again test', 'tutor', 'profile', 'https://again.test', 'https://schemas.again.test',
    item_id => '22222222-2222-4222-8222-222222222222'
  );
  perform pg_temp.asha_performs();
  perform pg_temp.ravi_performs();
  perform pg_temp.other_performs();
  perform pg_temp.moves('again asha');
  perform pg_temp.moves('again ravi');
  perform dpg.store_event(pg_temp.mirrored());
end
$body$;
reset role;
select lives_ok($$select dpg.erase_user('data officer', 'again asha', 'request')$$, 'a user is erased');

select dpg_test.note_written();

-- her row is there still: her own calls repeated
set local role dpg_app;
select throws_ok($$select pg_temp.upsert_asha()$$, 'DP003', null, 'her upsert repeated finds an item of another');
select throws_ok($$select pg_temp.asha_performs()$$, 'DP003', null, 'and so does her action');
select throws_ok($$select pg_temp.moves('again asha')$$, 'DP005', null, 'she is no party any more');
select throws_ok(
  $$select dpg.get_action('again asha', 'again test', 'connect', '33333333-3333-4333-8333-333333333333')$$, 'DP005', null,
  'and may not read her action'
);
select is_empty($$select * from dpg.find_actions('again asha')$$, 'she finds no action');
select is_empty($$select * from dpg.find_events('again asha', partition_network => 'again test', action_type => 'connect')$$, 'and no event');
-- those of others
select results_eq(
  $$select target_item_owner from pg_temp.ravi_performs()$$, $$values ('dpg_erased_user')$$,
  'an action for her item, repeated, returns the row with the tombstone'
);
select results_eq(
  $$select target_item_owner from pg_temp.other_performs()$$, $$values ('dpg_erased_user')$$, 'also from another instance'
);
select results_eq(
  $$select source_item_owner, action_status from pg_temp.moves('again ravi')$$,
  $$values ('dpg_erased_user', 'moved by again ravi')$$,
  'a transition of the other party, repeated, returns the row with the tombstone'
);
select results_eq(
  $$select source_item_owner from dpg.store_event(pg_temp.mirrored())$$, $$values ('dpg_erased_user')$$,
  'the event mirrored again returns the stored row'
);
select results_eq(
  $$select source_item_owner from dpg.store_event(pg_temp.mirrored('dpg_erased_user'))$$, $$values ('dpg_erased_user')$$,
  'also as this instance now has it'
);
reset role;
select dpg_test.wrote_nothing('nothing was written by any of these');

delete from public."user" where id = 'again asha';
select dpg_test.note_written();
set local role dpg_app;
select throws_ok($$select pg_temp.upsert_asha()$$, 'DP009', null, 'with her row gone she is unknown: upsert_item');
select throws_ok($$select pg_temp.asha_performs()$$, 'DP009', null, 'perform_action');
reset role;
select dpg_test.wrote_nothing('and nothing was written by these');

select * from finish();
rollback;
