-- What was redacted stays away: the same event mirrored again, and calls repeated with their first content, return what is
-- stored and restore nothing. Other content is still DP008.
begin;
select plan(23);

select dpg_test.insert_users('replay asha', 'replay ravi');

create function pg_temp.mirrored(changes jsonb default '{}')
returns jsonb
language sql
as $body$
  select '{
    "partition_network": "replay test", "action_type": "connect",
    "event_id": "77777777-7777-4777-8777-777777777777", "origin_instance_domain": "https://other.replay.test",
    "action_id": "66666666-6666-4666-8666-666666666666", "action_status": "created", "update_count": 0,
    "source_item_network": "replay test", "source_item_domain": "student", "source_item_type": "profile",
    "source_item_id": "11111111-1111-4111-8111-111111111111",
    "source_item_instance_url": "https://replay.test", "source_item_owner": "replay asha",
    "target_item_network": "replay test", "target_item_domain": "tutor", "target_item_type": "profile",
    "target_item_id": "88888888-8888-4888-8888-888888888888",
    "target_item_instance_url": "https://other.replay.test", "target_item_owner": "somebody",
    "event_payload": {"phone": "0123"}, "remarks": "call 0123", "created_at": "2026-01-01T00:00:00.000000Z"
  }'::jsonb || changes
$body$;

create function pg_temp.perform(
  requirements jsonb default '{"because": "my illness"}', remarks text default 'call 0123', payload jsonb default '{"phone": "0123"}',
  type text default 'connect'
)
returns dpg.item_actions
language sql
as $body$
  select *
  from dpg.perform_action(
    'replay asha', type, row('replay test', 'student', 'profile', '11111111-1111-4111-8111-111111111111'),
    row('replay test', 'tutor', 'profile', '22222222-2222-4222-8222-222222222222'),
    requirements, remarks, payload, '33333333-3333-4333-8333-333333333333'
  )
$body$;

create function pg_temp.accept(
  remarks text default 'call 4567', payload jsonb default '{"phone": "4567"}', status text default 'accepted'
)
returns dpg.item_actions
language sql
as $body$
  select *
  from dpg.transition_action(
    'replay ravi', 'replay test', 'connect', '33333333-3333-4333-8333-333333333333', status, 0,
    payload, remarks, '44444444-4444-4444-8444-444444444444'
  )
$body$;

set local role dpg_app;
do $body$
begin
  perform dpg.upsert_item(
    'replay asha', 'replay test', 'student', 'profile', 'https://replay.test', 'https://schemas.replay.test',
    item_id => '11111111-1111-4111-8111-111111111111'
  );
  perform dpg.upsert_item(
    'replay ravi', 'replay test', 'tutor', 'profile', 'https://replay.test', 'https://schemas.replay.test',
    item_id => '22222222-2222-4222-8222-222222222222'
  );
  perform pg_temp.perform();
  perform pg_temp.accept();
  perform dpg.store_event(pg_temp.mirrored());
end
$body$;
reset role;

create temporary table first_event as
select event_id from dpg.action_events
where action_id = '33333333-3333-4333-8333-333333333333' and update_count = 0;

create function pg_temp.redact(event_id uuid)
returns void
language sql
as $body$
  select dpg.redact_event('data officer', 'replay test', 'connect', event_id, 'request')
$body$;

create temporary view emptied as
select e.update_count, e.action_id, e.event_payload, e.remarks
from dpg.action_events e
where e.partition_network = 'replay test'
order by e.action_id, e.update_count;

-- the mirrored event
select pg_temp.redact('77777777-7777-4777-8777-777777777777');
set local role dpg_app;
select results_eq(
  $$select event_id, event_payload, remarks, action_status from dpg.store_event(pg_temp.mirrored())$$,
  $$values ('77777777-7777-4777-8777-777777777777'::uuid, '{}'::jsonb, null::text, 'created')$$,
  'store_event of a redacted event returns the stored row'
);
select results_eq(
  $$select event_payload, remarks from dpg.store_event(pg_temp.mirrored('{"event_payload": {"other": 1}, "remarks": null}'))$$,
  $$values ('{}'::jsonb, null::text)$$,
  'whatever its payload now says: there is nothing to compare with'
);
select throws_ok(
  $$select dpg.store_event(pg_temp.mirrored('{"action_status": "accepted"}'))$$, 'DP008', null,
  'another status under the same id is another event'
);
select throws_ok(
  $$select dpg.store_event(pg_temp.mirrored('{"event_id": "99999999-9999-4999-8999-999999999999"}'))$$, 'DP008', null,
  'and so is another id for the same update'
);
select throws_ok(
  $$select dpg.store_event(pg_temp.mirrored('{"source_item_owner": "somebody else"}'))$$, 'DP008', null,
  'and another owner'
);
select throws_ok(
  $$select dpg.store_event(pg_temp.mirrored('{"event_payload": []}'))$$, 'DP001', null, 'what is no event is refused as ever'
);
reset role;
select results_eq(
  $$select event_payload, remarks from emptied where action_id = '66666666-6666-4666-8666-666666666666'$$,
  $$values ('{}'::jsonb, null::text)$$,
  'nothing came back'
);

