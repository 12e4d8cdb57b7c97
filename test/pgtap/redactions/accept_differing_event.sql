-- A peer restored from a backup has done an update anew: what it says now is kept beside what is stored, once an operator says so.
begin;
select plan(42);

select dpg_test.insert_users('ann', 'bob');

create function pg_temp.event(update_count integer, changes jsonb default '{}')
returns jsonb
language sql
as $body$
  select jsonb_build_object(
    'partition_network', 'differ net', 'action_type', 'connect',
    'event_id', ('40000000-0000-4000-8000-' || lpad(update_count::text, 12, '0'))::uuid, 'origin_instance_domain', 'https://far.example',
    'action_id', '30000000-0000-4000-8000-000000000001', 'action_status', 'status ' || update_count, 'update_count', update_count,
    'source_item_network', 'differ net', 'source_item_domain', 'student', 'source_item_type', 'profile',
    'source_item_id', '10000000-0000-4000-8000-000000000001', 'source_item_instance_url', 'https://near.example',
    'source_item_owner', 'ann', 'source_item_latitude', 12.100000000000001, 'source_item_longitude', 77.5,
    'target_item_network', 'differ net', 'target_item_domain', 'tutor', 'target_item_type', 'profile',
    'target_item_id', '10000000-0000-4000-8000-000000000009', 'target_item_instance_url', 'https://far.example',
    'target_item_owner', 'zoe', 'target_item_latitude', null, 'target_item_longitude', null,
    'event_payload', jsonb_build_object('n', update_count), 'remarks', 'remark ' || update_count,
    'created_at', '2026-01-02T03:04:05.000006+00:00'
  ) || changes
$body$;
-- the same update, done anew
create function pg_temp.anew(update_count integer, changes jsonb default '{}')
returns jsonb
language sql
as $body$
  select pg_temp.event(update_count, jsonb_build_object(
    'event_id', ('50000000-0000-4000-8000-' || lpad(update_count::text, 12, '0'))::uuid,
    'action_status', 'anew ' || update_count, 'remarks', 'remark anew ' || update_count, 'event_payload', jsonb_build_object('anew', update_count),
    'created_at', '2026-01-03T03:04:05.000006+00:00'
  ) || changes)
$body$;
create function pg_temp.stored() returns text
language sql
security definer
as $body$
  select string_agg(concat_ws(' ', e.ctid, e), '|' order by e.ctid) from dpg.action_events e where e.partition_network = 'differ net'
$body$;

set local role dpg_app;
select dpg.upsert_item('ann', 'differ net', 'student', 'profile', 'https://near.example', 's', item_id => '10000000-0000-4000-8000-000000000001');
select dpg.store_event(pg_temp.event(0)), dpg.store_event(pg_temp.event(1)), dpg.store_event(pg_temp.event(2));
create temporary table before as select pg_temp.stored() as events;
grant select on before to public;

select throws_ok($$select dpg.store_event(pg_temp.anew(2))$$, 'DP008', null, 'the update done anew is refused');
select throws_ok($$select dpg.accept_differing_event('ops', pg_temp.anew(2), 'restored')$$, '42501', null, 'dpg_app may not accept it');

reset role;
set local role dpg_admin;
select throws_ok(format('select dpg.accept_differing_event(%L, %s, %L)', actor, event, reason), 'DP001', null, what)
from (values
  ('without an actor', null, 'pg_temp.anew(2)', 'restored'),
  ('without a reason', 'ops', 'pg_temp.anew(2)', ' '),
  ('without an event', 'ops', 'null', 'restored'),
  ('a malformed event', 'ops', $$pg_temp.anew(2, '{"action_id": 1}')$$, 'restored'),
  ('one of our own', 'ops', $$pg_temp.anew(2, '{"origin_instance_domain": "https://near.example/"}')$$, 'restored'),
  ('one whose action lives elsewhere', 'ops', $$pg_temp.anew(2, '{"target_item_instance_url": "https://other.example/"}')$$, 'restored'),
  ('one that can be stored', 'ops', 'pg_temp.event(3)', 'restored'),
  ('one that is stored', 'ops', 'pg_temp.event(2)', 'restored'),
  ('one in a leaf that is not there', 'ops', $$pg_temp.event(2, '{"action_type": "none"}')$$, 'restored')
) c(what, actor, event, reason);
select throws_ok($$select dpg.accept_differing_event('ops', pg_temp.anew(2, '{"target_item_id": "10000000-0000-4000-8000-000000000008"}'), 'restored')$$, 'DP008', null, 'one between other items is no update done anew');
select is_empty($$select * from dpg.differing_events$$, 'nothing was kept');
select is_empty($$select * from dpg.redactions where kind = 'difference'$$, 'nor recorded');

