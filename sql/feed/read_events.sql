create or replace function dpg_private.find_next_positions(reader dpg.subscriptions, max_events integer)
returns bigint[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  positions bigint[];
begin
  -- The statement has only the filters that the subscription has, so that the planner can choose the right index. The
  -- streams are found in the same statement: an event of a stream that came up meanwhile must not be passed over.
  execute format(
    case
      when reader.source_item_instance_url is not null then
        -- few streams, each with an index in the order of the feed
        'select array(
           select f."position"
           from dpg_private.feed_streams s
           cross join lateral (
             select f."position"
             from dpg_private.feed_positions f
             where f.stream = s.stream
               and f."position" > $1
             order by f."position"
             limit $2
           ) f
           where %s
           order by f."position"
           limit $2
         )'
      when num_nonnulls(reader.partition_network, reader.action_type) > 0 then
        'select array(
           select f."position"
           from dpg_private.feed_positions f
           join dpg_private.feed_streams s on s.stream = f.stream
           where f."position" > $1
             and %s
           order by f."position"
           limit $2
         )'
      else
        'select array(
           select f."position"
           from dpg_private.feed_positions f
           where f."position" > $1
           order by f."position"
           limit $2
         )'
    end,
    concat_ws(
      ' and ',
      case
        when reader.source_item_instance_url is not null
          then 'dpg_private.normalised_url(s.source_item_instance_url) = $3'
      end,
      case when reader.partition_network is not null then 's.partition_network = $4' end,
      case when reader.action_type is not null then 's.action_type = $5' end
    )
  )
  into positions
  using greatest(reader.acknowledged_position, reader.passed_position), max_events,
    dpg_private.normalised_url(reader.source_item_instance_url), reader.partition_network, reader.action_type;
  return positions;
end
$body$;

comment on function dpg_private.find_next_positions(dpg.subscriptions, integer) is
  'The next positions for a subscription, in order: not acknowledged, and committed by now.';

create or replace function dpg.read_events(
  subscription text,
  max_events integer default 1000,
  lease_seconds double precision default 60
)
returns setof dpg.feed_event
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  seen dpg.subscriptions;
  reader dpg.subscriptions;
  feed_end bigint;
  positions bigint[];
  lease uuid;
begin
  -- check
  perform dpg_private.check_transaction('dpg.read_events');
  max_events := coalesce(max_events, 1000);
  lease_seconds := coalesce(lease_seconds, 60);
  perform dpg_private.check_batch(max_events, lease_seconds, 'max_events', 'events');
  seen := dpg_private.get_subscription(subscription);
  perform dpg_private.check_subscription_kind(seen, 'events', 'dpg.read_events');
  if seen.leased_until > clock_timestamp() then
    return;
  end if;

  -- Look first, without a lock, so that a reader at the end of the feed writes nothing. Events are placed only when
  -- those that have positions do not fill the batch.
  reader := seen;
  loop
    select max(f."position") into feed_end from dpg_private.feed_positions f;
    positions := dpg_private.find_next_positions(reader, max_events);
    if positions = '{}' then
      reader.passed_position := greatest(reader.passed_position, feed_end);
    end if;
    exit when cardinality(positions) = max_events or not dpg_private.place_events();
  end loop;
  if positions = '{}' and reader.passed_position - seen.passed_position < 1000 then
    return;
  end if;

  -- lock
  select s.* into reader
  from dpg.subscriptions s
  where s.subscription = read_events.subscription
  for update skip locked;
  if not found or reader.leased_until > clock_timestamp() then
    return; -- another reader was faster
  end if;
  -- The subscription may have changed since the look without a lock.
  if row(reader.created_at, reader.acknowledged_position, reader.passed_position)
    is distinct from row(seen.created_at, seen.acknowledged_position, seen.passed_position)
  then
    positions := dpg_private.find_next_positions(reader, max_events);
  elsif positions = '{}' then
    update dpg.subscriptions s
    set passed_position = feed_end
    where s.subscription = read_events.subscription;
    if not found then
      perform dpg_private.refuse_suppressed(
        'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
      );
    end if;
  end if;
  if positions = '{}' then
    return;
  end if;

  -- lease
  lease := gen_random_uuid();
  update dpg.subscriptions s
  set leased_position = positions[cardinality(positions)],
    leased_until = clock_timestamp() + make_interval(secs => lease_seconds),
    leased_at = clock_timestamp(),
    lease_id = lease,
    handed_out_position = greatest(s.handed_out_position, positions[cardinality(positions)])
  where s.subscription = read_events.subscription;
  if not found then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  return query select e.* from dpg_private.find_events_at(positions, lease) e order by e."position";
end
$body$;

comment on function dpg.read_events(text, integer, double precision) is
  'Returns the next events of a subscription in the order of the feed, max_events (1 to 10,000) at most, and leases them
for lease_seconds (0.001 to 86,400): meanwhile no other call gets events of this subscription. No rows: there is
nothing now, or another reader works on it.
Events that are not acknowledged in that time come again, so each event is delivered at least once. A reader that stores
the position together with what it did with the event applies each event exactly once.
All rows have one lease_id. Pass it to acknowledge, release_events and fail_event, so that a late reader does not end
the lease of the next one.
Call it in a transaction of its own and end that at once: until then nobody else can lease events of this
subscription, and nobody else can put new events into the feed.
The first check is of the transaction: 25006 on a standby or in a read-only transaction, 25000 in repeatable read and
serializable. Missing events are DP010.
Raises DP001, DP010, DP018.
Example: select e."position", e.action_status, e.event_payload from dpg.read_events(''to student'', 100) e';
