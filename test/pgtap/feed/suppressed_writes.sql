-- What a trigger of an application suppresses is DP018: no call says that something was done that was not.
begin;
select plan(17);

select dpg_test.begin_feed();

create function pg_temp.suppress()
returns trigger
language plpgsql
as $body$
begin
  return null;
end
$body$;

-- the refusal of a statement while the operation on that table is suppressed
create function pg_temp.suppressed(operation text, on_table regclass, statement text)
returns text
language plpgsql
as $body$
declare
  said text;
begin
  execute format('create trigger keep_out before %s on %s for each row execute function pg_temp.suppress()', operation, on_table);
  said := dpg_test.said(statement);
  execute format('drop trigger keep_out on %s', on_table);
  return split_part(said, E'\n', 1) || ': ' || split_part(said, E'\n', 2);
end
$body$;

select is(
  pg_temp.suppressed('insert', 'dpg.subscriptions', $$select dpg.create_subscription('all', 'feed test')$$),
  'DP018: insert of dpg.subscriptions was suppressed: nothing was written', 'create_subscription'
);
do $body$
begin
  perform dpg_test.act(1), dpg_test.act(2), dpg_test.act(3);
  perform dpg.create_subscription('all', 'feed test');
end
$body$;
select is(
  pg_temp.suppressed('delete', 'dpg_private.event_queue', $$select * from dpg.read_events('all')$$),
  'DP018: delete of dpg_private.event_queue was suppressed: nothing was written', 'placing events: taken from the queue'
);
select is(
  pg_temp.suppressed('insert', 'dpg_private.feed_positions', $$select * from dpg.read_events('all')$$),
  'DP018: insert of dpg_private.feed_positions was suppressed: nothing was written', 'placing events: put into the feed'
);
select is(
  pg_temp.suppressed('update', 'dpg.subscriptions', $$select * from dpg.read_events('all')$$),
  'DP018: update of dpg.subscriptions was suppressed: nothing was written', 'read_events'
);
-- what was drawn for what was refused leaves gaps
select dpg_test.count_positions();
select is(dpg_test.batch('all'), '1.0 2.0 3.0', 'nothing was lost by that');
select is(
  pg_temp.suppressed('update', 'dpg.subscriptions', format('select dpg.acknowledge(%L, %s)', 'all', dpg_test.at(3))),
  'DP018: update of dpg.subscriptions was suppressed: nothing was written', 'acknowledge'
);
select is(
  pg_temp.suppressed('update', 'dpg.subscriptions', $$select dpg.release_events('all')$$),
  'DP018: update of dpg.subscriptions was suppressed: nothing was written', 'release_events'
);
select is(
  pg_temp.suppressed('insert', 'dpg.failed_events', format('select dpg.fail_event(%L, %s, %L)', 'all', dpg_test.at(3), 'no')),
  'DP018: insert of dpg.failed_events was suppressed: nothing was written', 'fail_event, the first time'
);
do $body$
begin
  perform dpg.fail_event('all', dpg_test.at(1), 'no', 1), dpg.fail_event('all', dpg_test.at(2), 'no', 1);
  perform dpg.fail_event('all', dpg_test.at(3), 'no');
end
$body$;
select is(
  pg_temp.suppressed('update', 'dpg.failed_events', format('select dpg.fail_event(%L, %s, %L)', 'all', dpg_test.at(3), 'no')),
  'DP018: update of dpg.failed_events was suppressed: nothing was written', 'and later'
);
select is(
  pg_temp.suppressed('update', 'dpg.subscriptions', format('select dpg.fail_event(%L, %s, %L)', 'all', dpg_test.at(3), 'no')),
  'DP018: update of dpg.subscriptions was suppressed: nothing was written', 'the error that fail_event notes'
);
select is(
  pg_temp.suppressed('delete', 'dpg.failed_events', format('select dpg.acknowledge(%L, %s)', 'all', dpg_test.at(3))),
  'DP018: delete of dpg.failed_events was suppressed: nothing was written', 'acknowledge, of what failed before'
);
select is(
  pg_temp.suppressed('update', 'dpg.failed_events', $$select dpg.retry_events('all')$$),
  'DP018: update of dpg.failed_events was suppressed: nothing was written', 'retry_events'
);
do $body$
begin
  perform dpg.retry_events('all');
end
$body$;
select is(
  pg_temp.suppressed('update', 'dpg.failed_events', $$select * from dpg.read_retries('all')$$),
  'DP018: update of dpg.failed_events was suppressed: nothing was written', 'read_retries'
);
select is(
  pg_temp.suppressed('delete', 'dpg.failed_events', format('select dpg.settle_event(%L, %s)', 'all', dpg_test.at(1))),
  'DP018: delete of dpg.failed_events was suppressed: nothing was written', 'settle_event'
);
select is(
  pg_temp.suppressed('delete', 'dpg.failed_events', $$select dpg.drop_subscription('all')$$),
  'DP018: delete of dpg.failed_events was suppressed: nothing was written', 'drop_subscription, what failed'
);
select is(
  pg_temp.suppressed('delete', 'dpg.subscriptions', $$select dpg.drop_subscription('all')$$),
  'DP018: delete of dpg.subscriptions was suppressed: nothing was written', 'drop_subscription'
);
select is(
  (select (s.acknowledged_position, s.leased_until > now(), (select count(*) from dpg.failed_events))::text from dpg.subscriptions s where s.subscription = 'all'),
  '(0,t,3)', 'all is as it was'
);

select * from finish();
rollback;
