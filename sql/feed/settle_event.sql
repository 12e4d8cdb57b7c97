create or replace function dpg.settle_event(subscription text, "position" bigint, lease_id uuid default null)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
  failed dpg.failed_events;
begin
  perform dpg_private.check_present('position', settle_event."position" is not null);
  reader := dpg_private.lock_subscription(subscription);
  perform dpg_private.check_subscription_kind(reader, 'events', 'dpg.settle_event');
  select f.* into failed
  from dpg.failed_events f
  where f.subscription = settle_event.subscription
    and f."position" = settle_event."position"
  for update;
  if not found
    or (
      settle_event.lease_id is not null
      and settle_event.lease_id is distinct from coalesce(failed.lease_id, reader.lease_id)
    )
  then
    return false;
  end if;
  perform dpg_private.forget_failures(subscription, array[settle_event."position"]);
  return true;
end
$body$;

comment on function dpg.settle_event(text, bigint, uuid) is
  'Takes an event out of dpg.failed_events: a reader got it from read_retries and dealt with it, or an operator has
settled it in another way. Returns false when it is not there.
Pass the lease_id of the event. If that lease has ended and another reader has the event now, the event stays and the
result is false: the other reader settles it. Without lease_id it is taken out in any case.
Raises DP001, DP018.
Example: select dpg.settle_event(f.subscription, f."position", f.lease_id)
from dpg.failed_events f
where f.subscription = ''to student''';
