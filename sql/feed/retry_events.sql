create or replace function dpg.retry_events(subscription text, "position" bigint default null)
returns setof dpg.failed_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.get_subscription(subscription);
  return query
  update dpg.failed_events f
  set state = 'retrying',
    attempts = 0,
    leased_until = null
  where f.subscription = retry_events.subscription
    and f."position" = coalesce(retry_events."position", f."position")
    and f.state = 'dead'
  returning f.*;
end
$body$;

comment on function dpg.retry_events(text, bigint) is
  'For an operator: has the dead events of a subscription tried again, all or the one at this position, and returns them. Raises DP001 for an unknown subscription. Example: select f."position", f.last_error from dpg.retry_events(''to student'') f';
