create or replace function dpg_private.get_subscription(subscription text)
returns dpg.subscriptions
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions;
begin
  perform dpg_private.check_key('subscription', subscription);
  select s.* into stored from dpg.subscriptions s where s.subscription = get_subscription.subscription;
  if not found then
    perform dpg_private.refuse_subscription(subscription);
  end if;
  return stored;
end
$body$;

comment on function dpg_private.get_subscription(text) is
  'The subscription of this name. Raises DP001 when there is none.';
