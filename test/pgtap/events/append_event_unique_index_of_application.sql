-- A unique index that the application put on a leaf of events refuses a call as in any table: no event is taken for another.
begin;
select plan(4);

select dpg_test.insert_users('asha', 'ravi');
select dpg.ensure_action_event_partition('lime', 'connect');
create unique index on dpg.e_p_lime_connect (remarks);
set local role dpg_app;

select dpg.upsert_item(
  u.actor, 'lime', u.domain, 't', 'https://lime.example.com', 'https://schemas.example.com/v1.json', item_id => u.id::uuid
)
from (values
  ('asha', 'student', '11111111-1111-4111-8111-111111111111'),
  ('ravi', 'tutor', '22222222-2222-4222-8222-222222222222')
) u(actor, domain, id);

create function pg_temp.perform(action_id uuid, remarks text) returns text
language sql as $body$
  select a.action_status
  from dpg.perform_action(
    'asha', 'connect', row('lime', 'student', 't', '11111111-1111-4111-8111-111111111111'),
    row('lime', 'tutor', 't', '22222222-2222-4222-8222-222222222222'), action_id => perform.action_id, remarks => perform.remarks
  ) a
$body$;

select is(pg_temp.perform('33333333-3333-4333-8333-333333333333', 'please'), 'created', 'the first of these remarks');
select throws_ok(
  $$select pg_temp.perform('44444444-4444-4444-8444-444444444444', 'please')$$, '23505', null, 'another action with the same'
);
select throws_ok(
  $$select dpg.transition_action('ravi', 'lime', 'connect', '33333333-3333-4333-8333-333333333333', 'accepted', remarks => 'please')$$,
  '23505', null, 'a transition with the same'
);
select throws_ok(
  $$select dpg.transition_actions('ravi', '[{"partition_network": "lime", "action_type": "connect",
    "action_id": "33333333-3333-4333-8333-333333333333", "action_status": "accepted", "remarks": "please"}]')$$,
  '23505', null, 'and among many: it is no refusal of ours'
);

select * from finish();
rollback;
