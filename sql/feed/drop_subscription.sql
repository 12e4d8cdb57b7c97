create or replace function dpg.drop_subscription(subscription text)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions := dpg_private.lock_subscription(subscription);
begin
  delete from dpg.failed_events f where f.subscription = drop_subscription.subscription;
  delete from dpg.subscriptions s where s.subscription = drop_subscription.subscription;
  return stored;
end
$body$;

comment on function dpg.drop_subscription(text) is
  'Ends a subscription and forgets how far it was and what it could not deliver; returns its last state. No event is lost: one of the same name would begin at the first event. Raises DP001 for an unknown one. Example: select * from dpg.drop_subscription(''to student'')';
