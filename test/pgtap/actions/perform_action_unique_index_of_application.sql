-- A unique index that the application put on a leaf refuses an action as in any table: it is not taken for a repetition.
begin;
select plan(3);

select dpg_test.insert_users('asha', 'ravi');
select dpg.ensure_action_partition('lime', 'connect');
create unique index on dpg.a_p_lime_connect (source_item_id, target_item_id) where action_status = 'created';
set local role dpg_app;

select dpg.upsert_item(
  u.actor, 'lime', u.domain, 't', 'https://lime.example.com', 'https://schemas.example.com/v1.json', item_id => u.id::uuid
)
from (values
  ('asha', 'student', '11111111-1111-4111-8111-111111111111'),
  ('ravi', 'tutor', '22222222-2222-4222-8222-222222222222')
) u(actor, domain, id);

create function pg_temp.perform(action_id uuid) returns text
language sql as $body$
  select a.action_status
  from dpg.perform_action(
    'asha', 'connect', row('lime', 'student', 't', '11111111-1111-4111-8111-111111111111'),
    row('lime', 'tutor', 't', '22222222-2222-4222-8222-222222222222'), action_id => perform.action_id
  ) a
$body$;

select is(pg_temp.perform('33333333-3333-4333-8333-333333333333'), 'created', 'the first action between the two');
select throws_ok(
  $$select pg_temp.perform('44444444-4444-4444-8444-444444444444')$$, '23505', null, 'a second one while the first is open'
);
reset role;
select results_eq(
  $$select e.action_id from dpg.action_events e where e.partition_network = 'lime'$$,
  $$values ('33333333-3333-4333-8333-333333333333'::uuid)$$,
  'the refused call left no event'
);

select * from finish();
rollback;
