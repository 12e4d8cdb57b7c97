create or replace function dpg_private.lock_subscription(subscription text)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions;
begin
  perform dpg_private.check_key('subscription', subscription);
  select s.* into stored from dpg.subscriptions s where s.subscription = lock_subscription.subscription for update;
  if not found then
    perform dpg_private.refuse_subscription(subscription);
  end if;
  return stored;
end
$body$;

comment on function dpg_private.lock_subscription(text) is
  'The subscription of this name under a row lock. Whoever locks failures of a subscription locks it first, and then the failures by position, so that no two wait for one another. Raises DP001 when there is none.';
