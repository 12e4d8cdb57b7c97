create or replace view dpg.subscription_status as
select
  s.subscription,
  s.partition_network,
  s.action_type,
  s.source_item_instance_url,
  s.acknowledged_position,
  lag.lag_events,
  coalesce(extract(epoch from clock_timestamp() - lag.oldest_at), 0)::double precision as lag_seconds,
  -- A standby may be hours behind: what was read on the primary since then it does not know.
  case
    when not pg_is_in_recovery() then coalesce(s.leased_until > clock_timestamp(), false)
  end as is_leased,
  -- Nobody has read or acknowledged for an hour, and there was something to read for as long.
  case
    when not pg_is_in_recovery() then coalesce(
      greatest(s.created_at, s.leased_at, s.acknowledged_at, lag.oldest_at) < clock_timestamp() - interval '1 hour',
      false
    )
    and lag.lag_events > 0
  end as is_dead,
  (select count(*) from dpg.failed_events f where f.subscription = s.subscription and f.state = 'dead') as dead_events,
  s.last_error,
  s.last_error_at,
  holder.pid as held_back_by_pid,
  holder.reason as held_back_by,
  extract(epoch from clock_timestamp() - holder.since)::double precision as held_back_seconds,
  s.kind,
  s.item_network,
  s.item_domain,
  s.item_type
from dpg.subscriptions s
cross join lateral (
  select count(*) as lag_events, min(l.created_at) as oldest_at
  -- The filters are written twice. Written once, around the union, counting takes 1.1 (PostgreSQL 15) to 1.2 times
  -- (PostgreSQL 18) as long.
  from (
    select f.created_at
    from dpg_private.feed_positions f
    join dpg_private.feed_streams t on t.stream = f.stream
    where s.kind = 'events'
      and f."position" > greatest(s.acknowledged_position, s.passed_position)
      and (
        s.source_item_instance_url is null
        or t.source_item_instance_url = s.source_item_instance_url
        or dpg_private.normalised_url(t.source_item_instance_url)
          = dpg_private.normalised_url(s.source_item_instance_url)
      )
      and (s.partition_network is null or t.partition_network = s.partition_network)
      and (s.action_type is null or t.action_type = s.action_type)
    union all
    select q.created_at
    from dpg_private.event_queue q
    where s.kind = 'events'
      and (
        s.source_item_instance_url is null
        or q.source_item_instance_url = s.source_item_instance_url
        or dpg_private.normalised_url(q.source_item_instance_url)
          = dpg_private.normalised_url(s.source_item_instance_url)
      )
      and (s.partition_network is null or q.partition_network = s.partition_network)
      and (s.action_type is null or q.action_type = s.action_type)
    union all
    select c.changed_at
    from dpg_private.item_followers f
    join dpg_private.changed_items c on c.follower = f.follower and c.seq > f.swept_seq
    where f.subscription = s.subscription
    union all
    select c.changed_at
    from dpg_private.item_followers f
    join dpg_private.item_changes c on c.follower = f.follower
    where f.subscription = s.subscription
  ) l
) lag
left join lateral (
  select l.pid, a.xact_start as since,
    case
      when l.relation = 'dpg_private.feed_turn'::regclass then 'it places events and has not ended: nobody else can'
      when l.relation = 'dpg.subscriptions'::regclass then 'it has read or acknowledged and has not ended'
      when l.relation = 'dpg_private.changed_items'::regclass
        then 'it has changed items and has not committed: they come when it does'
      else 'it has made events and has not committed: they come when it does'
    end as reason
  from pg_locks l
  left join pg_stat_activity a on a.pid = l.pid
  where l.granted
    -- the locks of the primary are not seen on a standby, and its own hold back nobody
    and not pg_is_in_recovery()
    and l.pid <> pg_backend_pid()
    and l.database = (select d.oid from pg_database d where d.datname = current_database())
    and l.locktype = 'relation'
    and (
      -- the lock of dpg_private.place_events
      (
        s.kind = 'events' and l.mode = 'ShareUpdateExclusiveLock' and l.relation = 'dpg_private.feed_turn'::regclass
      )
      or (
        l.mode = 'RowExclusiveLock'
        and l.relation in (
          'dpg.subscriptions'::regclass,
          case s.kind
            when 'items' then 'dpg_private.changed_items'::regclass
            else 'dpg_private.event_queue'::regclass
          end
        )
      )
    )
  order by
    l.relation = 'dpg_private.feed_turn'::regclass desc,
    l.relation = 'dpg.subscriptions'::regclass desc,
    a.xact_start
  limit 1
) holder on true;

comment on view dpg.subscription_status is
  'How far behind each subscription is, to events and to items, and why. Counting takes time in proportion to the lag.
Times and locks are always as of now, so ask under read committed, where rows are as of now as well. In an older
snapshot is_leased, is_dead and held_back_by do not belong to the rows beside them. On a standby it tells what that has
replayed: lag_events and lag_seconds may be off by as much as the standby is behind. What only the primary knows is null
there: is_leased, is_dead, held_back_by_pid, held_back_by and held_back_seconds, which say nothing on a standby.';
comment on column dpg.subscription_status.subscription is 'Name of the subscription.';
comment on column dpg.subscription_status.partition_network is 'Its filter.';
comment on column dpg.subscription_status.action_type is 'Its filter.';
comment on column dpg.subscription_status.source_item_instance_url is 'Its filter.';
comment on column dpg.subscription_status.acknowledged_position is 'Everything up to here is done.';
comment on column dpg.subscription_status.lag_events is
  'How many events, or changed items, are not acknowledged. Dead events do not count.';
comment on column dpg.subscription_status.lag_seconds is
  'Age of the oldest of these in seconds; 0 when there is none.';
comment on column dpg.subscription_status.is_leased is
  'Whether a reader works on a batch, or the batch waits for its next try; null on a standby, which does not know.';
comment on column dpg.subscription_status.is_dead is
  'Whether nobody has read or acknowledged for an hour although there was something to read: its reader is gone.
Nothing is lost. Drop the subscription if no reader will come back. Null on a standby, which does not know.';
comment on column dpg.subscription_status.dead_events is
  'How many events were given up: rows of dpg.failed_events that dpg.retry_events can revive.';
comment on column dpg.subscription_status.last_error is 'The last error that a reader has reported.';
comment on column dpg.subscription_status.last_error_at is 'When.';
comment on column dpg.subscription_status.held_back_by_pid is
  'The server process whose open transaction holds back the feed or the subscription; null when there is none, and on a
standby.';
comment on column dpg.subscription_status.held_back_by is 'How that transaction holds it back.';
comment on column dpg.subscription_status.held_back_seconds is
  'Age of that transaction in seconds; null when the role of this session may not see it (pg_read_all_stats may).';
comment on column dpg.subscription_status.kind is 'What it gets: events or items.';
comment on column dpg.subscription_status.item_network is 'Its filter.';
comment on column dpg.subscription_status.item_domain is 'Its filter.';
comment on column dpg.subscription_status.item_type is 'Its filter.';