-- the transition
select pg_temp.redact('44444444-4444-4444-8444-444444444444');
set local role dpg_app;
select results_eq(
  $$select action_status, update_count, remarks, requirements_snapshot from pg_temp.accept()$$,
  $$values ('accepted', 1, null::text, '{}'::jsonb)$$,
  'the transition repeated returns the row as it is'
);
select results_eq(
  $$select action_status, update_count from pg_temp.accept('other', '{}')$$, $$values ('accepted', 1)$$,
  'whatever the payload now says'
);
select throws_ok($$select pg_temp.accept(status => 'rejected')$$, 'DP008', null, 'another status under that event id is DP008');

-- the action: its requirements are gone with any of its events, its first payload and remarks are not yet
select results_eq(
  $$select action_status, requirements_snapshot, remarks from pg_temp.perform()$$, $$values ('accepted', '{}'::jsonb, null::text)$$,
  'perform_action repeated returns the row as it is'
);
select results_eq(
  $$select action_status from pg_temp.perform(requirements => '{"another": 1}')$$, $$values ('accepted')$$,
  'whatever the requirements now say'
);
select throws_ok($$select pg_temp.perform(remarks => 'other')$$, 'DP008', null, 'its remarks can still be compared');
select throws_ok($$select pg_temp.perform(payload => '{}')$$, 'DP008', null, 'and its payload');
reset role;

select pg_temp.redact(f.event_id) from first_event f;
set local role dpg_app;
select results_eq(
  $$select action_status, requirements_snapshot, remarks from pg_temp.perform()$$, $$values ('accepted', '{}'::jsonb, null::text)$$,
  'with its first event redacted, perform_action repeated returns the row as it is'
);
select results_eq(
  $$select action_status from pg_temp.perform(remarks => 'other', payload => '{"other": 1}')$$, $$values ('accepted')$$,
  'whatever remarks and payload now say'
);
select throws_ok(
  $$select dpg.perform_action(
      'replay asha', 'connect', row('replay test', 'student', 'profile', '11111111-1111-4111-8111-111111111111'),
      row('replay test', 'student', 'profile', '22222222-2222-4222-8222-222222222222'),
      action_id => '33333333-3333-4333-8333-333333333333'
    )$$,
  'DP002', null, 'another target is looked at as ever'
);
select is(
  (pg_temp.perform(type => 'visit')).requirements_snapshot, '{"because": "my illness"}',
  'the same id under another action type is another action, and is stored with all it says'
);
reset role;

select results_eq(
  $$select action_id, update_count, event_payload, remarks from emptied
    where (action_id, event_payload) <> ('33333333-3333-4333-8333-333333333333', '{"phone": "0123"}')$$,
  $$values
      ('33333333-3333-4333-8333-333333333333'::uuid, 0, '{}'::jsonb, null::text),
      ('33333333-3333-4333-8333-333333333333', 1, '{}', null),
      ('66666666-6666-4666-8666-666666666666', 0, '{}', null)$$,
  'after all of that the three events are as empty as before, and there is no fourth'
);
select results_eq(
  $$select action_type, requirements_snapshot, remarks from dpg.item_actions
    where partition_network = 'replay test' order by action_type$$,
  $$values ('connect', '{}'::jsonb, null::text), ('visit', '{"because": "my illness"}', 'call 0123')$$,
  'and the action, too'
);

-- the owner of the tables neither
select throws_ok(
  $$update dpg.action_events set event_payload = '{"phone": "0123"}' where event_id = '77777777-7777-4777-8777-777777777777'$$,
  'DP012', null, 'the owner of the table cannot write it back'
);
select throws_ok(
  $$update dpg.action_events set event_payload = '{}', remarks = 'x' where event_id = '77777777-7777-4777-8777-777777777777'$$,
  'DP012', null, 'nor write remarks'
);
select throws_ok(
  $$update dpg.action_events set action_status = 'x' where event_id = '77777777-7777-4777-8777-777777777777'$$,
  'DP012', null, 'nor anything else of a redacted event'
);

select * from finish();
rollback;
