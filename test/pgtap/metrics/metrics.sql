-- The figures that one session can bring about: of subscriptions and of limits. test/metrics has those of other sessions.
begin;
select plan(9);

create function pg_temp.figures(metrics text, subjects text)
returns text
language sql
as $$
  select string_agg(substr(m.metric, 5) || ' ' || round(m.value::numeric, 2), ', ' order by m.metric, m.value)
  from dpg.metrics m
  where m.metric like metrics and m.subject like subjects
    and (m.metric <> 'dpg_subscription_lag_seconds' or m.value = 0) -- it grows
$$;

select dpg_test.begin_feed();
update dpg.limits set limit_value = 4 where limit_name = 'leaves_per_network';
update dpg.limits set limit_value = 2 where limit_name = 'mirrored_leaves_per_network';
select is(pg_temp.figures('dpg_subscription%', 'metrics all'), null, 'no subscription, no row');

set local role dpg_app;
do $body$
begin
  perform dpg_test.act(1), dpg_test.act(2), dpg_test.act(3);
  perform dpg.create_subscription('metrics all', 'feed test');
end
$body$;

set local role dpg_readonly;
select is(
  pg_temp.figures('dpg_subscription%', 'metrics all'),
  'subscription_dead_events 0.00, subscription_held_back_seconds 0.00, subscription_is_dead 0.00, subscription_lag_events 3.00',
  'a subscription that nobody reads'
);
select ok(
  (select m.value between 0.000001 and 600 from dpg.metrics m where m.metric = 'dpg_subscription_lag_seconds' and m.subject = 'metrics all'),
  'lags by the age of its oldest event'
);

set local role dpg_app;
do $body$
begin
  perform dpg_test.batch('metrics all');
  perform dpg.fail_event('metrics all', dpg_test.at(1), 'answer 500', max_attempts => 1);
  perform dpg.acknowledge('metrics all', dpg_test.at(3));
end
$body$;
select is(
  pg_temp.figures('dpg_subscription%', 'metrics all'),
  'subscription_dead_events 1.00, subscription_held_back_seconds 0.00, subscription_is_dead 0.00, subscription_lag_events 0.00, subscription_lag_seconds 0.00',
  'what was given up, with nothing behind'
);

reset role;
update dpg.subscriptions set acknowledged_position = 0, created_at = now() - interval '2 hours', leased_at = null,
  acknowledged_at = now() - interval '2 hours', leased_until = null
where subscription = 'metrics all';
update dpg_private.feed_positions set created_at = now() - interval '2 hours' where "position" between dpg_test.at(1) and dpg_test.at(3);
select is(
  (select round(m.value) from dpg.metrics m where m.metric = 'dpg_subscription_is_dead' and m.subject = 'metrics all'), 1::double precision,
  'its reader is gone'
);

select is(
  pg_temp.figures('dpg_limit_ratio', 'leaves_per_network % feed test'), 'limit_ratio 0.25, limit_ratio 0.25, limit_ratio 0.50',
  'leaves of a network under each root, as part of the limit'
);
select is(pg_temp.figures('dpg_limit_ratio', 'mirrored_leaves_per_network % feed test'), null, 'no leaf that only mirrored events need');
select dpg.store_event(dpg_test.event(jsonb_build_object('partition_network', 'feed test', 'target_item_network', 'feed test', 'action_type', 'far')));
select is(
  concat_ws(
    '; ',
    pg_temp.figures('dpg_limit_ratio', 'leaves_per_network action_events feed test'),
    pg_temp.figures('dpg_limit_ratio', 'mirrored_leaves_per_network action_events feed test')
  ),
  'limit_ratio 0.25; limit_ratio 0.50',
  'one that they need counts for a limit of its own'
);
update dpg.limits set limit_value = 0 where limit_name = 'mirrored_leaves_per_network';
select is(
  pg_temp.figures('dpg_limit_ratio', 'mirrored_leaves_per_network%'), null, 'of a limit of 0 nothing is a part'
);

select * from finish();
rollback;
