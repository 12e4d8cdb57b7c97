-- The feed of a subscription: what is in it, in which order, leased to one reader, from the first event on.
begin;
select plan(22);

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
  perform pg_temp.act(2, 'visit');
  perform dpg.transition_action('feed ravi', 'feed test', 'connect', pg_temp.id(1), 'accepted');
  perform pg_temp.act(3, 'connect', 'https://far.feed.test');
  begin
    perform pg_temp.act(4);
    raise exception 'changed my mind';
  exception
    when raise_exception then
      null;
  end;
  perform dpg.transition_action('feed asha', 'feed test', 'connect', pg_temp.id(1), 'done', event_id => pg_temp.id(7));
  perform dpg.transition_action('feed asha', 'feed test', 'connect', pg_temp.id(1), 'done', event_id => pg_temp.id(7));
  -- mirrored: not in the feed of this instance
  perform dpg.store_event(jsonb_build_object(
    'partition_network', 'feed test', 'action_type', 'connect', 'event_id', pg_temp.id(8),
    'origin_instance_domain', 'https://far.feed.test', 'action_id', pg_temp.id(9), 'action_status', 'created', 'update_count', 0,
    'source_item_network', 'feed test', 'source_item_domain', 'student', 'source_item_type', 'p',
    'source_item_id', '10000000-0000-4000-8000-000000000001', 'source_item_instance_url', 'https://feed.test',
    'source_item_owner', 'feed asha', 'target_item_network', 'feed test', 'target_item_domain', 'tutor',
    'target_item_type', 'p', 'target_item_id', pg_temp.id(9), 'target_item_instance_url', 'https://far.feed.test',
    'target_item_owner', 'feed ravi', 'event_payload', '{}'::jsonb, 'created_at', '2026-01-01T00:00:00Z'
  ));
end
$body$;

select is(
  (select (s.subscription, s.acknowledged_position, s.leased_until is null)::text from dpg.create_subscription('all', 'feed test') s),
  '(all,0,t)', 'a subscription stands before the first event'
);
select is(pg_temp.batch('all'), '1.0 2.0 1.1 3.0 1.2', 'every event of this instance, once, in the order of making; no mirrored one');
select is(pg_temp.batch('all'), '', 'while the batch is leased nobody gets events');
select results_eq(
  $$select e."position" from dpg.create_subscription('copy', 'feed test') s, dpg.read_events(s.subscription) e$$,
  $$select pg_temp.at(n) from generate_series(1, 5) n$$,
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
  (select dpg.acknowledge('all', pg_temp.at(3))), pg_temp.at(3), 'acknowledge says up to where everything is done'
);
select is(pg_temp.batch('all'), '', 'the rest of the batch is still leased');
select is((select dpg.acknowledge('all', pg_temp.at(2))), pg_temp.at(3), 'it never moves back');
select is(pg_temp.refusal($$select dpg.acknowledge('all', pg_temp.at(6))$$), 'DP001 position', 'nor beyond what was handed out');
select is(pg_temp.refusal($$select dpg.acknowledge('all', null)$$), 'DP001 position', 'null is no position');
select is((select dpg.acknowledge('all', pg_temp.at(5))), pg_temp.at(5), 'the end of the batch');
select is(pg_temp.batch('all'), '', 'nothing is left');
select is(
  (select s.leased_until from dpg.subscriptions s where s.subscription = 'all'), null, 'and nothing leased'
);

-- a lease that ends
do $body$
begin
  perform pg_temp.act(5);
  perform pg_temp.batch('all', 1, 0.01);
  perform pg_sleep(0.02);
end
$body$;
select is(pg_temp.batch('all', 1), '5.0', 'not acknowledged in time, it comes again');
select is(
  (select (r.leased_until is null)::text from dpg.release_events('all', 'no luck') r), 'true', 'a batch can be given back'
);
select is(pg_temp.batch('all'), '5.0', 'and comes at once');
select is(
  (select (r.last_error, r.leased_until > now())::text from dpg.release_events('all', 'no luck again', 60) r),
  '("no luck again",t)', 'or after a pause'
);
select is(pg_temp.batch('all'), '', 'in which nobody gets it');

-- filters
select is(
  (select pg_temp.batch(s.subscription)
   from dpg.create_subscription('filtered', 'feed test', 'connect', 'https://far.feed.test') s),
  '3.0', 'only what matches the filters'
);
select is(
  (select pg_temp.batch(s.subscription) from dpg.create_subscription('none', 'other network') s), '', 'which may be nothing'
);
select results_eq(
  $$select p.instance_url from dpg.peers p where p.instance_url like '%feed.test'$$, $$values ('https://far.feed.test')$$, 'a peer is who there are events for'
);
select is(
  (select s.subscription from dpg.drop_subscription('all') s)
    || pg_temp.refusal($$select dpg.read_events('all')$$),
  'allDP001 subscription', 'a dropped one is gone'
);

select * from finish();
rollback;
