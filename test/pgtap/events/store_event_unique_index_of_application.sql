-- A unique index that the application put on a leaf of events refuses a mirrored event as in any table: it is not taken for
-- the event itself.
begin;
select plan(7);

select dpg.ensure_action_event_partition('lime', 'connect');
create unique index on dpg.e_p_lime_connect (remarks);
set local role dpg_app;

-- an event of another instance: an action of a student here for a tutor there
create function pg_temp.event(changes jsonb default '{}') returns jsonb
language sql as $body$
  select '{
    "partition_network": "lime", "action_type": "connect", "event_id": "40000000-0000-4000-8000-000000000001",
    "origin_instance_domain": "https://far.lime.example.com", "action_id": "33333333-3333-4333-8333-333333333333",
    "action_status": "created", "update_count": 0,
    "source_item_network": "lime", "source_item_domain": "student", "source_item_type": "t",
    "source_item_id": "11111111-1111-4111-8111-111111111111", "source_item_instance_url": "https://lime.example.com",
    "source_item_owner": "asha",
    "target_item_network": "lime", "target_item_domain": "tutor", "target_item_type": "t",
    "target_item_id": "22222222-2222-4222-8222-222222222222", "target_item_instance_url": "https://far.lime.example.com",
    "target_item_owner": "ravi",
    "remarks": "please", "created_at": "2026-01-01T00:00:00.000000Z"
  }'::jsonb || changes
$body$;

select lives_ok($$select dpg.store_event(pg_temp.event())$$, 'the first of these remarks');
select throws_ok(
  $$select dpg.store_event(pg_temp.event('{"event_id": "40000000-0000-4000-8000-000000000002", "action_id": "44444444-4444-4444-8444-444444444444"}'))$$,
  '23505', null, 'an event of another action with the same'
);
select throws_ok(
  $$select dpg.store_event(pg_temp.event('{"event_id": "40000000-0000-4000-8000-000000000003", "action_status": "accepted", "update_count": 1}'))$$,
  '23505', null, 'the next event of the action with the same'
);
select lives_ok($$select dpg.store_event(pg_temp.event())$$, 'the first again is the first');
select throws_ok(
  $$select dpg.store_event(pg_temp.event('{"action_status": "accepted"}'))$$, 'DP008', null, 'the same id with other content is what it was'
);
select throws_ok(
  $$select dpg.store_event(pg_temp.event('{"event_id": "40000000-0000-4000-8000-000000000004"}'))$$,
  'DP008', null, 'so is another id for the same update'
);
reset role;
select results_eq(
  $$select e.event_id, e.action_status, e.update_count from dpg.action_events e where e.partition_network = 'lime'$$,
  $$values ('40000000-0000-4000-8000-000000000001'::uuid, 'created', 0)$$,
  'the first is all there is'
);

select * from finish();
rollback;
