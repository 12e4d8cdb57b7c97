create or replace function dpg_private.forget_item_changes(subscription text, "position" bigint)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
as $body$
declare
  own_follower integer;
begin
  select f.follower into own_follower
  from dpg_private.item_followers f
  where f.subscription = forget_item_changes.subscription;
  delete from dpg_private.item_changes c
  where c.follower = own_follower
    and c."position" <= forget_item_changes."position";
end
$body$;

comment on function dpg_private.forget_item_changes(text, bigint) is
  'Deletes the changes that were handed out to a subscription up to this position. For a caller that has locked the
subscription.';

create or replace function dpg.acknowledge(subscription text, "position" bigint, lease_id uuid default null)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
  is_present boolean;
  ends_lease boolean;
  failing bigint[];
begin
  -- check
  perform dpg_private.check_present('position', acknowledge."position" is not null);

  -- lock
  reader := dpg_private.lock_subscription(subscription);

  -- check what the lock has found
  if not acknowledge."position" between 0 and reader.handed_out_position then
    perform dpg_private.refuse_argument(
      'position', to_jsonb(acknowledge."position"), 'was not handed out',
      format(
        'Pass the position of %s returned; the highest was %s.',
        case reader.kind when 'items' then 'a change that read_item_changes' else 'an event that read_events' end,
        reader.handed_out_position
      )
    );
  end if;
  -- A reader whose lease has ended may still move the position, but must not end the lease of the next reader.
  is_present := acknowledge.lease_id is null or acknowledge.lease_id is not distinct from reader.lease_id;
  if acknowledge."position" <= reader.acknowledged_position
    and not (is_present and reader.leased_position is not null)
  then
    return reader.acknowledged_position;
  end if;
  ends_lease := is_present and (reader.leased_position > acknowledge."position") is not true;

  -- change
  update dpg.subscriptions s
  set acknowledged_position = greatest(s.acknowledged_position, acknowledge."position"),
    acknowledged_at = clock_timestamp(),
    leased_position = case when not ends_lease then s.leased_position end,
    leased_until = case when not ends_lease then s.leased_until end,
    lease_id = case when not ends_lease then s.lease_id end
  where s.subscription = acknowledge.subscription;
  if not found then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  if reader.kind = 'items' then
    perform dpg_private.forget_item_changes(subscription, "position");
    return greatest(reader.acknowledged_position, acknowledge."position");
  end if;
  failing := array(
    select f."position"
    from dpg.failed_events f
    where f.subscription = acknowledge.subscription
      and f."position" <= acknowledge."position"
      and f.state = 'failing'
    order by f."position"
    for update
  );
  perform dpg_private.forget_failures(subscription, failing);
  return greatest(reader.acknowledged_position, acknowledge."position");
end
$body$;

comment on function dpg.acknowledge(text, bigint, uuid) is
  'Marks everything up to this position as done. Returns the position up to which everything is done: it moves
forward, never back. When the position is the end of the leased batch, the lease ends and the next batch can be read.
Pass the lease_id of the batch. If that lease has ended and another reader has the events now, the position still
moves forward, and the lease of the other reader stays. Without lease_id, any lease counts as that of the caller.
A position that was not handed out is DP001. Of a subscription to items, changes that were made since a row was handed
out are not acknowledged with it.
Raises DP001, DP018.
Example: select dpg.acknowledge(s.subscription, s.handed_out_position, s.lease_id)
from dpg.subscriptions s
where s.subscription = ''to student''';
