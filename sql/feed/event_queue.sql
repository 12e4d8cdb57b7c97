create table if not exists dpg_private.event_queue (
  seq bigint generated always as identity,
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  source_item_instance_url text not null,
  created_at timestamptz not null,
  constraint event_queue_pkey primary key (seq)
)
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_threshold = -1);

comment on table dpg_private.event_queue is
  'The events of this instance that have no position in the feed yet. The transaction of an event writes its row here;
dpg_private.place_events moves it to feed_positions.';
comment on column dpg_private.event_queue.seq is
  'The order in which visible events are placed. It is drawn under the row lock of the action, so within an action it
rises with update_count. It says nothing about the order of commits.';
comment on column dpg_private.event_queue.partition_network is 'Of the event.';
comment on column dpg_private.event_queue.action_type is 'Of the event.';
comment on column dpg_private.event_queue.event_id is 'The event.';
comment on column dpg_private.event_queue.source_item_instance_url is 'Of the event: the instance that it is for.';
comment on column dpg_private.event_queue.created_at is 'Of the event.';
