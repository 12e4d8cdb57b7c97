-- redact_event refuses what is missing or not there, and then nothing is emptied and nothing recorded.
begin;
select plan(15);

select dpg_test.insert_users('refuse asha', 'refuse ravi');

do $body$
begin
  perform dpg.upsert_item(
    'refuse asha', 'refuse test', 'student', 'profile', 'https://refuse.test', 'https://schemas.refuse.test',
    item_id => '11111111-1111-4111-8111-111111111111'
  );
  perform dpg.upsert_item(
    'refuse ravi', 'refuse test', 'tutor', 'profile', 'https://refuse.test', 'https://schemas.refuse.test',
    item_id => '22222222-2222-4222-8222-222222222222'
  );
  perform dpg.perform_action(
    'refuse asha', 'connect', row('refuse test', 'student', 'profile', '11111111-1111-4111-8111-111111111111'),
    row('refuse test', 'tutor', 'profile', '22222222-2222-4222-8222-222222222222'), '{"a": 1}', 'remarks', '{"b": 2}',
    '33333333-3333-4333-8333-333333333333'
  );
end
$body$;

select dpg_test.note_written();

create function pg_temp.refusal(actor text, network text, type text, event_id uuid, reason text)
returns text
language sql
as $body$
  select dpg_test.refusal(format('select dpg.redact_event(%L, %L, %L, %L, %L)', actor, network, type, event_id, reason))
$body$;

create temporary table known as
select event_id from dpg.action_events where action_id = '33333333-3333-4333-8333-333333333333';

select is(pg_temp.refusal(null, 'refuse test', 'connect', event_id, 'why'), 'DP001 actor', 'no actor') from known;
select is(pg_temp.refusal(' ', 'refuse test', 'connect', event_id, 'why'), 'DP001 actor', 'an actor of white space') from known;
select is(pg_temp.refusal('dpg_erased_user', 'refuse test', 'connect', event_id, 'why'), 'DP001 actor', 'the tombstone') from known;
select is(pg_temp.refusal('dpo', null, 'connect', event_id, 'why'), 'DP001 partition_network', 'no network') from known;
select is(pg_temp.refusal('dpo', 'refuse test', '', event_id, 'why'), 'DP001 action_type', 'an empty action type') from known;
select is(pg_temp.refusal('dpo', 'refuse test', 'connect', null, 'why'), 'DP001 event_id', 'no event');
select is(pg_temp.refusal('dpo', 'refuse test', 'connect', event_id, null), 'DP001 reason', 'no reason') from known;
select is(pg_temp.refusal('dpo', 'refuse test', 'connect', event_id, E' \n'), 'DP001 reason', 'a reason of white space') from known;
select is(
  pg_temp.refusal('dpo', 'refuse test', 'connect', event_id, repeat('x', 65537)), 'DP001 reason', 'a reason of 65,537 bytes'
)
from known;
select is(
  pg_temp.refusal('dpo', 'refuse test', 'connect', '99999999-9999-4999-8999-999999999999', 'why'), 'DP001 event_id',
  'an event that is not there'
);
select is(pg_temp.refusal('dpo', 'refuse test', 'visit', event_id, 'why'), 'DP001 event_id', 'an action type without a leaf') from known;
select is(pg_temp.refusal('dpo', 'elsewhere', 'connect', event_id, 'why'), 'DP001 event_id', 'a network that is not there') from known;
select dpg_test.wrote_nothing('nothing was written');

select is(
  (select count(*) from dpg.partitions where network in ('elsewhere', 'refuse test') and key = 'visit'), 0::bigint,
  'and no partition made'
);
select is(
  (select r.reason from known k, dpg.redact_event('dpo', 'refuse test', 'connect', k.event_id, repeat('x', 65536)) r),
  repeat('x', 65536), 'a reason of 65,536 bytes is one'
);

select * from finish();
rollback;
