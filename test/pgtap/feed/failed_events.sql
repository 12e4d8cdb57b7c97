-- Events that a reader cannot deal with: counted, given up, revived, settled; and what the view says meanwhile.
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
  perform pg_temp.act(1), pg_temp.act(2), pg_temp.act(3);
  perform dpg.create_subscription('all', 'feed test');
end
$body$;
select is(
  (select (s.lag_events, s.lag_seconds > 0, s.is_leased, s.is_dead, s.dead_events, s.last_error)::text from dpg.subscription_status s where s.subscription = 'all'),
  '(3,t,f,f,0,)', 'what nobody has read is behind, also before it has positions'
);
select is(pg_temp.batch('all'), '1.0 2.0 3.0', 'a batch');
select is(
  (select (f.state, f.attempts, f.last_error)::text from dpg.fail_event('all', pg_temp.at(1), 'answer 500', max_attempts => 2) f),
  '(failing,1,"answer 500")', 'a first failure is counted'
);
select is(
  (select (f.state, f.attempts, f.last_error, f.event_id = e.event_id)::text
   from dpg.fail_event('all', pg_temp.at(1), 'answer 501', max_attempts => 2) f, dpg.find_events('feed asha', action_id => pg_temp.id(1)) e),
  '(dead,2,"answer 501",t)', 'after so many it is dead'
);
select is((select f.state from dpg.fail_event('all', pg_temp.at(2), 'no') f), 'failing', 'another fails once');
select is((select dpg.acknowledge('all', pg_temp.at(3))), pg_temp.at(3), 'then all is done');
select results_eq(
  $$select f."position", f.state from dpg.failed_events f where f.subscription = 'all'$$, $$values (pg_temp.at(1), 'dead')$$,
  'what was acknowledged has not failed; the dead stay'
);
select is(
  (select (s.lag_events, s.lag_seconds, s.is_leased, s.dead_events, s.last_error)::text from dpg.subscription_status s where s.subscription = 'all'),
  '(0,0,f,1,no)', 'the view counts them, and keeps the last error'
);
select is((select count(*) from dpg.read_retries('all')), 0::bigint, 'the dead are not tried');
select results_eq(
  $$select f."position", f.state, f.attempts from dpg.retry_events('all') f$$, $$values (pg_temp.at(1), 'retrying', 0)$$,
  'unless an operator wants it'
);
select is((select count(*) from dpg.retry_events('all')), 0::bigint, 'once');
select results_eq(
  $$select e."position", e.action_id from dpg.read_retries('all') e$$, $$values (pg_temp.at(1), pg_temp.id(1))$$, 'then it comes by itself'
);
select is((select count(*) from dpg.read_retries('all')), 0::bigint, 'to one reader');
select is(
  (select (f.state, f.attempts, f.leased_until > now())::text from dpg.fail_event('all', pg_temp.at(1), 'again', 2, 30) f),
  '(retrying,1,t)', 'and again after a pause'
);
select is((select (f.state, f.attempts)::text from dpg.fail_event('all', pg_temp.at(1), 'again', 2) f), '(dead,2)', 'or is dead again');
select is(
  (select dpg.settle_event('all', pg_temp.at(1))::text || dpg.settle_event('all', pg_temp.at(1))::text), 'truefalse', 'what was settled is struck off'
);

-- nobody has come for more than an hour
reset role;
do $body$
begin
  perform pg_temp.act(4);
  perform dpg_private.place_events();
  update dpg_private.event_feed f set created_at = now() - interval '2 hours' where f."position" = pg_temp.at(4);
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
