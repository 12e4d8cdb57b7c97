create table if not exists dpg_private.event_feed (
  "position" bigint generated always as identity,
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  source_item_instance_url text not null,
  created_at timestamptz not null,
  constraint event_feed_pkey primary key ("position")
);

comment on table dpg_private.event_feed is
  'The events of this instance in the order of the feed. A row is written once and never changes. Rows are not cleaned
up, because a new subscription begins at the first event; only dpg.confirm_lost_events takes rows away.';
comment on column dpg_private.event_feed."position" is
  'Place of the event in the feed, from 1. Rises with each commit that places events. Has gaps.
Is never given to another event.';
comment on column dpg_private.event_feed.partition_network is 'Of the event.';
comment on column dpg_private.event_feed.action_type is 'Of the event.';
comment on column dpg_private.event_feed.event_id is 'The event.';
comment on column dpg_private.event_feed.source_item_instance_url is 'Of the event: the instance that it is for.';
comment on column dpg_private.event_feed.created_at is 'Of the event.';

create index if not exists event_feed_source_idx
on dpg_private.event_feed (dpg_private.normalised_url(source_item_instance_url), "position");

comment on index dpg_private.event_feed_source_idx is
  'For dpg.peers, and for subscriptions to the events for one instance, in any spelling of its URL: reading for a peer
costs in proportion to what the peer gets.';
