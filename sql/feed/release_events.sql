create or replace function dpg.release_events(
  subscription text,
  error text default null,
  retry_seconds double precision default 0
)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
begin
  retry_seconds := coalesce(retry_seconds, 0);
  perform dpg_private.check_failure(error, retry_seconds);
  reader := dpg_private.lock_subscription(subscription);
  update dpg.subscriptions s
  set leased_position = null,
    leased_until = case when retry_seconds > 0 then clock_timestamp() + make_interval(secs => retry_seconds) end,
    last_error = coalesce(release_events.error, s.last_error),
    last_error_at = case when release_events.error is null then s.last_error_at else clock_timestamp() end
  where s.subscription = release_events.subscription
  returning s.* into reader;
  return reader;
end
$body$;

comment on function dpg.release_events(text, text, double precision) is
  'Gives a leased batch back: what is not acknowledged comes again after retry_seconds (0 to 86,400), to whoever reads then. With error, what went wrong, which dpg.subscription_status shows; put no secret there. Raises DP001. Example: select dpg.release_events(''to student'', ''connection refused'', 30)';
