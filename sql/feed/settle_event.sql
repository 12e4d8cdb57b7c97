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
  'Strikes an event off dpg.failed_events: it came by read_retries and was dealt with, or an operator has settled it in another way. False when it is not there, or when lease_id, that of the event, has ended and somebody else has the event now: then it stays, and the other settles it. Without lease_id it is struck off in any case. Raises DP001, DP018. Example: select dpg.settle_event(''to student'', 42)';
