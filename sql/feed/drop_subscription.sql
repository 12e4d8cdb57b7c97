create or replace function dpg_private.drop_follower(stored dpg.subscriptions)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  dropped integer;
begin
  delete from dpg_private.item_followers f
  where f.subscription = stored.subscription
  returning f.follower into dropped;
  perform dpg_private.follow_leaves(stored.subscription, stored.item_network, stored.item_domain);
  -- nobody writes for it any more: whoever did has ended, and the triggers are others now
  delete from dpg_private.changed_items c where c.follower = dropped;
  delete from dpg_private.item_changes c where c.follower = dropped;
end
$body$;

comment on function dpg_private.drop_follower(dpg.subscriptions) is
  'Lets no trigger note changes for a subscription any more, and forgets those that wait. Waits for whoever is writing
in its leaves. For a caller that has the lock of dpg_private.take_following_turn, and of the subscription.
Raises DP010.';

create or replace function dpg.drop_subscription(subscription text)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions;
  failed bigint[];
begin
  -- lock. For items whoever creates leaves first, as dpg.create_item_subscription does.
  stored := dpg_private.get_subscription(subscription);
  if stored.kind = 'items' then
    perform
      dpg_private.check_transaction('dpg.drop_subscription'),
      dpg_private.take_following_turn(subscription);
  end if;
  stored := dpg_private.lock_subscription(subscription);

  -- change
  if stored.kind = 'items' then
    perform dpg_private.drop_follower(stored);
  end if;
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
A subscription to items forgets the changes that wait for it: a new one begins with later changes. The call waits for
the writers that are under way in its domains, and they wait for it until its transaction ends; it cannot run in
repeatable read or serializable (25000).
Raises DP001, DP010, DP018.
Example: select * from dpg.drop_subscription(''to student'')';
