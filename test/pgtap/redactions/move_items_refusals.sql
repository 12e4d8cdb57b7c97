-- move_items refuses what is missing, unknown or senseless, and then nothing is moved and nothing recorded. The record of a move
-- lets the owner of the tables do nothing with events but just this.
begin;
select plan(33);

select dpg_test.insert_users('refused guest', 'refused asha', 'refused ravi');
do $body$
begin
  perform dpg.upsert_item(
    u.id, 'refused test', 'student', 'profile', 'https://refused.test', 'https://schemas.refused.test', '{"a": 1}', item_id => u.item_id
  )
  from (
    values ('refused guest', '11111111-1111-4111-8111-111111111111'::uuid), ('refused ravi', '22222222-2222-4222-8222-222222222222')
  ) u(id, item_id);
  perform dpg.perform_action(
    'refused guest', 'connect', row('refused test', 'student', 'profile', '11111111-1111-4111-8111-111111111111'),
    row('refused test', 'student', 'profile', '22222222-2222-4222-8222-222222222222')
  );
end
$body$;

create function pg_temp.refusal(actor text, from_user text, to_user text, reason text)
returns text
language sql
as $body$
  select dpg_test.refusal(format('select dpg.move_items(%L, %L, %L, %L)', actor, from_user, to_user, reason))
$body$;

select is(pg_temp.refusal(null, 'refused guest', 'refused asha', 'why'), 'DP001 actor', 'no actor');
select is(pg_temp.refusal('dpg_erased_user', 'refused guest', 'refused asha', 'why'), 'DP001 actor', 'the tombstone asks');
select is(pg_temp.refusal('dpo', null, 'refused asha', 'why'), 'DP001 from_user', 'from nobody');
select is(pg_temp.refusal('dpo', ' ', 'refused asha', 'why'), 'DP001 from_user', 'from white space');
select is(pg_temp.refusal('dpo', 'refused guest', null, 'why'), 'DP001 to_user', 'to nobody');
select is(pg_temp.refusal('dpo', 'refused guest', 'refused guest', 'why'), 'DP001 to_user', 'to the same');
select is(pg_temp.refusal('dpo', 'dpg_erased_user', 'refused asha', 'why'), 'DP001 from_user', 'what was erased');
select is(pg_temp.refusal('dpo', 'refused guest', 'dpg_erased_user', 'why'), 'DP001 to_user', 'to the tombstone: that is erase_user''s');
select is(pg_temp.refusal('dpo', 'refused guest', 'refused asha', null), 'DP001 reason', 'no reason');
select is(pg_temp.refusal('dpo', 'refused guest', 'refused asha', '  '), 'DP001 reason', 'a reason of white space');
select is(pg_temp.refusal('dpo', 'refused guest', 'nobody at all', 'why'), 'DP009', 'to a user who is not there');
select is(pg_temp.refusal('dpo', 'nobody at all', 'refused asha', 'why'), 'DP009', 'from one who left no trace');
select is(
  dpg_test.detail(format('select dpg.move_items(%L, %L, %L, %L)', 'dpo', u.from_user, u.to_user, 'why')) ->> 'actor', 'nobody at all',
  'which the detail names'
)
from (values ('refused guest', 'nobody at all'), ('nobody at all', 'refused asha')) u(from_user, to_user);
select results_eq(
  $$select created_by from dpg.items where item_network = 'refused test' order by 1$$,
  $$values ('refused guest'), ('refused ravi')$$,
  'the items are where they were'
);
select is((select count(*) from dpg.redactions), 0::bigint, 'nothing is on record');

-- without a record, in a move, and in one of a former life
create temporary table attempt (name text, statement text);
insert into attempt
values
  ('the owner moved', $$update dpg.action_events set source_item_owner = 'refused asha' where source_item_owner = 'refused guest'$$),
  ('another user', $$update dpg.action_events set source_item_owner = 'refused ravi'$$),
  ('another side', $$update dpg.action_events set target_item_owner = 'refused asha'$$),
  ('the way back', $$update dpg.action_events set source_item_owner = 'refused guest'$$),
  ('the tombstone', $$update dpg.action_events set source_item_owner = 'dpg_erased_user'$$),
  ('more than the owner', $$update dpg.action_events set source_item_owner = 'refused asha', remarks = 'x'$$),
  ('deletion', $$delete from dpg.action_events$$);
select throws_ok(a.statement, 'DP012', null, a.name || ', without a record') from attempt a where a.name <> 'the way back';

insert into dpg.redactions (redacted_at, actor, kind, reason, transaction_id, from_user, to_user)
values (
  transaction_timestamp() - interval '1 microsecond', 'dpo', 'move', 'long ago', pg_current_xact_id(), 'refused guest', 'refused asha'
);
select throws_ok(a.statement, 'DP012', null, a.name || ', with a record of another database''s transaction')
from attempt a
where a.name = 'the owner moved';

select lives_ok($$select dpg.move_items('dpo', 'refused guest', 'refused asha', 'why')$$, 'a move');
select throws_ok(a.statement, 'DP012', null, a.name || ', in the transaction of the move') from attempt a where a.name <> 'the owner moved';
select throws_ok(
  $$update dpg.redactions set from_user = 'dpg_erased_user'$$, 'DP012', null, 'nor is its record changed'
);
select throws_ok(
  $$update dpg.redactions set to_user = 'refused ravi' where to_user is not null$$, 'DP012', null, 'by a move'
);
select throws_ok(
  $$insert into dpg.redactions (actor, kind, reason, from_user) values ('dpo', 'move', 'x', 'refused asha')$$, '23514', null,
  'a record that names one user is none'
);

select * from finish();
rollback;
