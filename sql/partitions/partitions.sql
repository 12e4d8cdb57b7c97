create or replace view dpg.partitions as
select
  p.root,
  p.network,
  p.key,
  c.oid::regclass as leaf,
  -- the planner's estimate; for a table that was never analysed, the running count
  case when c.reltuples >= 0 then c.reltuples::bigint else pg_stat_get_live_tuples(c.oid) end as estimated_rows,
  pg_total_relation_size(c.oid) as bytes
from dpg_private.partition_names p
join pg_class c on c.oid = to_regclass('dpg.' || p.name)
where p.key is not null
  and pg_partition_root(c.oid) = ('dpg.' || p.root)::regclass;

comment on view dpg.partitions is 'Every leaf: a partition of the lowest level, the table that holds rows.';
comment on column dpg.partitions.root is 'Root table: items, item_actions or action_events.';
comment on column dpg.partitions.network is 'Network, exactly as given.';
comment on column dpg.partitions.key is 'Domain (items) or action type (actions, events), exactly as given.';
comment on column dpg.partitions.leaf is 'The table that holds the rows.';
comment on column dpg.partitions.estimated_rows is 'Rows as last estimated; not exact. On a standby 0 for a leaf
that was never analysed: only the primary counts them.';
comment on column dpg.partitions.bytes is 'Size on disk with indexes and oversized values, in bytes.';
