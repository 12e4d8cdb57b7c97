-- What a trigger of an application suppresses is DP018: no call says that something was done that was not.
begin;
select plan(17);

insert into public."user" (id, name, email)
values ('feed asha', 'Asha', 'asha@feed.test'), ('feed ravi', 'Ravi', 'ravi@feed.test');

do $body$
begin
  perform dpg.upsert_item(
    'feed asha', 'feed test', 'student', 'p', 'https://feed.test', 's', item_id => '10000000-0000-4000-8000-000000000001'
  );
  perform dpg.upsert_item(
    'feed ravi', 'feed test', 'tutor', 'p', 'https://feed.test', 's', item_id => '10000000-0000-4000-8000-000000000002'
  );
end
$body$;

create function pg_temp.id(number integer)
returns uuid
language sql
as $body$
  select ('20000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid
$body$;

-- an action of that number and type
create function pg_temp.act(number integer, type text default 'connect')
returns void
language plpgsql
as $body$
begin
  perform dpg.perform_action(
    'feed asha', type, ('feed test', 'student', 'p', '10000000-0000-4000-8000-000000000001')::dpg.item_ref,
    ('feed test', 'tutor', 'p', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, action_id => pg_temp.id(number)
  );
end
$body$;

-- what a batch has: the last digit of the action, and the update
create function pg_temp.batch(subscription text, max_events integer default 1000, lease_seconds double precision default 60)
returns text
language sql
as $body$
  select coalesce(string_agg(right(e.action_id::text, 1) || '.' || e.update_count, ' ' order by e."position"), '')
  from dpg.read_events(subscription, max_events, lease_seconds) e
$body$;

-- positions count from where the database is
do $body$
begin
  perform set_config('feed.before', (select (s.last_value - 1 + s.is_called::integer)::text from dpg_private.event_feed_position_seq s), true);
end
$body$;

create function pg_temp.at(number integer)
returns bigint
language sql
as $body$
  select current_setting('feed.before')::bigint + number
$body$;

-- the code, message, hint and detail of a refusal
create function pg_temp.refusal(statement text)
returns text
language plpgsql
as $body$
declare
  code text;
  message text;
  hint text;
  detail text;
begin
  execute statement;
  return 'none';
exception
  when others then
    get stacked diagnostics code = returned_sqlstate, message = message_text, hint = pg_exception_hint, detail = pg_exception_detail;
    return concat_ws(E'\n', code, message, hint, detail);
end
$body$;

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
  said := pg_temp.refusal(statement);
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
  perform pg_temp.act(1), pg_temp.act(2), pg_temp.act(3);
  perform dpg.create_subscription('all', 'feed test');
end
$body$;
select is(
  pg_temp.suppressed('delete', 'dpg_private.event_queue', $$select * from dpg.read_events('all')$$),
  'DP018: delete of dpg_private.event_queue was suppressed: nothing was written', 'placing events: taken from the queue'
);
select is(
  pg_temp.suppressed('insert', 'dpg_private.event_feed', $$select * from dpg.read_events('all')$$),
  'DP018: insert of dpg_private.event_feed was suppressed: nothing was written', 'placing events: put into the feed'
);
select is(
  pg_temp.suppressed('update', 'dpg.subscriptions', $$select * from dpg.read_events('all')$$),
  'DP018: update of dpg.subscriptions was suppressed: nothing was written', 'read_events'
);
-- what was drawn for what was refused leaves gaps
do $body$
begin
  perform set_config('feed.before', (select s.last_value::text from dpg_private.event_feed_position_seq s), true);
end
$body$;
select is(pg_temp.batch('all'), '1.0 2.0 3.0', 'nothing was lost by that');
select is(
  pg_temp.suppressed('update', 'dpg.subscriptions', format('select dpg.acknowledge(%L, %s)', 'all', pg_temp.at(3))),
  'DP018: update of dpg.subscriptions was suppressed: nothing was written', 'acknowledge'
);
select is(
  pg_temp.suppressed('update', 'dpg.subscriptions', $$select dpg.release_events('all')$$),
  'DP018: update of dpg.subscriptions was suppressed: nothing was written', 'release_events'
);
select is(
  pg_temp.suppressed('insert', 'dpg.failed_events', format('select dpg.fail_event(%L, %s, %L)', 'all', pg_temp.at(3), 'no')),
  'DP018: insert of dpg.failed_events was suppressed: nothing was written', 'fail_event, the first time'
);
do $body$
begin
  perform dpg.fail_event('all', pg_temp.at(1), 'no', 1), dpg.fail_event('all', pg_temp.at(2), 'no', 1);
  perform dpg.fail_event('all', pg_temp.at(3), 'no');
end
$body$;
select is(
  pg_temp.suppressed('update', 'dpg.failed_events', format('select dpg.fail_event(%L, %s, %L)', 'all', pg_temp.at(3), 'no')),
  'DP018: update of dpg.failed_events was suppressed: nothing was written', 'and later'
);
select is(
  pg_temp.suppressed('update', 'dpg.subscriptions', format('select dpg.fail_event(%L, %s, %L)', 'all', pg_temp.at(3), 'no')),
  'DP018: update of dpg.subscriptions was suppressed: nothing was written', 'the error that fail_event notes'
);
select is(
  pg_temp.suppressed('delete', 'dpg.failed_events', format('select dpg.acknowledge(%L, %s)', 'all', pg_temp.at(3))),
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
  pg_temp.suppressed('delete', 'dpg.failed_events', format('select dpg.settle_event(%L, %s)', 'all', pg_temp.at(1))),
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
