create or replace function dpg.drop_subscription(subscription text)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions := dpg_private.lock_subscription(subscription);
  failed bigint[];
begin
  failed := array(
    select f."position"
    from dpg.failed_events f
    where f.subscription = drop_subscription.subscription
    order by f."position"
    for update
  );
  perform dpg_private.forget_failures(subscription, failed);
  delete from dpg.subscriptions s where s.subscription = drop_subscription.subscription;
  if not found then
    perform dpg_private.refuse_suppressed(
      'delete', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  return stored;
end
$body$;

comment on function dpg.drop_subscription(text) is
  'Ends a subscription. Forgets how far it was and which events it could not deliver. Returns its last state.
No event is lost: a new subscription of the same name begins at the first event. An unknown name is DP001.
Raises DP001, DP018.
Example: select * from dpg.drop_subscription(''to student'')';
