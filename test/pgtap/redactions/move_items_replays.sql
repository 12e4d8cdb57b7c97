-- Events mirrored again after a move, here or on their origin, are the same events; later ones of the same action, and the first
-- of an action made before, are found by who has taken the place. So it is after an erasure.
begin;
select plan(21);

select dpg_test.insert_users('replay guest', 'replay asha', 'replay mina', 'replay ravi');

-- an event of an action (number) from the guest's item to one of another instance
create function pg_temp.event(number integer, update_count integer, changes jsonb default '{}')
returns jsonb
language sql
as $body$
  select '{
    "partition_network": "replay test", "action_type": "connect", "origin_instance_domain": "https://far.replay.test",
    "source_item_network": "replay test", "source_item_domain": "student", "source_item_type": "profile",
    "source_item_id": "11111111-1111-4111-8111-111111111111", "source_item_instance_url": "https://replay.test",
    "source_item_owner": "replay guest",
    "target_item_network": "replay test", "target_item_domain": "tutor", "target_item_type": "profile",
    "target_item_id": "88888888-8888-4888-8888-888888888888", "target_item_instance_url": "https://far.replay.test",
    "target_item_owner": "far guest", "event_payload": {"phone": "0123"}, "created_at": "2026-01-01T00:00:00.000000Z"
  }'::jsonb || jsonb_build_object(
    'event_id', format('3%s000000-0000-4000-8000-00000000000%s', update_count, number),
    'action_id', format('40000000-0000-4000-8000-00000000000%s', number),
    'action_status', 's' || update_count, 'update_count', update_count
  ) || changes
$body$;

create function pg_temp.stored(number integer, update_count integer, changes jsonb default '{}')
returns text
language plpgsql
as $body$
declare
  event dpg.action_events;
begin
  event := dpg.store_event(pg_temp.event(number, update_count, changes));
  return event.source_item_owner || ', ' || event.target_item_owner;
exception
  when sqlstate 'DP008' then
    return sqlstate;
end
$body$;

do $body$
begin
  perform dpg.upsert_item(
    'replay guest', 'replay test', 'student', 'profile', 'https://replay.test', 'https://schemas.replay.test',
    item_id => '11111111-1111-4111-8111-111111111111'
  );
end
$body$;
select is(pg_temp.stored(1, 0), 'replay guest, far guest', 'an event before');

-- on the origin
select is(pg_temp.stored(1, 0, '{"target_item_owner": "far asha"}'), 'replay guest, far guest', 'the origin has moved the target: the row stays');
select is(pg_temp.stored(1, 1, '{"target_item_owner": "far asha"}'), 'replay guest, far asha', 'the next event has the new owner');
select is(
  pg_temp.stored(1, 0, '{"target_item_owner": "far asha", "remarks": "x"}'), 'DP008', 'other content is other content, whoever owns'
);
select is(
  pg_temp.stored(1, 0, '{"target_item_owner": "far asha", "event_id": "99999999-9999-4999-8999-999999999999"}'), 'DP008', 'and so is another id'
);
select is(pg_temp.stored(1, 0, '{"source_item_owner": "replay mina"}'), 'DP008', 'the owner of our item is ours to say');

-- both sides on the origin, neither of this instance
select is(
  pg_temp.stored(2, 0, '{"source_item_instance_url": "https://far.replay.test"}'), 'replay guest, far guest', 'an event of no item of ours'
);
select is(
  pg_temp.stored(2, 0, '{"source_item_instance_url": "https://far.replay.test", "source_item_owner": "far mina"}'),
  'replay guest, far guest', 'whose source the origin has moved'
);

-- here
select lives_ok($$select dpg.move_items('officer', 'replay guest', 'replay asha', 'signed up')$$, 'a move here');
select is(pg_temp.stored(1, 0), 'replay asha, far guest', 'the event as the origin has it');
select is(pg_temp.stored(1, 0, '{"source_item_owner": "replay asha"}'), 'replay asha, far guest', 'and as this instance has it');
select is(pg_temp.stored(1, 0, '{"source_item_owner": "replay mina"}'), 'DP008', 'another user is another content still');
select is(pg_temp.stored(1, 2), 'replay asha, far guest', 'a later event of the action');
select is(pg_temp.stored(3, 0), 'replay asha, far guest', 'the first of an action that was under way');
select results_eq(
  $$select right(f.action_id::text, 1), f.action_status from dpg.find_actions('replay asha') f order by 1$$,
  $$values ('1', 's2'), ('3', 's0')$$,
  'all are found by who has taken the place'
);
select is((select count(*) from dpg.find_events('replay asha')), 4::bigint, 'with every event');
select is_empty($$select from dpg.find_events('replay guest')$$, 'and none by the guest');

-- twice, and then erased
do $body$
begin
  perform dpg.move_items('officer', 'replay asha', 'replay mina', 'and on');
end
$body$;
select is(pg_temp.stored(1, 3), 'replay mina, far guest', 'after two moves');
do $body$
begin
  perform dpg.erase_user('officer', 'replay mina', 'request');
end
$body$;
select is(pg_temp.stored(1, 3), 'dpg_erased_user, far guest', 'after an erasure the event again');
select is(pg_temp.stored(1, 4), 'dpg_erased_user, far guest', 'a later one does not bring the id back');
select is(pg_temp.stored(4, 0), 'dpg_erased_user, far guest', 'nor does the first of an action that was under way');

select * from finish();
rollback;
