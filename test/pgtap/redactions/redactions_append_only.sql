-- The record of redactions is append-only, for its owner too, and under session_replication_role = replica; only the actor
-- of a record gives way to the tombstone, in the transaction that erases that user.
begin;
select plan(20);

select dpg_test.insert_users('keep asha', 'keep ravi');
do $body$
begin
  perform dpg.upsert_item(
    'keep asha', 'keep test', 'student', 'profile', 'https://keep.test', 'https://schemas.keep.test',
    item_id => '11111111-1111-4111-8111-111111111111'
  );
  perform dpg.upsert_item(
    'keep ravi', 'keep test', 'tutor', 'profile', 'https://keep.test', 'https://schemas.keep.test',
    item_id => '22222222-2222-4222-8222-222222222222'
  );
  perform dpg.perform_action(
    'keep asha', 'connect', row('keep test', 'student', 'profile', '11111111-1111-4111-8111-111111111111'),
    row('keep test', 'tutor', 'profile', '22222222-2222-4222-8222-222222222222')
  );
  perform dpg.redact_event('keep asha', 'keep test', 'connect', e.event_id, 'mine')
  from dpg.action_events e
  where e.partition_network = 'keep test';
end
$body$;

create temporary table attempt (name text, statement text);
insert into attempt
values
  ('update of the reason', $$update dpg.redactions set reason = 'other'$$),
  ('update of the actor', $$update dpg.redactions set actor = 'other'$$),
  ('update of the actor to the tombstone', $$update dpg.redactions set actor = 'dpg_erased_user'$$),
  ('update that changes nothing', $$update dpg.redactions set reason = reason$$),
  ('delete', $$delete from dpg.redactions$$),
  ('truncate', $$truncate dpg.redactions$$);

select throws_ok(a.statement, 'DP012', null, a.name || ' by the owner') from attempt a;
set local session_replication_role = replica;
select throws_ok(a.statement, 'DP012', null, a.name || ' by the owner, in a session that fires no ordinary trigger') from attempt a;
set local session_replication_role = origin;

-- where a user is being erased
do $body$
begin
  perform dpg.erase_user('keep ravi', 'keep ravi', 'erased');
end
$body$;
select throws_ok(
  $$update dpg.redactions set reason = 'other'$$, 'DP012', null, 'the transaction that erases a user cannot change a reason either'
);
select throws_ok(
  $$update dpg.redactions set actor = 'other' where actor = 'keep asha'$$, 'DP012', null, 'nor the actor, but to the tombstone'
);
select throws_ok($$delete from dpg.redactions$$, 'DP012', null, 'nor delete');
select throws_ok($$update dpg.action_events set remarks = 'x'$$, 'DP012', null, 'nor change what an event says');
select throws_ok(
  $$update dpg.action_events set source_item_owner = 'keep ravi' where source_item_owner = 'keep asha'$$, 'DP012', null,
  'nor give an event to another user'
);

-- the roles
set local role dpg_admin;
select throws_ok(
  $$insert into dpg.redactions (actor, kind, reason) values ('x', 'user', 'x')$$, '42501', null, 'dpg_admin may not write a record itself'
);
select throws_ok($$delete from dpg.redactions$$, '42501', null, 'nor delete one');
reset role;
set local role dpg_readonly;
select throws_ok($$select * from dpg.redactions$$, '42501', null, 'dpg_readonly may not read them');
reset role;

select * from finish();
rollback;
