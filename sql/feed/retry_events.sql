create or replace function dpg.retry_events(subscription text, "position" bigint default null)
returns setof dpg.failed_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  dead bigint[];
  revived integer;
begin
  perform dpg_private.check_subscription_kind(
    dpg_private.lock_subscription(subscription), 'events', 'dpg.retry_events'
  );
  dead := array(
    select f."position"
    from dpg.failed_events f
    where f.subscription = retry_events.subscription
      and f."position" = coalesce(retry_events."position", f."position")
      and f.state = 'dead'
    order by f."position"
    for update
  );
  return query
  update dpg.failed_events f
  set state = 'retrying',
    attempts = 0,
    leased_until = null,
    lease_id = null
  where f.subscription = retry_events.subscription
    and f."position" = any (dead)
  returning f.*;
  get diagnostics revived = row_count;
  if revived < cardinality(dead) then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.failed_events', jsonb_build_object('subscription', subscription)
    );
  end if;
end
$body$;

comment on function dpg.retry_events(text, bigint) is
  'For an operator: revives the dead events of a subscription, all or the one at this position, so that
dpg.read_retries hands them out again. Returns them. An unknown subscription is DP001.
Raises DP001, DP018.
Example: select f."position", f.last_error from dpg.retry_events(''to student'') f';
