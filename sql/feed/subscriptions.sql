create table if not exists dpg.subscriptions (
  subscription text not null,
  partition_network text,
  action_type text,
  source_item_instance_url text,
  acknowledged_position bigint not null default 0,
  leased_position bigint,
  leased_until timestamptz,
  handed_out_position bigint not null default 0,
  passed_position bigint not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  leased_at timestamptz,
  acknowledged_at timestamptz,
  last_error text,
  last_error_at timestamptz,
  lease_id uuid,
  constraint subscriptions_pkey primary key (subscription),
  constraint subscriptions_order_check check (
    acknowledged_position >= 0
    and acknowledged_position <= handed_out_position
    and leased_position <= handed_out_position
  )
)
with (fillfactor = 50); -- rows change often: the page has room for the new versions

comment on table dpg.subscriptions is
  'Who reads the feed of events, and how far. Written by dpg.create_subscription, read_events, acknowledge,
release_events, fail_event and drop_subscription. dpg.subscription_status says how far behind each is.';
comment on column dpg.subscriptions.subscription is 'Name of the subscription, a key.';
comment on column dpg.subscriptions.partition_network is 'Only events of this network; all when null.';
comment on column dpg.subscriptions.action_type is 'Only events of this action type; all when null.';
comment on column dpg.subscriptions.source_item_instance_url is
  'Only events for this instance, that of the action''s source, in any spelling of its URL; all when null.';
comment on column dpg.subscriptions.acknowledged_position is 'Everything up to here is done.';
comment on column dpg.subscriptions.leased_position is
  'Last position of the batch that a reader works on; null when there is none.';
comment on column dpg.subscriptions.leased_until is
  'Until then nobody else gets events: a reader works on a batch, or the batch waits for its next try. Null when the
next batch can be read.';
comment on column dpg.subscriptions.handed_out_position is
  'The highest position that was ever handed out. No position beyond it can be acknowledged.';
comment on column dpg.subscriptions.passed_position is
  'Events up to here are acknowledged or do not match the filters, so a search can begin after them.';
comment on column dpg.subscriptions.created_at is 'When the subscription was created.';
comment on column dpg.subscriptions.leased_at is 'When a batch was last handed out.';
comment on column dpg.subscriptions.acknowledged_at is 'When acknowledged_position last moved.';
comment on column dpg.subscriptions.last_error is
  'The last error that a reader reported. It stays when things go well again.';
comment on column dpg.subscriptions.last_error_at is 'When it was reported.';
comment on column dpg.subscriptions.lease_id is
  'Names the lease of the batch that was handed out last; null when that is acknowledged to its end or given back.
A reader whose lease has another name cannot end this one.';
comment on constraint subscriptions_pkey on dpg.subscriptions is 'One subscription of each name.';
comment on constraint subscriptions_order_check on dpg.subscriptions is
  'Only what was handed out is acknowledged or leased.';
comment on index dpg.subscriptions_pkey is 'For each call that names a subscription.';

create or replace function dpg_private.refuse_subscription(subscription text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.refuse_argument(
    'subscription', to_jsonb(subscription), 'is no subscription', 'Make it first with dpg.create_subscription.'
  );
end
$body$;

comment on function dpg_private.refuse_subscription(text) is
  'Raises DP001 for a name that no subscription has.';

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
  'The subscription of this name under a row lock. A call that locks failures of a subscription locks the subscription
first, and then the failures by position, so that no two calls wait for one another. Raises DP001 when there is none.';
