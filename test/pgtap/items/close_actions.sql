-- set_item_status with close_actions_as: which actions move, to which status, with which event.
begin;
select plan(30);

select dpg_test.insert_items();
select dpg.upsert_item('actions asha', 'actions elsewhere', 'student', 'profile_1.0', 'https://student.actions.test', 's', item_id => dpg_test.item_id(6));
-- of the same id, in another domain
select dpg.upsert_item('actions asha', 'actions test', 'tutor', 'profile_1.0', 'https://student.actions.test', 's', item_id => dpg_test.item_id(1));

create function pg_temp.act(n integer, type text, source dpg.item_ref, target dpg.item_ref) returns void language sql as $body$
  select dpg.perform_action(
    (select i.created_by from dpg.items i where (i.item_network, i.item_domain, i.item_type, i.item_id) = source),
    type, source, target, remarks => 'please', action_id => dpg_test.id(n), performed_by => 'a service'
  )
$body$;
create function pg_temp.retire(close_as text[], status text default 'retired', actor text default 'actions asha', expected timestamptz default null)
returns text language sql as $body$
  select i.item_status from dpg.set_item_status(actor, 'actions test', 'student', 'profile_1.0', dpg_test.item_id(1), status, expected, close_as) i
$body$;
create function pg_temp.statuses() returns text language sql as $body$
  select string_agg(right(a.action_id::text, 2) || ' ' || a.action_status || ' ' || a.update_count, ', ' order by a.action_id)
  from dpg_test.stored_actions() a
  where a.partition_network like 'actions %'
$body$;

select dpg.define_action('actions test', 'connect', '[
  {"from": "created", "to": "accepted", "by": "target"}, {"from": "created", "to": "declined", "by": "target"},
  {"from": "created", "to": "withdrawn", "by": "source"}, {"from": "accepted", "to": "ended", "by": "either"}
]');
select dpg.define_action('actions test', 'book', '[
  {"from": "created", "to": "cancelled", "by": "either"}, {"from": "cancelled", "to": "created", "by": "either"}
]');
select
  pg_temp.act(1, 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2)), -- source
  pg_temp.act(2, 'connect', dpg_test.item('student', 3), dpg_test.item('student', 1)), -- target
  pg_temp.act(3, 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 4)), -- accepted
  pg_temp.act(4, 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 4)), -- declined: final
  pg_temp.act(5, 'book', dpg_test.item('student', 3), dpg_test.item('student', 1)), -- another graph
  pg_temp.act(6, 'visit', dpg_test.item('student', 1), dpg_test.item('tutor', 5, 'actions elsewhere')), -- another network, no graph
  pg_temp.act(7, 'visit', dpg_test.item('tutor', 1), dpg_test.item('tutor', 5, 'actions elsewhere')), -- the item of the same id
  pg_temp.act(8, 'connect', dpg_test.item('student', 3), dpg_test.item('tutor', 1)),
  pg_temp.act(9, 'connect', dpg_test.item('student', 3), dpg_test.item('tutor', 2)); -- of others
select
  dpg.receive_action('connect', dpg_test.item('student', 1), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), action_id => dpg_test.id(10)),
  dpg.receive_action('visit', dpg_test.item('student', 1), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 5, 'actions elsewhere'), action_id => dpg_test.id(11)),
  dpg.receive_action('connect', dpg_test.item('student', 1), 'https://far.actions.test', 'far lena', dpg_test.item('student', 1), action_id => dpg_test.id(12)), -- target, from a namesake
  dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(3), 'accepted'),
  dpg.transition_action('actions asha', 'actions test', 'connect', dpg_test.id(4), 'declined');

set local role dpg_app;

-- refusals
select dpg_test.note_written();
select is(dpg_test.refusal($$select pg_temp.retire(array['withdrawn', null])$$), 'DP001 close_actions_as 1', 'null is no status');
select is(dpg_test.refusal($$select pg_temp.retire(array['withdrawn', ' '])$$), 'DP001 close_actions_as 1', 'white space neither');
select is(dpg_test.refusal($$select pg_temp.retire(array[repeat('x', 121)])$$), 'DP001 close_actions_as 0', 'nor what is too long');
select is(dpg_test.refusal($$select pg_temp.retire(array['withdrawn'], actor => 'actions ravi')$$), 'DP003', 'not the owner');
select is(dpg_test.refusal($$select pg_temp.retire(array['withdrawn'], expected => '2020-01-01Z')$$), 'DP007', 'a stale time');
select is(dpg_test.refusal($$select pg_temp.retire(array['withdrawn', 'declined', 'ended'])$$), 'DP006', 'an action that none of them may follow');
select is(
  dpg_test.detail($$select pg_temp.retire(array['withdrawn', 'declined', 'ended'])$$),
  '{"partition_network": "actions test", "action_type": "book", "action_id": "20000000-0000-4000-8000-000000000005",
    "from": "created", "to": "withdrawn", "close_actions_as": ["withdrawn", "declined", "ended"], "acting_side": "target"}'::jsonb,
  'named in the detail'
);
select is(
  dpg_test.error($$select pg_temp.retire(array['withdrawn', 'declined', 'ended'])$$) ->> 'message',
  'action 20000000-0000-4000-8000-000000000005 cannot be closed: from ''created'' the target may take it to none of the statuses ["withdrawn", "declined", "ended"]',
  'and in the message'
);
select is(dpg_test.refusal($$select pg_temp.retire('{}')$$), 'DP006', 'no status fits where none is given');
select is(
  dpg_test.detail($$select pg_temp.retire(array['withdrawn', 'cancelled', 'ended'])$$) ->> 'action_id', dpg_test.id(2)::text,
  'the edge of the other side does not count'
);
select dpg_test.wrote_nothing('nothing was written');

