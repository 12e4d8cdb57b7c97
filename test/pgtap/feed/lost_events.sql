-- Events whose partition was dropped: reads are refused until somebody confirms the loss, whatever was made in its place.
begin;
select plan(27);

select dpg_test.begin_feed();

create function pg_temp.drop_leaf(type text)
returns void
language plpgsql
as $body$
declare
  leaf regclass := dpg_private.find_leaf('action_events', 'feed test', type);
begin
  execute format('alter table dpg.e_p_feedtest detach partition %s', leaf);
  execute format('drop table %s', leaf);
end
$body$;

do $body$
begin
  perform dpg_test.act(1), dpg_test.act(2, 'visit'), dpg_test.act(3, 'visit'), dpg_test.act(4);
  perform dpg.create_subscription('all', 'feed test'), dpg.create_subscription('connects', 'feed test', 'connect');
end
$body$;
select is(dpg_test.batch('all', 2), '1.0 2.0', 'two events are out');
select is((dpg.fail_event('all', dpg_test.at(2), 'no', 1)).state, 'dead', 'one of them failed');
select is(dpg.acknowledge('all', dpg_test.at(2)), dpg_test.at(2), 'and done');
select is(
  dpg_test.said($$select dpg.confirm_lost_events('dba', 'feed test', 'visit', 'a test')$$),
  E'DP001\naction_type has lost no events: "visit"\n'
    || E'Every event of these keys that is in the feed is there. Look at the keys in the message of DP010.\n'
    || '{"value": "visit", "argument": "action_type"}',
  'where nothing is lost there is nothing to confirm'
);

-- a table that has another name is not lost
do $body$
begin
  alter table dpg.e_p_feedtest_visit rename to visits_of_before;
end
$body$;
select is(dpg_test.batch('all', 1), '3.0', 'a leaf under another name is found by its bound');
select matches(
  dpg_test.said($$select dpg.confirm_lost_events('dba', 'feed test', 'visit', 'a test')$$), '^DP001', 'and its events are not lost'
);
do $body$
begin
  alter table dpg.visits_of_before rename to e_p_feedtest_visit;
  perform dpg.release_events('all');
  perform dpg_test.act(5, 'visit'); -- has no position yet
  perform pg_temp.drop_leaf('visit');
end
$body$;

-- the leaf is gone
select is(
  dpg_test.said($$select * from dpg.read_events('all')$$),
  E'DP010\n2 events of ''feed test''/''visit'' are in the feed and not in dpg.action_events: their partition was taken away or made anew\n'
    || E'If the table is still there, attach it again. If the events are lost for good, dpg_admin says so with dpg.confirm_lost_events; the feed then goes on after them.\n'
    || format('{"key": "visit", "root": "action_events", "missing": 2, "network": "feed test", "positions": [%s, %s]}', dpg_test.at(3), dpg_test.at(5)),
  'a read stands still and says why'
);
select is(dpg_test.batch('connects', 1), '1.0', 'one that needs none of them goes on');
select is((select s.leased_until from dpg.subscriptions s where s.subscription = 'all'), null, 'nothing was leased');

-- it was made anew
do $body$
begin
  perform dpg_test.act(6, 'visit');
end
$body$;
select matches(
  dpg_test.said($$select * from dpg.read_events('all')$$), E'^DP010\n2 events of ''feed test''/''visit''', 'no position is skipped without a word'
);
do $body$
begin
  perform dpg.retry_events('all');
end
$body$;
select matches(
  dpg_test.said($$select * from dpg.read_retries('all')$$), E'^DP010\n1 events of ''feed test''/''visit''', 'nor by a retry'
);
set local role dpg_app;
select matches(dpg_test.said($$select dpg.confirm_lost_events('app', 'feed test', 'visit', 'a test')$$), '^42501', 'an application cannot confirm');
reset role;
set local role dpg_admin;
select matches(dpg_test.said($$select dpg.confirm_lost_events('dba', 'feed test', 'visit', ' ')$$), E'^DP001\nreason', 'a reason is needed');
select is(
  (select row(r.actor, r.kind, r.reason, r.partition_network, r.action_type, r.action_id, r.event_id)::text
   from dpg.confirm_lost_events('dba', 'feed test', 'visit', 'dropped by mistake') r),
  '(dba,loss,"dropped by mistake","feed test",visit,,)', 'the loss is confirmed, and on record'
);
reset role;
select is(dpg_test.batch('all'), '4.0 6.0', 'then the feed goes on with all that is there');
select is(
  (select array_agg(l."position" order by l."position") from dpg_private.lost_events l join dpg.redactions r using (redaction_id)),
  array[dpg_test.at(2), dpg_test.at(3), null], 'which positions were lost is known; one had none, since the refused reads gave none'
);
select is((select count(*) from dpg_private.lost_events), 3::bigint, 'each event once');
select is((select count(*) from dpg.failed_events), 0::bigint, 'nobody tries them again');
select is((select count(*) from dpg.read_retries('all')), 0::bigint, 'there is nothing to retry');
select matches(
  dpg_test.said($$select dpg.confirm_lost_events('dba', 'feed test', 'visit', 'again')$$), '^DP001', 'a second confirmation has nothing to confirm'
);
select is(
  (select dpg.acknowledge('all', max(f."position")) from dpg_private.feed_positions f), (select max(f."position") from dpg_private.feed_positions f),
  'the batch can be acknowledged'
);
select is(
  (select (s.lag_events, s.dead_events)::text from dpg.subscription_status s where s.subscription = 'all'), '(0,0)', 'and nothing waits'
);
select is(
  (select dpg_test.batch(s.subscription) from dpg.create_subscription('new', 'feed test') s), '1.0 4.0 6.0', 'a new reader passes over them, too'
);

-- events that had no position yet when the leaf was dropped
do $body$
begin
  perform dpg_test.act(7, 'call'), dpg_test.act(8, 'call');
  perform pg_temp.drop_leaf('call');
end
$body$;
select is((select kind from dpg.confirm_lost_events('dba', 'feed test', 'call', 'a test')), 'loss', 'they are lost as well');
select is(
  (select array_agg(l."position") from dpg_private.lost_events l where l.action_type = 'call'), array[null, null]::bigint[], 'without a position'
);
select is(dpg_test.batch('all'), '', 'and come to nobody');
select is((select count(*) from dpg_private.event_queue q where q.partition_network = 'feed test'), 0::bigint, 'nothing of them waits');

select * from finish();
rollback;
