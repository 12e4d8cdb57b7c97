-- Leases have names: a reader that was late ends no lease of another, and strikes off or counts nothing that another has.
begin;
select plan(34);

select dpg_test.begin_feed();

-- leases by name
create temporary table lease (name text primary key, lease_id uuid);
create function pg_temp.take(name text, subscription text, max_events integer default 1000, lease_seconds double precision default 60)
returns text
language plpgsql
as $body$
declare
  taken text;
  leases uuid[];
begin
  select string_agg(right(e.action_id::text, 1), ' ' order by e."position"), array_agg(distinct e.lease_id)
  into taken, leases
  from dpg.read_events(subscription, max_events, lease_seconds) e;
  insert into lease select take.name, l from unnest(leases) l where cardinality(leases) = 1;
  return coalesce(taken, '');
end
$body$;
create function pg_temp.lease(name text)
returns uuid
language sql
as $body$
  select l.lease_id from lease l where l.name = lease.name
$body$;
create function pg_temp.holder(subscription text)
returns text
language sql
as $body$
  select coalesce((
    select l.name from lease l join dpg.subscriptions s using (lease_id)
    where s.subscription = holder.subscription and s.leased_until > clock_timestamp()
  ), 'nobody')
$body$;
grant select, insert on lease to dpg_app;

set local role dpg_app;
do $body$
begin
  perform dpg_test.act(n) from generate_series(1, 6) n;
  perform dpg.create_subscription('all', 'feed test');
end
$body$;

-- one reader
select is(pg_temp.take('a', 'all', 3), '1 2 3', 'a batch has one lease');
select is(pg_temp.holder('all'), 'a', 'which the subscription has, too');
select is(dpg.acknowledge('all', dpg_test.at(1), pg_temp.lease('a')), dpg_test.at(1), 'a part of the batch is done');
select is(pg_temp.holder('all'), 'a', 'the rest is still leased');
select is(dpg.acknowledge('all', dpg_test.at(3), pg_temp.lease('a')), dpg_test.at(3), 'the end of the batch');
select is((select s.lease_id from dpg.subscriptions s where s.subscription = 'all'), null, 'ends the lease');
select is(pg_temp.take('b', 'all', 1), '4', 'the next');
select is(
  (select (r.lease_id is null and r.leased_until is null)::text from dpg.release_events('all', lease_id => pg_temp.lease('b')) r),
  'true', 'given back by who has it'
);

-- a reader that slept past its lease
select is(pg_temp.take('late', 'all', 2, 0.001), '4 5', 'one with a short lease');
do $body$
begin
  perform pg_sleep(0.01);
end
$body$;
select is(pg_temp.take('present', 'all', 2), '4 5', 'which ended: another reader gets the same events');
select is(dpg.acknowledge('all', dpg_test.at(4), pg_temp.lease('late')), dpg_test.at(4), 'what the late one acknowledges is done');
select is(pg_temp.holder('all'), 'present', 'and the lease stays');
select is(dpg.acknowledge('all', dpg_test.at(5), pg_temp.lease('late')), dpg_test.at(5), 'also when it is all of the batch');
select is(pg_temp.holder('all'), 'present', 'the other may still work on it');
select is(pg_temp.take('x', 'all'), '', 'so nobody gets what comes after it');
select is(
  (select r.last_error from dpg.release_events('all', 'I was late', 60, pg_temp.lease('late')) r), 'I was late',
  'what the late one gives back is nothing; its error is noted'
);
select is(pg_temp.holder('all'), 'present', 'and the lease stays');
select is(
  (select (f.state, f.attempts)::text from dpg.fail_event('all', dpg_test.at(5), 'late', 1, 0, pg_temp.lease('late')) f),
  '(failing,0)', 'its failure is not counted'
);
select is((select count(*) from dpg.failed_events f where f.subscription = 'all'), 0::bigint, 'nor stored');
select is(
  (select (f.state, f.attempts)::text from dpg.fail_event('all', dpg_test.at(5), 'present', 3, 0, pg_temp.lease('present')) f),
  '(failing,1)', 'that of who has the event is'
);
select is(
  (select (f.state, f.attempts, f.last_error)::text from dpg.fail_event('all', dpg_test.at(5), 'late', 1, 0, pg_temp.lease('late')) f),
  '(failing,1,present)', 'the late one is told how it stands'
);
select is(dpg.settle_event('all', dpg_test.at(5), pg_temp.lease('late'))::text, 'false', 'and strikes nothing off');
select is(dpg.acknowledge('all', dpg_test.at(5), pg_temp.lease('present')), dpg_test.at(5), 'the present one is done');
select is(pg_temp.holder('all') || ' ' || pg_temp.take('y', 'all'), 'nobody 6', 'and the next is free');
select is(
  (select (r.leased_until is null)::text from dpg.release_events('all') r), 'true', 'without a lease_id whosever lease it is ends'
);

-- events that are tried again
do $body$
begin
  perform dpg.fail_event('all', dpg_test.at(n), 'no', 1) from generate_series(1, 2) n;
  perform dpg.retry_events('all');
  insert into lease select distinct 'late retry', e.lease_id from dpg.read_retries('all', lease_seconds => 0.001) e;
  perform pg_sleep(0.01);
  insert into lease select distinct 'present retry', e.lease_id from dpg.read_retries('all') e;
end
$body$;
select is((select count(distinct l.lease_id) from lease l where l.name like '%retry'), 2::bigint, 'each call has a lease for all of its events');
select is(
  (select (f.state, f.attempts, f.leased_until > clock_timestamp())::text
   from dpg.fail_event('all', dpg_test.at(1), 'late', 1, 0, pg_temp.lease('late retry')) f),
  '(retrying,0,t)', 'a failure of the late one is not counted, and the event stays with the present one'
);
select is(dpg.settle_event('all', dpg_test.at(1), pg_temp.lease('late retry'))::text, 'false', 'it settles nothing');
select is((select count(*) from dpg.read_retries('all')), 0::bigint, 'nobody else gets the events');
select is(
  (select (f.state, f.attempts, f.lease_id is null)::text
   from dpg.fail_event('all', dpg_test.at(1), 'present', 2, 0, pg_temp.lease('present retry')) f),
  '(retrying,1,t)', 'the present one may fail'
);
select is((select array_agg(e."position") from dpg.read_retries('all') e), array[dpg_test.at(1)], 'then another gets that event');
select is(dpg.settle_event('all', dpg_test.at(2), pg_temp.lease('present retry'))::text, 'true', 'or settle');
select is(dpg.settle_event('all', dpg_test.at(1))::text, 'true', 'an operator settles without a lease');
select is((select count(*) from dpg.failed_events f where f.subscription = 'all'), 0::bigint, 'and nothing is left');

select * from finish();
rollback;
