-- Events that a reader cannot deal with: counted, given up, revived, settled; and what the view says meanwhile.
begin;
select plan(17);

select dpg_test.begin_feed();

set local role dpg_app;
do $body$
begin
  perform dpg_test.act(1), dpg_test.act(2), dpg_test.act(3);
  perform dpg.create_subscription('all', 'feed test');
end
$body$;
select is(
  (select (s.lag_events, s.lag_seconds > 0, s.is_leased, s.is_dead, s.dead_events, s.last_error)::text from dpg.subscription_status s where s.subscription = 'all'),
  '(3,t,f,f,0,)', 'what nobody has read is behind, also before it has positions'
);
select is(dpg_test.batch('all'), '1.0 2.0 3.0', 'a batch');
select is(
  (select (f.state, f.attempts, f.last_error)::text from dpg.fail_event('all', dpg_test.at(1), 'answer 500', max_attempts => 2) f),
  '(failing,1,"answer 500")', 'a first failure is counted'
);
select is(
  (select (f.state, f.attempts, f.last_error, f.event_id = e.event_id)::text
   from dpg.fail_event('all', dpg_test.at(1), 'answer 501', max_attempts => 2) f, dpg.find_events('feed asha', action_id => dpg_test.id(1)) e),
  '(dead,2,"answer 501",t)', 'after so many it is dead'
);
select is((select f.state from dpg.fail_event('all', dpg_test.at(2), 'no') f), 'failing', 'another fails once');
select is((select dpg.acknowledge('all', dpg_test.at(3))), dpg_test.at(3), 'then all is done');
select results_eq(
  $$select f."position", f.state from dpg.failed_events f where f.subscription = 'all'$$, $$values (dpg_test.at(1), 'dead')$$,
  'what was acknowledged has not failed; the dead stay'
);
select is(
  (select (s.lag_events, s.lag_seconds, s.is_leased, s.dead_events, s.last_error)::text from dpg.subscription_status s where s.subscription = 'all'),
  '(0,0,f,1,no)', 'the view counts them, and keeps the last error'
);
select is((select count(*) from dpg.read_retries('all')), 0::bigint, 'the dead are not tried');
select results_eq(
  $$select f."position", f.state, f.attempts from dpg.retry_events('all') f$$, $$values (dpg_test.at(1), 'retrying', 0)$$,
  'unless an operator wants it'
);
select is((select count(*) from dpg.retry_events('all')), 0::bigint, 'once');
select results_eq(
  $$select e."position", e.action_id from dpg.read_retries('all') e$$, $$values (dpg_test.at(1), dpg_test.id(1))$$, 'then it comes by itself'
);
select is((select count(*) from dpg.read_retries('all')), 0::bigint, 'to one reader');
select is(
  (select (f.state, f.attempts, f.leased_until > now())::text from dpg.fail_event('all', dpg_test.at(1), 'again', 2, 30) f),
  '(retrying,1,t)', 'and again after a pause'
);
select is((select (f.state, f.attempts)::text from dpg.fail_event('all', dpg_test.at(1), 'again', 2) f), '(dead,2)', 'or is dead again');
select is(
  (select dpg.settle_event('all', dpg_test.at(1))::text || dpg.settle_event('all', dpg_test.at(1))::text), 'truefalse', 'what was settled is struck off'
);

-- nobody has come for more than an hour
reset role;
do $body$
begin
  perform dpg_test.act(4);
  perform dpg_private.place_events();
  update dpg_private.feed_positions f set created_at = now() - interval '2 hours' where f."position" = dpg_test.at(4);
  update dpg.subscriptions s
  set created_at = now() - interval '1 day', leased_at = now() - interval '3 hours', acknowledged_at = now() - interval '3 hours'
  where s.subscription = 'all';
end
$body$;
select is(
  (select (s.lag_events, s.lag_seconds > 7000, s.is_dead)::text from dpg.subscription_status s where s.subscription = 'all'), '(1,t,t)', 'a dead subscription is reported'
);

select * from finish();
rollback;
