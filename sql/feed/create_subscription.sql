create or replace function dpg.create_subscription(
  subscription text,
  partition_network text default null,
  action_type text default null,
  source_item_instance_url text default null
)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions;
begin
  perform
    dpg_private.check_key('subscription', subscription),
    dpg_private.check_key_or_none('partition_network', partition_network),
    dpg_private.check_key_or_none('action_type', action_type),
    dpg_private.check_url_or_none('source_item_instance_url', source_item_instance_url);

  select s.* into stored from dpg.subscriptions s where s.subscription = create_subscription.subscription;
  if not found then
    -- Another call may create the same subscription at this moment. The conflict finds that row, and an update that
    -- changes nothing returns it. Under repeatable read this ends in 40001.
    insert into dpg.subscriptions as s (subscription, partition_network, action_type, source_item_instance_url)
    values (
      create_subscription.subscription, create_subscription.partition_network, create_subscription.action_type,
      create_subscription.source_item_instance_url
    )
    on conflict on constraint subscriptions_pkey do update
    set created_at = s.created_at
    returning s.* into stored;
    if not found then
      perform dpg_private.refuse_suppressed(
        'insert', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
      );
    end if;
  end if;
  perform dpg_private.check_same_subscription(
    stored, 'events',
    jsonb_build_array(partition_network, action_type, dpg_private.normalised_url(source_item_instance_url))
  );
  return stored;
end
$body$;

comment on function dpg.create_subscription(text, text, text, text) is
  'Creates a subscription to the events of this instance, from the first one on. Without filters it gets all events.
Each filter narrows them, and filters can be combined: a network (partition_network), an action type (action_type),
an instance (source_item_instance_url: the instance of the action''s source, in any spelling of its URL).
The same call again returns the row as it is now. The same name with other filters, or of a subscription to items, is
DP008.
Raises DP001, DP008, DP018.
Example: select * from dpg.create_subscription(
  ''to student'', source_item_instance_url => ''https://student.example.com''
)';
