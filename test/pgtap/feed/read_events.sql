-- The feed of a subscription: what is in it, in which order, leased to one reader, from the first event on.
begin;
select plan(22);

select dpg_test.begin_feed();

set local role dpg_app;
do $body$
begin
  perform dpg_test.act(1);
  perform dpg_test.act(2, 'visit');
  perform dpg.transition_action('feed ravi', 'feed test', 'connect', dpg_test.id(1), 'accepted');
  perform dpg_test.act(3, 'connect', 'https://far.feed.test');
  begin
    perform dpg_test.act(4);
    raise exception 'changed my mind';
  exception
    when raise_exception then
      null;
  end;
  perform dpg.transition_action('feed asha', 'feed test', 'connect', dpg_test.id(1), 'done', event_id => dpg_test.id(7));
  perform dpg.transition_action('feed asha', 'feed test', 'connect', dpg_test.id(1), 'done', event_id => dpg_test.id(7));
  -- mirrored: not in the feed of this instance
  perform dpg.store_event(jsonb_build_object(
    'partition_network', 'feed test', 'action_type', 'connect', 'event_id', dpg_test.id(8),
    'origin_instance_domain', 'https://far.feed.test', 'action_id', dpg_test.id(9), 'action_status', 'created', 'update_count', 0,
    'source_item_network', 'feed test', 'source_item_domain', 'student', 'source_item_type', 'p',
    'source_item_id', '10000000-0000-4000-8000-000000000001', 'source_item_instance_url', 'https://feed.test',
    'source_item_owner', 'feed asha', 'target_item_network', 'feed test', 'target_item_domain', 'tutor',
    'target_item_type', 'p', 'target_item_id', dpg_test.id(9), 'target_item_instance_url', 'https://far.feed.test',
    'target_item_owner', 'feed ravi', 'event_payload', '{}'::jsonb, 'created_at', '2026-01-01T00:00:00Z'
  ));
end
$body$;

select is(
  (select (s.subscription, s.acknowledged_position, s.leased_until is null)::text from dpg.create_subscription('all', 'feed test') s),
  '(all,0,t)', 'a subscription stands before the first event'
);
select is(dpg_test.batch('all'), '1.0 2.0 1.1 3.0 1.2', 'every event of this instance, once, in the order of making; no mirrored one');
select is(dpg_test.batch('all'), '', 'while the batch is leased nobody gets events');
select results_eq(
  $$select e."position" from dpg.create_subscription('copy', 'feed test') s, dpg.read_events(s.subscription) e$$,
  $$select dpg_test.at(n) from generate_series(1, 5) n$$,
  'positions count up, the same for each subscription'
);
reset role;
select results_eq(
  $$select row(r.event_id, r.event_payload, r.created_at, r.source_item_is_local, r.target_item_is_local, r.source_item_latitude)::text
    from dpg.create_subscription('columns', 'feed test', 'visit') s, dpg.read_events(s.subscription) r$$,
  $$select row(e.event_id, e.event_payload, e.created_at, e.source_item_is_local, e.target_item_is_local, e.source_item_latitude)::text
    from dpg.action_events e where e.action_type = 'visit' and e.partition_network = 'feed test'$$,
  'a row is the event as it is stored'
);
set local role dpg_app;
select is(
  (select dpg.acknowledge('all', dpg_test.at(3))), dpg_test.at(3), 'acknowledge says up to where everything is done'
);
select is(dpg_test.batch('all'), '', 'the rest of the batch is still leased');
select is((select dpg.acknowledge('all', dpg_test.at(2))), dpg_test.at(3), 'it never moves back');
select is(dpg_test.refusal($$select dpg.acknowledge('all', dpg_test.at(6))$$), 'DP001 position', 'nor beyond what was handed out');
select is(dpg_test.refusal($$select dpg.acknowledge('all', null)$$), 'DP001 position', 'null is no position');
select is((select dpg.acknowledge('all', dpg_test.at(5))), dpg_test.at(5), 'the end of the batch');
select is(dpg_test.batch('all'), '', 'nothing is left');
select is(
  (select s.leased_until from dpg.subscriptions s where s.subscription = 'all'), null, 'and nothing leased'
);

-- a lease that ends
do $body$
begin
  perform dpg_test.act(5);
  perform dpg_test.batch('all', 1, 0.01);
  perform pg_sleep(0.02);
end
$body$;
select is(dpg_test.batch('all', 1), '5.0', 'not acknowledged in time, it comes again');
select is(
  (select (r.leased_until is null)::text from dpg.release_events('all', 'no luck') r), 'true', 'a batch can be given back'
);
select is(dpg_test.batch('all'), '5.0', 'and comes at once');
select is(
  (select (r.last_error, r.leased_until > now())::text from dpg.release_events('all', 'no luck again', 60) r),
  '("no luck again",t)', 'or after a pause'
);
select is(dpg_test.batch('all'), '', 'in which nobody gets it');

-- filters
select is(
  (select dpg_test.batch(s.subscription)
   from dpg.create_subscription('filtered', 'feed test', 'connect', 'https://far.feed.test') s),
  '3.0', 'only what matches the filters'
);
select is(
  (select dpg_test.batch(s.subscription) from dpg.create_subscription('none', 'other network') s), '', 'which may be nothing'
);
select results_eq(
  $$select p.instance_url from dpg.peers p where p.instance_url like '%feed.test'$$, $$values ('https://far.feed.test')$$, 'a peer is who there are events for'
);
select is(
  (select s.subscription from dpg.drop_subscription('all') s)
    || dpg_test.refusal($$select dpg.read_events('all')$$),
  'allDP001 subscription', 'a dropped one is gone'
);

select * from finish();
rollback;
