create table if not exists dpg_private.partition_turn (
  is_empty boolean
);

comment on table dpg_private.partition_turn is
  'Holds no rows: dpg_private.queue_for_partitions locks it (SHARE UPDATE EXCLUSIVE) while it makes partitions. A table and no advisory lock, because an advisory lock of any key is open to every login.';
comment on column dpg_private.partition_turn.is_empty is 'Never used.';
