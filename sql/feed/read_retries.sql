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
  positions bigint[];
begin
  max_events := coalesce(max_events, 100);
  lease_seconds := coalesce(lease_seconds, 60);
  perform
    dpg_private.check_batch(max_events, lease_seconds),
    dpg_private.get_subscription(subscription);
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
  update dpg.failed_events f
  set leased_until = clock_timestamp() + make_interval(secs => lease_seconds)
  where f.subscription = read_retries.subscription
    and f."position" = any (positions);
  return query select e.* from dpg_private.events_at(positions) e;
end
$body$;

comment on function dpg.read_retries(text, integer, double precision) is
  'The events that dpg.retry_events revived, in the order of the feed, each leased for lease_seconds to whoever got it. Then dpg.settle_event or dpg.fail_event, or it comes again. Raises DP001, DP010. Example: select e."position" from dpg.read_retries(''to student'') e';
