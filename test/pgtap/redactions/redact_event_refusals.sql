-- redact_event refuses what is missing or not there, and then nothing is emptied and nothing recorded.
begin;
select plan(15);

insert into public."user" (id, name, email)
values ('refuse asha', 'Asha', 'asha@refuse.test'), ('refuse ravi', 'Ravi', 'ravi@refuse.test');

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

create function pg_temp.digest()
returns text
language sql
as $body$
  select md5(string_agg(content, ';' order by content collate "C"))
  from (
    select e::text as content from dpg.action_events e
    union all
    select a::text from dpg.item_actions a
    union all
    select r::text from dpg.redactions r
  ) rows
$body$;
create temporary table before as select pg_temp.digest() as digest;

create function pg_temp.refusal(actor text, network text, type text, event_id uuid, reason text)
returns text
language plpgsql
as $body$
declare
  code text;
  hint text;
  detail text;
begin
  perform dpg.redact_event(actor, network, type, event_id, reason);
  return 'none';
exception
  when others then
    get stacked diagnostics code = returned_sqlstate, hint = pg_exception_hint, detail = pg_exception_detail;
    return code || ' ' || (detail::jsonb ->> 'argument') || case when hint = '' then ' without a hint' else '' end;
end
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
select is(pg_temp.digest(), digest, 'nothing was written') from before;

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
