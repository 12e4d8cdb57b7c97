create or replace function dpg.release_events(
  subscription text,
  error text default null,
  retry_seconds double precision default 0,
  lease_id uuid default null
)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
  ends_lease boolean;
begin
  retry_seconds := coalesce(retry_seconds, 0);
  perform dpg_private.check_failure(error, retry_seconds);
  reader := dpg_private.lock_subscription(subscription);
  -- A reader whose lease has ended may still report its error, but must not end the lease of the next reader.
  ends_lease := release_events.lease_id is null or release_events.lease_id is not distinct from reader.lease_id;
  update dpg.subscriptions s
  set leased_position = case when not ends_lease then s.leased_position end,
    leased_until = case
      when not ends_lease then s.leased_until
      when retry_seconds > 0 then clock_timestamp() + make_interval(secs => retry_seconds)
    end,
    lease_id = case when not ends_lease then s.lease_id end,
    last_error = coalesce(release_events.error, s.last_error),
    last_error_at = case when release_events.error is null then s.last_error_at else clock_timestamp() end
  where s.subscription = release_events.subscription
  returning s.* into reader;
  if not found then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  return reader;
end
$body$;

comment on function dpg.release_events(text, text, double precision, uuid) is
  'Gives a leased batch back. What is not acknowledged comes again after retry_seconds (0 to 86,400), to the next
reader. Returns the subscription as it is now. error says what went wrong, and dpg.subscription_status shows it: do
not put a secret there.
Pass the lease_id of the batch. If that lease has ended and another reader has the events now, only the error is
noted, and the lease of the other reader stays. Without lease_id, any lease counts as that of the caller.
Raises DP001, DP018.
Example: select dpg.release_events(''to student'', ''connection refused'', 30)';