create temporary table accepted as
select * from dpg.accept_differing_event('ops', pg_temp.anew(2), 'restored');
select results_eq(
  $$select kind, actor, reason, partition_network, action_type, action_id, event_id from accepted$$,
  $$values ('difference', 'ops', 'restored', 'differ net', 'connect', '30000000-0000-4000-8000-000000000001'::uuid, '50000000-0000-4000-8000-000000000002'::uuid)$$,
  'it is on record who has accepted what'
);
select is((select redaction_id from dpg.accept_differing_event('ops', pg_temp.anew(2), 'again')), (select redaction_id from accepted), 'the same again is the same record');
select is((select count(*) from dpg.differing_events), 1::bigint, 'kept once');
select is(pg_temp.stored(), (select events from before), 'the event that is stored is as it was, and no other is there');
select is(
  (select event from dpg.differing_events), pg_temp.anew(2) || '{"performed_by": null, "acting_side": null}', 'the other one is kept whole'
);

reset role;
set local role dpg_app;
select is(
  (select jsonb_object_agg(f.key, f.value) from dpg.store_event(pg_temp.anew(2)) e cross join jsonb_each(to_jsonb(e)) f where pg_temp.anew(2) ? f.key),
  pg_temp.anew(2), 'from then on its sender is answered what it said'
);
set local timezone = 'Asia/Kolkata';
set local extra_float_digits = -10;
select lives_ok($$select dpg.store_event(pg_temp.anew(2, '{"created_at": "2026-01-03T08:34:05.000006+05:30"}'))$$, 'under every setting of a session');
reset timezone;
reset extra_float_digits;
select lives_ok($$select dpg.store_event(pg_temp.anew(2, '{"origin_instance_domain": "https://FAR.example/"}'))$$, 'in every spelling');
select lives_ok($$select dpg.store_event(pg_temp.anew(2, '{"version": 3, "more": 1}') - 'remarks')$$, 'and version');
select lives_ok($$select dpg.store_event(pg_temp.event(2))$$, 'the first one is still the same, too');
select throws_ok($$select dpg.store_event(pg_temp.anew(2, '{"action_status": "third"}'))$$, 'DP008', null, 'but a third one is not');
select throws_ok($$select dpg.store_event(pg_temp.anew(1))$$, 'DP008', null, 'nor another update');
select results_eq(
  $$select action_status, update_count, remarks, updated_at from dpg.get_action('ann', 'differ net', 'connect', '30000000-0000-4000-8000-000000000001')$$,
  $$values ('anew 2', 2, 'remark anew 2', '2026-01-03T03:04:05.000006Z'::timestamptz)$$, 'the action is as its origin says now'
);

-- an older one, and one that has the id of the stored one
reset role;
set local role dpg_admin;
select lives_ok($$select dpg.accept_differing_event('ops', pg_temp.anew(1), 'restored')$$, 'an older update can be accepted as well');
select lives_ok($$select dpg.accept_differing_event('ops', pg_temp.event(0, '{"remarks": "same id"}'), 'restored')$$, 'or one under the id of the stored one');
reset role;
set local role dpg_app;
select is(
  (select action_status || ' ' || remarks from dpg.get_action('ann', 'differ net', 'connect', '30000000-0000-4000-8000-000000000001')),
  'anew 2 remark anew 2', 'the action stays as the newest one left it'
);
select is((select remarks from dpg.store_event(pg_temp.event(0, '{"remarks": "same id"}'))), 'same id', 'each is answered by itself');
select is((select remarks from dpg.store_event(pg_temp.event(0))), 'remark 0', 'and the first one, too');
select lives_ok($$select dpg.store_event(pg_temp.event(3))$$, 'what comes next is stored as always');

-- who sees it
set local dpg.actor = 'ann';
select is((select count(*) from dpg.differing_events), 3::bigint, 'a party sees them');
set local dpg.actor = 'bob';
select is((select count(*) from dpg.differing_events), 0::bigint, 'nobody else does');

-- append-only, but for what the law demands
reset role;
select throws_ok($$update dpg.differing_events set event = '{}'$$, 'DP012', null, 'nobody changes one');
select throws_ok($$delete from dpg.differing_events$$, 'DP012', null, 'or removes one');
select throws_ok($$truncate dpg.differing_events$$, 'DP012', null, 'or all');
select is((select kind from dpg.redact_event('dpo', 'differ net', 'connect', '50000000-0000-4000-8000-000000000002', 'request 1')), 'event', 'one is emptied');
select is(
  (select event from dpg.differing_events where event_id = '50000000-0000-4000-8000-000000000002'),
  pg_temp.anew(2, '{"event_payload": {}, "remarks": null, "performed_by": null, "acting_side": null}'), 'its payload and remarks'
);
select lives_ok($$select dpg.store_event(pg_temp.anew(2))$$, 'its sender is answered as before');
select dpg.erase_user('dpo', 'ann', 'request 2');
select is_empty($$select * from dpg.differing_events where event::text like '%"ann"%' or source_item_owner = 'ann'$$, 'and an erased user is in none of them');

select * from finish();
rollback;
