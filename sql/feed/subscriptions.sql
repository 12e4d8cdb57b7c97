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

-- In databases of before 0.2.0. ACCESS EXCLUSIVE on this small table, and no row is written.
alter table dpg.subscriptions
add column if not exists kind text not null default 'events'
constraint subscriptions_kind_check check (kind in ('events', 'items')),
add column if not exists item_network text,
add column if not exists item_domain text,
add column if not exists item_type text;

comment on table dpg.subscriptions is
  'Who reads the feed of events or of items, and how far. Written by dpg.create_subscription, create_item_subscription,
read_events, read_item_changes, acknowledge, release_events, fail_event and drop_subscription.
dpg.subscription_status says how far behind each is.';
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
  'Events up to here are acknowledged or do not match the filters, so a search can begin after them. Of a
subscription to items always 0.';
comment on column dpg.subscriptions.created_at is 'When the subscription was created.';
comment on column dpg.subscriptions.leased_at is 'When a batch was last handed out.';
comment on column dpg.subscriptions.acknowledged_at is 'When acknowledged_position last moved.';
comment on column dpg.subscriptions.last_error is
  'The last error that a reader reported. It stays when things go well again.';
comment on column dpg.subscriptions.last_error_at is 'When it was reported.';
comment on column dpg.subscriptions.lease_id is
  'Names the lease of the batch that was handed out last; null when that is acknowledged to its end or given back.
A reader whose lease has another name cannot end this one.';
comment on column dpg.subscriptions.kind is
  'What it gets: events (dpg.read_events) or items (dpg.read_item_changes). The positions of each subscription to items
are its own.';
comment on column dpg.subscriptions.item_network is 'Of items: only those of this network; all when null.';
comment on column dpg.subscriptions.item_domain is 'Of items: only those of this domain; all when null.';
comment on column dpg.subscriptions.item_type is 'Of items: only those of this type; all when null.';
comment on constraint subscriptions_kind_check on dpg.subscriptions is 'The kinds that there are.';
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
    'subscription', to_jsonb(subscription), 'is no subscription',
    'Make it first with dpg.create_subscription, or with dpg.create_item_subscription.'
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

create or replace function dpg_private.check_subscription_kind(reader dpg.subscriptions, kind text, called text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if reader.kind <> check_subscription_kind.kind then
    perform dpg_private.refuse_argument(
      'subscription', to_jsonb(reader.subscription), format('is a subscription to %s, not to %s', reader.kind, kind),
      case
        when kind = 'items' then 'Read it with dpg.read_events.'
        when called = 'dpg.read_events' then 'Read it with dpg.read_item_changes.'
        else format('%s is for events. A batch of items that a reader cannot deal with is given back with '
          'dpg.release_events and the error, or passed over with dpg.acknowledge: an item that changes again comes '
          'again.', called)
      end
    );
  end if;
end
$body$;

comment on function dpg_private.check_subscription_kind(dpg.subscriptions, text, text) is
  'Raises DP001 unless the subscription is of this kind: what called, a function of dpg, is for.';

create or replace function dpg_private.check_same_subscription(stored dpg.subscriptions, kind text, filters jsonb)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if stored.kind is distinct from check_same_subscription.kind
    or filters is distinct from (
      case kind
        when 'items' then jsonb_build_array(stored.item_network, stored.item_domain, stored.item_type)
        else jsonb_build_array(
          stored.partition_network, stored.action_type, dpg_private.normalised_url(stored.source_item_instance_url)
        )
      end
    )
  then
    raise exception using
      errcode = 'DP008',
      message = dpg_private.text_for_client(format(
        'subscription %L is there already, %s', stored.subscription,
        case when stored.kind = kind then 'with other filters' else 'to ' || stored.kind end
      )),
      hint = 'Give another subscription another name, or drop this one first: dpg.drop_subscription.',
      detail = dpg_private.text_for_client((
        jsonb_build_object('subscription', stored.subscription)
        || case
          when stored.kind = kind then '{}'
          else jsonb_build_object('kind', stored.kind)
        end
        || case stored.kind
          when 'items' then jsonb_build_object(
            'item_network', stored.item_network, 'item_domain', stored.item_domain, 'item_type', stored.item_type
          )
          else jsonb_build_object(
            'partition_network', stored.partition_network, 'action_type', stored.action_type,
            'source_item_instance_url', stored.source_item_instance_url
          )
        end
      )::text);
  end if;
end
$body$;

comment on function dpg_private.check_same_subscription(dpg.subscriptions, text, jsonb) is
  'Raises DP008 unless the stored subscription is of this kind and has these filters, an array in the order of the
columns.';
