create or replace view dpg.metrics as
select m.metric, m.subject, m.value::double precision as value
from (
  select c.metric, s.subscription as subject, c.value
  from dpg.subscription_status s
  cross join lateral (
    values
      ('dpg_subscription_lag_events', s.lag_events::double precision),
      ('dpg_subscription_lag_seconds', s.lag_seconds),
      ('dpg_subscription_dead_events', s.dead_events::double precision),
      ('dpg_subscription_is_dead', s.is_dead::integer::double precision),
      (
        'dpg_subscription_held_back_seconds',
        -- who may not see that transaction gets no figure, and a standby has none
        case when s.held_back_by_pid is null and not pg_is_in_recovery() then 0 else s.held_back_seconds end
      )
  ) c(metric, value)

  union all
  -- Sessions of others are seen by pg_read_all_stats, which is in pg_monitor. Without it 0 would be a lie.
  select c.metric, '', coalesce(c.value, 0)
  from (
    select
      max(extract(epoch from clock_timestamp() - a.xact_start)) as open_seconds,
      max(extract(epoch from clock_timestamp() - a.state_change)) filter (
        where a.state like 'idle in transaction%'
      ) as idle_seconds
    from pg_stat_activity a
    where a.datname = current_database()
      and a.backend_type = 'client backend'
      and a.pid <> pg_backend_pid()
  ) a
  cross join lateral (
    values
      ('dpg_transaction_seconds', a.open_seconds),
      ('dpg_idle_transaction_seconds', a.idle_seconds)
  ) c(metric, value)
  where pg_has_role('pg_read_all_stats', 'usage')

  union all
  select 'dpg_lock_wait_seconds', '', coalesce(max(extract(epoch from clock_timestamp() - l.waitstart)), 0)
  from pg_locks l
  join pg_stat_activity a on a.pid = l.pid
  where not l.granted
    and a.datname = current_database()

  union all
  select 'dpg_locks_ratio', '',
    count(*)::numeric / (
      current_setting('max_locks_per_transaction')::integer
      * (current_setting('max_connections')::integer + current_setting('max_prepared_transactions')::integer)
    )
  from pg_locks

  union all
  select 'dpg_limit_ratio', n.limit_name || ' ' || n.subject, n.used::numeric / nullif(l.limit_value, 0)
  from (
    select p.limit_name, concat_ws(' ', p.root, p.network) as subject, count(*) as used
    from (
      select p.root, p.network,
        case
          -- as dpg_private.find_mirrored_action_types counts, which a reader of this view may not call
          when p.root = 'action_events'
            and exists (
              select
              from dpg_private.mirrored_leaves m
              where m.network = p.network
                and m.key = p.key
            )
            and not exists (
              select
              from dpg_private.partition_names a
              where a.root = 'item_actions'
                and a.network = p.network
                and a.key = p.key
                and to_regclass('dpg.' || a.name) is not null
            )
            then 'mirrored_leaves_per_network'
          else 'leaves_per_network'
        end as limit_name
      -- as the limits count; dpg.partitions takes 0.2 ms a leaf to look for its root
      from dpg_private.partition_names p
      where p.key is not null
        and to_regclass('dpg.' || p.name) is not null
    ) p
    group by p.limit_name, p.root, p.network
    union all
    select 'networks', p.root, count(*)
    from dpg_private.partition_names p
    where p.key is null
      and to_regclass('dpg.' || p.name) is not null
    group by p.root
  ) n
  join dpg.limits l on l.limit_name = n.limit_name

  union all
  -- Twenty at most, so that a thousand leaves do not make a thousand time series.
  (
    select 'dpg_table_dead_rows', c.oid::regclass::text, pg_stat_get_dead_tuples(c.oid)
    from pg_class c
    where c.relnamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace)
      and c.relkind = 'r'
      and pg_stat_get_dead_tuples(c.oid) > pg_stat_get_live_tuples(c.oid)
    order by pg_stat_get_dead_tuples(c.oid) desc
    limit 20
  )

  union all
  select 'dpg_oldest_row_transactions', '', max(age(c.relfrozenxid))
  from pg_class c
  where c.relkind in ('r', 't', 'm')
) m
where m.value is not null;

comment on view dpg.metrics is
  'What to watch, a row for each figure, for a monitor that reads one query: select metric, subject, value from
dpg.metrics. Names and units are those of Prometheus. Figures as of now, so ask under read committed, and once
a minute: counting the lag takes time in proportion to it. A figure that is not known here has no row: of the
sessions of others without pg_read_all_stats (pg_monitor has it), of what only the primary knows on a standby.
docs/operations.md says when to be alerted.
select metric, subject, value from dpg.metrics where metric = ''dpg_subscription_lag_seconds'';';
comment on column dpg.metrics.metric is
  'dpg_subscription_lag_events, dpg_subscription_lag_seconds, dpg_subscription_dead_events, dpg_subscription_is_dead (1 or
0), dpg_subscription_held_back_seconds: as dpg.subscription_status has them. dpg_transaction_seconds: the oldest open
transaction of another session of this database. dpg_idle_transaction_seconds: the longest that one has been idle.
dpg_lock_wait_seconds: the longest wait for a lock. dpg_locks_ratio: locks that are held, as part of what there is.
dpg_limit_ratio: leaves and networks, as part of their limit. dpg_table_dead_rows: of the tables of dpg that have more
dead rows than others, the twenty with the most. dpg_oldest_row_transactions: the age of the oldest row.';
comment on column dpg.metrics.subject is
  'The subscription; the limit, the root table and the network; the table; empty where there is one figure alone.';
comment on column dpg.metrics.value is 'The figure, in the unit of the metric''s name; a ratio is 0 to 1.';
