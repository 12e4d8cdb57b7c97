create or replace function dpg.settle_event(subscription text, "position" bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_present('position', settle_event."position" is not null),
    dpg_private.get_subscription(subscription);
  delete from dpg.failed_events f
  where f.subscription = settle_event.subscription
    and f."position" = settle_event."position";
  return found;
end
$body$;

comment on function dpg.settle_event(text, bigint) is
  'Strikes an event off dpg.failed_events: it came by read_retries and was dealt with, or an operator has settled it in another way. False when it is not there. Raises DP001. Example: select dpg.settle_event(''to student'', 42)';
