-- What the functions of the feed refuse, and that nothing is written then.
begin;
select plan(21);

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

-- an action of that number and type, from here or from another instance
create function pg_temp.act(number integer, type text default 'connect', source_url text default null)
returns void
language plpgsql
as $body$
begin
  if source_url is null then
    perform dpg.perform_action(
      'feed asha', type, ('feed test', 'student', 'p', '10000000-0000-4000-8000-000000000001')::dpg.item_ref,
      ('feed test', 'tutor', 'p', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, action_id => pg_temp.id(number)
    );
  else
    perform dpg.receive_action(
      type, ('feed test', 'student', 'p', '10000000-0000-4000-8000-000000000009')::dpg.item_ref, source_url, 'feed asha',
      ('feed test', 'tutor', 'p', '10000000-0000-4000-8000-000000000002')::dpg.item_ref, action_id => pg_temp.id(number)
    );
  end if;
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

-- the code of a refusal; behind it what DP001 says of the argument
create function pg_temp.refusal(statement text)
returns text
language plpgsql
as $body$
declare
  code text;
  hint text;
  detail text;
begin
  execute statement;
  return 'none';
exception
  when others then
    get stacked diagnostics code = returned_sqlstate, hint = pg_exception_hint, detail = pg_exception_detail;
    if code not like 'DP%' then
      return code || ' ' || sqlerrm;
    end if;
    return concat_ws(' ', code, detail::jsonb ->> 'argument', case when hint = '' then 'without a hint' end);
end
$body$;

set local role dpg_app;
do $body$
begin
  perform pg_temp.act(1);
  perform dpg.create_subscription('all', 'feed test', source_item_instance_url => 'https://feed.test');
end
$body$;
select is(
  (select (a is not distinct from b)::text
   from dpg.create_subscription('all', 'feed test', null, 'https://feed.test') a, dpg.subscriptions b where b.subscription = 'all'),
  'true', 'the same subscription again is the one that is there'
);
select is(pg_temp.refusal($$select dpg.create_subscription('all', 'feed test')$$), 'DP008', 'with other filters it is refused');
select is(pg_temp.refusal($$select dpg.create_subscription(' ')$$), 'DP001 subscription', 'a name is a key');
select is(pg_temp.refusal($$select dpg.create_subscription(null)$$), 'DP001 subscription', 'not null');
select is(pg_temp.refusal($$select dpg.create_subscription('x', '')$$), 'DP001 partition_network', 'a network is a key');
select is(pg_temp.refusal($$select dpg.create_subscription('x', null, repeat('x', 121))$$), 'DP001 action_type', 'an action type is a key');
select is(
  pg_temp.refusal($$select dpg.create_subscription('x', null, null, repeat('x', 1025))$$),
  'DP001 source_item_instance_url', 'a URL has 1,024 bytes'
);
select is(pg_temp.refusal($$select dpg.read_events('unknown')$$), 'DP001 subscription', 'read_events: an unknown one');
select is(pg_temp.refusal($$select dpg.read_events('all', 0)$$), 'DP001 max_events', 'no events at all');
select is(pg_temp.refusal($$select dpg.read_events('all', 10001)$$), 'DP001 max_events', 'too many');
select is(pg_temp.refusal($$select dpg.read_events('all', 1, 0)$$), 'DP001 lease_seconds', 'no time at all');
select is(pg_temp.refusal($$select dpg.read_events('all', 1, 'NaN')$$), 'DP001 lease_seconds', 'a lease that is no number');
select is(pg_temp.refusal($$select dpg.acknowledge('unknown', 0)$$), 'DP001 subscription', 'acknowledge: an unknown one');
select is(pg_temp.refusal($$select dpg.acknowledge('all', -1)$$), 'DP001 position', 'a negative position');
select is(pg_temp.refusal($$select dpg.release_events('all', 'x', -1)$$), 'DP001 retry_seconds', 'a pause that is over');
select is(pg_temp.refusal($$select dpg.fail_event('all', 1000000, 'x')$$), 'DP001 position', 'fail_event: one that was not handed out');
select is(pg_temp.refusal($$select dpg.fail_event('all', 1, 'x', 0)$$), 'DP001 max_attempts', 'no attempts at all');
select is(pg_temp.refusal($$select dpg.retry_events('unknown')$$), 'DP001 subscription', 'retry_events: an unknown one');
select is(pg_temp.refusal($$select dpg.drop_subscription('unknown')$$), 'DP001 subscription', 'drop_subscription: an unknown one');
select is(
  pg_temp.refusal($$insert into dpg.subscriptions (subscription) values ('mine')$$),
  '42501 permission denied for table subscriptions', 'the table is written by the functions alone'
);
select is(
  (select (s.handed_out_position, s.last_error is null)::text from dpg.subscriptions s where s.subscription = 'all'),
  '(0,t)', 'nothing was written'
);

select * from finish();
rollback;
