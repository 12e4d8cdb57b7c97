create table if not exists dpg_private.lost_events (
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  "position" bigint,
  source_item_instance_url text not null,
  created_at timestamptz not null,
  redaction_id bigint not null,
  constraint lost_events_pkey primary key (partition_network, action_type, event_id)
);

comment on table dpg_private.lost_events is
  'The rows of event_feed and event_queue whose events are gone with their partition, once dpg.confirm_lost_events has taken them out of the feed. Nothing reads it: it says what was lost.';
comment on column dpg_private.lost_events.partition_network is 'Of the event.';
comment on column dpg_private.lost_events.action_type is 'Of the event.';
comment on column dpg_private.lost_events.event_id is 'The event.';
comment on column dpg_private.lost_events."position" is 'Which position in the feed it had; null when it had none yet.';
comment on column dpg_private.lost_events.source_item_instance_url is 'Of the event: whom it was for.';
comment on column dpg_private.lost_events.created_at is 'Of the event.';
comment on column dpg_private.lost_events.redaction_id is 'Of the record in dpg.redactions: who has confirmed the loss, when and why.';
