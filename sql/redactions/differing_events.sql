create table if not exists dpg.differing_events (
  redaction_id bigint not null,
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  origin_instance_domain text not null,
  action_id uuid not null,
  update_count integer not null,
  source_item_owner text not null,
  source_item_is_local boolean not null,
  event jsonb not null,
  constraint differing_events_pkey primary key (redaction_id)
);

create index if not exists differing_events_event_idx
on dpg.differing_events (event_id);

comment on table dpg.differing_events is
  'Events of other instances that say something else than the event which dpg.action_events has of the same update, or under the same id: one was restored from a backup and did the update anew. Kept beside, where dpg.accept_differing_event has accepted them. Append-only (DP012), but for redactions that are on record.';
comment on column dpg.differing_events.redaction_id is 'The record in dpg.redactions: who has accepted it, when and why.';
comment on column dpg.differing_events.partition_network is 'Of the event.';
comment on column dpg.differing_events.action_type is 'Of the event.';
comment on column dpg.differing_events.event_id is 'Of the event.';
comment on column dpg.differing_events.origin_instance_domain is 'Of the event, as it spells it.';
comment on column dpg.differing_events.action_id is 'Of the event.';
comment on column dpg.differing_events.update_count is 'Of the event.';
comment on column dpg.differing_events.source_item_owner is 'Of the event; the tombstone once that user was erased.';
comment on column dpg.differing_events.source_item_is_local is 'Whether the source item is of this instance, so that source_item_owner is a user of this one.';
comment on column dpg.differing_events.event is 'The whole event, as dpg.store_event takes it.';
comment on index dpg.differing_events_event_idx is
  'For store_event, before it refuses an event that differs, and for redactions.';
