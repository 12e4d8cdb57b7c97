-- redact_event empties payload and remarks of one event, and remarks and requirements of its action, and leaves a record
-- of who asked, when, why and what; nothing else changes.
begin;
select plan(18);

select dpg_test.insert_users('redact asha', 'redact ravi');

set local role dpg_app;
do $body$
declare
  student constant dpg.item_ref := row('redact test', 'student', 'profile', '11111111-1111-4111-8111-111111111111');
  tutor constant dpg.item_ref := row('redact test', 'tutor', 'profile', '22222222-2222-4222-8222-222222222222');
begin
  perform dpg.upsert_item(
    'redact asha', 'redact test', 'student', 'profile', 'https://redact.test', 'https://schemas.redact.test', '{"name": "Asha"}',
    item_id => student.item_id
  );
  perform dpg.upsert_item(
    'redact ravi', 'redact test', 'tutor', 'profile', 'https://redact.test', 'https://schemas.redact.test', '{"name": "Ravi"}',
    item_id => tutor.item_id
  );
  perform dpg.perform_action(
    'redact asha', 'connect', student, tutor, '{"because": "my illness"}', 'call 0123', '{"phone": "0123"}',
    '33333333-3333-4333-8333-333333333333'
  );
  perform dpg.transition_action(
    'redact ravi', 'redact test', 'connect', '33333333-3333-4333-8333-333333333333', 'accepted',
    event_payload => '{"phone": "4567"}', remarks => 'call 4567', event_id => '44444444-4444-4444-8444-444444444444'
  );
  -- another action that nobody asks to empty
  perform dpg.perform_action(
    'redact asha', 'connect', student, tutor, '{"because": "another"}', 'another', '{"another": true}',
    '55555555-5555-4555-8555-555555555555'
  );
end
$body$;
reset role;

create temporary table before_action as
select * from dpg.item_actions a where a.action_id = '33333333-3333-4333-8333-333333333333';
create temporary table before_event as
select * from dpg.action_events e where e.event_id = '44444444-4444-4444-8444-444444444444';
create temporary table before_others as
select to_jsonb(e) as content from dpg.action_events e where e.event_id <> '44444444-4444-4444-8444-444444444444'
union all
select to_jsonb(a) from dpg.item_actions a where a.action_id <> '33333333-3333-4333-8333-333333333333'
union all
select to_jsonb(i) from dpg.items i;
create temporary table returned (like dpg.redactions);
grant all on returned to dpg_admin;

set local role dpg_admin;
insert into returned
select * from dpg.redact_event(
  'data officer', 'redact test', 'connect', '44444444-4444-4444-8444-444444444444', 'request 17 under article 17'
);
reset role;

select results_eq(
  $$select event_payload, remarks from dpg.action_events where event_id = '44444444-4444-4444-8444-444444444444'$$,
  $$values ('{}'::jsonb, null::text)$$,
  'payload and remarks of the event are gone'
);
select results_eq(
  $$select requirements_snapshot, remarks from dpg.item_actions where action_id = '33333333-3333-4333-8333-333333333333'$$,
  $$values ('{}'::jsonb, null::text)$$,
  'and requirements and remarks of its action'
);
select results_eq(
  $$select to_jsonb(e) - 'event_payload' - 'remarks' from dpg.action_events e
    where e.event_id = '44444444-4444-4444-8444-444444444444'$$,
  $$select to_jsonb(e) - 'event_payload' - 'remarks' from before_event e$$,
  'everything else of the event is as it was'
);
select results_eq(
  $$select to_jsonb(a) - 'requirements_snapshot' - 'remarks' from dpg.item_actions a
    where a.action_id = '33333333-3333-4333-8333-333333333333'$$,
  $$select to_jsonb(a) - 'requirements_snapshot' - 'remarks' from before_action a$$,
  'everything else of the action is as it was'
);
select set_eq(
  $$select to_jsonb(e) from dpg.action_events e where e.event_id <> '44444444-4444-4444-8444-444444444444'
    union all
    select to_jsonb(a) from dpg.item_actions a where a.action_id <> '33333333-3333-4333-8333-333333333333'
    union all
    select to_jsonb(i) from dpg.items i$$,
  $$select content from before_others$$,
  'no other event, action or item changed'
);

select results_eq(
  $$select actor, kind, reason, partition_network, action_type, action_id, event_id from returned$$,
  $$values (
      'data officer', 'event', 'request 17 under article 17', 'redact test', 'connect',
      '33333333-3333-4333-8333-333333333333'::uuid, '44444444-4444-4444-8444-444444444444'::uuid
    )$$,
  'it returns the record'
);
select results_eq(
  $$select * from dpg.redactions where event_id = '44444444-4444-4444-8444-444444444444'$$, $$select * from returned$$,
  'which is what is stored'
);
select is(r.database_role, session_user::text, 'the record says who was logged in, whatever role was set') from returned r;
select ok(
  r.redacted_at between transaction_timestamp() and clock_timestamp() and r.redacted_at > e.created_at,
  'and when it was done'
)
from returned r, before_event e;

-- the first event was not asked for
select results_eq(
  $$select event_payload, remarks from dpg.action_events
    where action_id = '33333333-3333-4333-8333-333333333333' and update_count = 0$$,
  $$values ('{"phone": "0123"}'::jsonb, 'call 0123')$$,
  'the other event of the action keeps its payload and remarks'
);

set local role dpg_admin;
select results_eq(
  $$select kind, reason from dpg.redact_event(
      'data officer', 'redact test', 'connect', '44444444-4444-4444-8444-444444444444', 'request 18'
    )$$,
  $$values ('event', 'request 18')$$,
  'asked again, it records that as well'
);
reset role;
select is(
  (select count(*) from dpg.redactions where event_id = '44444444-4444-4444-8444-444444444444'), 2::bigint, 'two records'
);

-- life goes on
set local role dpg_app;
select results_eq(
  $$select action_status, update_count, remarks from dpg.transition_action(
      'redact asha', 'redact test', 'connect', '33333333-3333-4333-8333-333333333333', 'withdrawn',
      expected_update_count => 1
    )$$,
  $$values ('withdrawn', 2, null::text)$$,
  'the action can be moved on, and its emptied remarks do not come back'
);
select results_eq(
  $$select update_count, event_payload, remarks from dpg.find_events('redact asha', action_id => '33333333-3333-4333-8333-333333333333')$$,
  $$values
      (2, '{"status": "withdrawn"}'::jsonb, null::text), (1, '{}', null), (0, '{"phone": "0123"}', 'call 0123')$$,
  'its parties see the event, emptied, in its place'
);
select throws_ok(
  $$select dpg.redact_event('x', 'redact test', 'connect', '44444444-4444-4444-8444-444444444444', 'x')$$, '42501', null,
  'dpg_app may not redact'
);
select throws_ok($$select * from dpg.redactions$$, '42501', null, 'nor read the records');
reset role;
set local role dpg_readonly;
select throws_ok(
  $$select dpg.redact_event('x', 'redact test', 'connect', '44444444-4444-4444-8444-444444444444', 'x')$$, '42501', null,
  'neither may dpg_readonly'
);
reset role;
set local role dpg_admin;
select is((select count(*) from dpg.redactions where actor = 'data officer'), 2::bigint, 'dpg_admin reads them');
reset role;

select * from finish();
rollback;
