create or replace function dpg.read_retries(
  subscription text,
  max_events integer default 100,
  lease_seconds double precision default 60
)
returns setof dpg.feed_event
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  lease uuid;
  positions bigint[];
  leased integer;
begin
  -- check
  perform dpg_private.check_transaction('dpg.read_retries');
  max_events := coalesce(max_events, 100);
  lease_seconds := coalesce(lease_seconds, 60);
  perform
    dpg_private.check_batch(max_events, lease_seconds, 'max_events', 'events'),
    dpg_private.check_subscription_kind(
      dpg_private.get_subscription(subscription), 'events', 'dpg.read_retries'
    );

  -- Look first, without a lock, so that a call that finds nothing writes nothing.
  perform f."position"
  from dpg.failed_events f
  where f.subscription = read_retries.subscription
    and f.state = 'retrying'
    and (f.leased_until is null or f.leased_until <= clock_timestamp())
  limit 1;
  if not found then
    return;
  end if;

  -- lock: the subscription first, then its failures by position
  perform s.subscription
  from dpg.subscriptions s
  where s.subscription = read_retries.subscription
  for update skip locked;
  if not found then
    return; -- another reader was faster
  end if;
  positions := array(
    select f."position"
    from dpg.failed_events f
    where f.subscription = read_retries.subscription
      and f.state = 'retrying'
      and (f.leased_until is null or f.leased_until <= clock_timestamp())
    order by f."position"
    limit max_events
    for update skip locked
  );
  if positions = '{}' then
    return;
  end if;

  -- lease
  lease := gen_random_uuid();
  update dpg.failed_events f
  set leased_until = clock_timestamp() + make_interval(secs => lease_seconds),
    lease_id = lease
  where f.subscription = read_retries.subscription
    and f."position" = any (positions);
  get diagnostics leased = row_count;
  if leased < cardinality(positions) then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.failed_events', jsonb_build_object('subscription', subscription)
    );
  end if;
  return query select e.* from dpg_private.find_events_at(positions, lease) e order by e."position";
end
$body$;

comment on function dpg.read_retries(text, integer, double precision) is
  'Returns the events that dpg.retry_events revived, in the order of the feed, max_events (1 to 10,000) at most, and
leases them to the caller for lease_seconds (0.001 to 86,400). Then call dpg.settle_event or dpg.fail_event for each,
with its lease_id; an event without either comes again.
The first check is of the transaction: 25006 on a standby or in a read-only transaction, 25000 in repeatable read and
serializable. Missing events are DP010.
Raises DP001, DP010, DP018.
Example: select e."position" from dpg.read_retries(''to student'') e';
