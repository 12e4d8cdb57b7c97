-- erase_user refuses what is missing or unknown, and then nothing is erased and nothing recorded.
begin;
select plan(12);

select dpg_test.insert_users('refused asha');
do $body$
begin
  perform dpg.upsert_item(
    'refused asha', 'refused test', 'student', 'profile', 'https://refused.test', 'https://schemas.refused.test', '{"a": 1}'
  );
end
$body$;

create function pg_temp.refusal(actor text, user_id text, reason text)
returns text
language sql
as $body$
  select dpg_test.refusal(format('select dpg.erase_user(%L, %L, %L)', actor, user_id, reason))
$body$;

select is(pg_temp.refusal(null, 'refused asha', 'why'), 'DP001 actor', 'no actor');
select is(pg_temp.refusal('dpg_erased_user', 'refused asha', 'why'), 'DP001 actor', 'the tombstone asks');
select is(pg_temp.refusal('dpo', null, 'why'), 'DP001 user_id', 'no user');
select is(pg_temp.refusal('dpo', '', 'why'), 'DP001 user_id', 'an empty user');
select is(pg_temp.refusal('dpo', 'dpg_erased_user', 'why'), 'DP001 user_id', 'the tombstone is erased already');
select is(pg_temp.refusal('dpo', 'refused asha', null), 'DP001 reason', 'no reason');
select is(pg_temp.refusal('dpo', 'refused asha', '  '), 'DP001 reason', 'a reason of white space');
select is(pg_temp.refusal('dpo', 'nobody at all', 'why'), 'DP009', 'a user who is not there and left no trace');

select results_eq(
  $$select created_by, item_state from dpg.items where item_network = 'refused test'$$,
  $$values ('refused asha', '{"a": 1}'::jsonb)$$,
  'the item is as it was'
);
select is((select count(*) from dpg.redactions where actor = 'dpo'), 0::bigint, 'nothing is on record');

-- where the application's table takes no tombstone, the refusal says what to do
alter table public."user" add constraint no_tombstone check (id <> 'dpg_erased_user');
select is(pg_temp.refusal('dpo', 'refused asha', 'why'), 'DP009', 'a tombstone that cannot be made');
select results_eq(
  $$select created_by from dpg.items where item_network = 'refused test'$$, $$values ('refused asha')$$, 'nothing was erased'
);

select * from finish();
rollback;
