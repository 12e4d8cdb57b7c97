create or replace function dpg.create_item_subscription(
  subscription text,
  item_network text default null,
  item_domain text default null,
  item_type text default null
)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions;
  is_there boolean;
begin
  -- check
  perform
    dpg_private.check_transaction('dpg.create_item_subscription'),
    dpg_private.check_key('subscription', subscription),
    dpg_private.check_key_or_none('item_network', item_network),
    dpg_private.check_key_or_none('item_domain', item_domain),
    dpg_private.check_key_or_none('item_type', item_type);

  -- look: the same again, as an application says it at each start, locks nothing
  select s.* into stored from dpg.subscriptions s where s.subscription = create_item_subscription.subscription;
  is_there := found;
  if not is_there or exists (select from dpg_private.find_leaves_to_follow(item_network, item_domain)) then
    -- lock
    perform dpg_private.take_following_turn(subscription);

    -- change
    insert into dpg.subscriptions as s (subscription, kind, item_network, item_domain, item_type)
    values (
      create_item_subscription.subscription, 'items', create_item_subscription.item_network,
      create_item_subscription.item_domain, create_item_subscription.item_type
    )
    on conflict on constraint subscriptions_pkey do update
    set created_at = s.created_at
    returning s.* into stored;
    if not found then
      perform dpg_private.refuse_suppressed(
        'insert', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
      );
    end if;
    perform dpg_private.check_same_subscription(
      stored, 'items', jsonb_build_array(item_network, item_domain, item_type)
    );
    insert into dpg_private.item_followers (subscription, home)
    values (create_item_subscription.subscription, dpg_private.database_identity())
    on conflict on constraint item_followers_subscription_key do nothing;
    -- Writers under way are waited for: they began without the trigger.
    perform dpg_private.follow_leaves(subscription, item_network, item_domain);
  end if;
  perform dpg_private.check_same_subscription(
    stored, 'items', jsonb_build_array(item_network, item_domain, item_type)
  );
  return stored;
end
$body$;

comment on function dpg.create_item_subscription(text, text, text, text) is
  'Creates a subscription to the changes of items on this instance: of all, or of a network, a domain, a type; filters
can be combined. Read it with dpg.read_item_changes. It gets every change that is committed after this call has
returned, by whomever it is made, but those that logical replication applies. Copy what is there afterwards, by
dpg.find_items with any_status.
The call waits for the writers that are under way in these domains, and they wait for it until its transaction ends: so
call it in a transaction of its own. Reads do not wait. Each later change of an item there notes the item, and
it does so until dpg.drop_subscription.
The same call again returns the row as it is now. The same name with other filters, or of a subscription to events, is
DP008. The first check is of the transaction: 25006 in a read-only one, 25000 in repeatable read and serializable.
Raises DP001, DP008, DP010, DP018.
Example: select s.subscription, s.kind from dpg.create_item_subscription(''index'', ''yellow_dot'') s';
