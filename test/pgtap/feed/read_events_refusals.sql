-- What the functions of the feed refuse, and that nothing is written then.
begin;
select plan(21);

select dpg_test.begin_feed();

set local role dpg_app;
do $body$
begin
  perform dpg_test.act(1);
  perform dpg.create_subscription('all', 'feed test', source_item_instance_url => 'https://feed.test');
end
$body$;
select is(
  (select (a is not distinct from b)::text
   from dpg.create_subscription('all', 'feed test', null, 'https://feed.test') a, dpg.subscriptions b where b.subscription = 'all'),
  'true', 'the same subscription again is the one that is there'
);
select is(dpg_test.refusal($$select dpg.create_subscription('all', 'feed test')$$), 'DP008', 'with other filters it is refused');
select is(dpg_test.refusal($$select dpg.create_subscription(' ')$$), 'DP001 subscription', 'a name is a key');
select is(dpg_test.refusal($$select dpg.create_subscription(null)$$), 'DP001 subscription', 'not null');
select is(dpg_test.refusal($$select dpg.create_subscription('x', '')$$), 'DP001 partition_network', 'a network is a key');
select is(dpg_test.refusal($$select dpg.create_subscription('x', null, repeat('x', 121))$$), 'DP001 action_type', 'an action type is a key');
select is(
  dpg_test.refusal($$select dpg.create_subscription('x', null, null, repeat('x', 1025))$$),
  'DP001 source_item_instance_url', 'a URL has 1,024 bytes'
);
select is(dpg_test.refusal($$select dpg.read_events('unknown')$$), 'DP001 subscription', 'read_events: an unknown one');
select is(dpg_test.refusal($$select dpg.read_events('all', 0)$$), 'DP001 max_events', 'no events at all');
select is(dpg_test.refusal($$select dpg.read_events('all', 10001)$$), 'DP001 max_events', 'too many');
select is(dpg_test.refusal($$select dpg.read_events('all', 1, 0)$$), 'DP001 lease_seconds', 'no time at all');
select is(dpg_test.refusal($$select dpg.read_events('all', 1, 'NaN')$$), 'DP001 lease_seconds', 'a lease that is no number');
select is(dpg_test.refusal($$select dpg.acknowledge('unknown', 0)$$), 'DP001 subscription', 'acknowledge: an unknown one');
select is(dpg_test.refusal($$select dpg.acknowledge('all', -1)$$), 'DP001 position', 'a negative position');
select is(dpg_test.refusal($$select dpg.release_events('all', 'x', -1)$$), 'DP001 retry_seconds', 'a pause that is over');
select is(dpg_test.refusal($$select dpg.fail_event('all', 1000000, 'x')$$), 'DP001 position', 'fail_event: one that was not handed out');
select is(dpg_test.refusal($$select dpg.fail_event('all', 1, 'x', 0)$$), 'DP001 max_attempts', 'no attempts at all');
select is(dpg_test.refusal($$select dpg.retry_events('unknown')$$), 'DP001 subscription', 'retry_events: an unknown one');
select is(dpg_test.refusal($$select dpg.drop_subscription('unknown')$$), 'DP001 subscription', 'drop_subscription: an unknown one');
select is(
  dpg_test.refusal($$insert into dpg.subscriptions (subscription) values ('mine')$$),
  '42501 permission denied for table subscriptions', 'the table is written by the functions alone'
);
select is(
  (select (s.handed_out_position, s.last_error is null)::text from dpg.subscriptions s where s.subscription = 'all'),
  '(0,t)', 'nothing was written'
);

select * from finish();
rollback;