-- closing
select is(pg_temp.retire(array['ended', 'withdrawn', 'declined', 'cancelled']), 'retired', 'the item gets its status');
select is(
  pg_temp.statuses(),
  '01 withdrawn 1, 02 declined 1, 03 ended 2, 04 declined 1, 05 cancelled 1, 06 ended 1, 07 created 0, 08 created 0, 09 created 0, '
    || '10 created 0, 11 created 0, 12 declined 1',
  'each open action of the item has the first status that its side may give it; closed ones and those of others stay'
);
select results_eq(
  $$select e.action_id, e.action_status, e.update_count, e.acting_side, e.event_payload, e.remarks, e.performed_by, e.created_at = a.updated_at
    from dpg_test.stored_events() e
    join dpg_test.stored_actions() a using (action_id, update_count)
    where e.update_count > 0 and e.partition_network like 'actions %' and a.action_id <> dpg_test.id(4)
    order by e.action_id$$,
  $$values
    (dpg_test.id(1), 'withdrawn', 1, 'source', '{"status": "withdrawn"}'::jsonb, null, null, true),
    (dpg_test.id(2), 'declined', 1, 'target', '{"status": "declined"}', null, null, true),
    (dpg_test.id(3), 'ended', 2, 'source', '{"status": "ended"}', null, null, true),
    (dpg_test.id(5), 'cancelled', 1, 'target', '{"status": "cancelled"}', null, null, true),
    (dpg_test.id(6), 'ended', 1, 'source', '{"status": "ended"}', null, null, true),
    (dpg_test.id(12), 'declined', 1, 'target', '{"status": "declined"}', null, null, true)$$,
  'each with its event, which says the side'
);
select is(
  (select string_agg(a.remarks || coalesce(a.performed_by, ''), ' ') from dpg_test.stored_actions() a where a.action_id in (dpg_test.id(1), dpg_test.id(6))),
  'please please', 'the remarks of the action stay, and nobody carried it out for the owner'
);
reset role;
select is(
  (select count(*) from dpg_private.event_queue q join dpg.action_events e using (partition_network, action_type, event_id)
    where e.action_id in (dpg_test.id(1), dpg_test.id(6), dpg_test.id(12)) and e.update_count = 1),
  3::bigint, 'each event is queued for the feed once'
);
set local role dpg_app;

-- again
select dpg_test.note_written();
select is(pg_temp.retire(array['ended', 'withdrawn', 'declined', 'cancelled'], expected => '2020-01-01Z'), 'retired', 'the present status again: the row, before DP007');
select dpg_test.wrote_nothing('what is in one of them stays: cancelled is not final, and visit has no graph');
select is(pg_temp.retire(null), 'retired', 'null closes nothing');
select dpg_test.wrote_nothing('as it says');
select is(dpg_test.refusal($$select pg_temp.retire('{}')$$), 'DP006', 'but cancelled is open, and an empty list has no status for it');
select is(pg_temp.retire(array['created', 'ended']), 'retired', 'the present status closes, too');
select is(
  pg_temp.statuses(),
  '01 withdrawn 1, 02 declined 1, 03 ended 2, 04 declined 1, 05 created 2, 06 ended 1, 07 created 0, 08 created 0, 09 created 0, '
    || '10 created 0, 11 created 0, 12 declined 1',
  'what is open and in none of them'
);

-- a list that closes nothing
select is(
  (dpg.set_item_status('actions mina', 'actions test', 'student', 'profile_1.0', dpg_test.item_id(3), 'x', null, array['cancelled', 'withdrawn'])).item_status, 'x', 'a status that closes'
);
select is((dpg.set_item_status('actions asha', 'actions test', 'tutor', 'profile_1.0', dpg_test.item_id(4), 'y', null, '{}')).item_status, 'y', 'an empty list where nothing is open');

-- an owner who is not the party any more: leaves of the item's own network are searched in any case
reset role;
update dpg.items set created_by = 'actions mina' where item_network = 'actions test' and item_domain = 'tutor' and item_id = dpg_test.item_id(1);
select dpg.receive_action('ask', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 2), action_id => dpg_test.id(13));
select is(
  (dpg.set_item_status('actions mina', 'actions test', 'tutor', 'profile_1.0', dpg_test.item_id(1), 'retired', null, array['withdrawn', 'declined'])).item_status, 'retired',
  'the present owner'
);
select is((select a.action_status from dpg_test.stored_actions() a where a.action_id = dpg_test.id(8)), 'withdrawn', 'what was closed stays');

-- rules say what is open
select dpg.define_action('actions test', 'ask', null, rules => '{"final_statuses": ["answered"]}');
select is(
  (dpg.set_item_status('actions ravi', 'actions test', 'tutor', 'profile_1.0', dpg_test.item_id(2), 'retired', null, array['dropped', 'withdrawn', 'declined'])).item_status, 'retired',
  'an action type with rules and no graph'
);
select is((select a.action_status from dpg_test.stored_actions() a where a.action_id = dpg_test.id(13)), 'dropped', 'takes the first status');
select is((select a.action_status from dpg_test.stored_actions() a where a.action_id = dpg_test.id(10)), 'declined', 'one from another instance is closed by its target');

select * from finish();
rollback;
