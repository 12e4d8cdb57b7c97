create table if not exists dpg_private.event_feed (
  "position" bigint generated always as identity,
  event_id uuid not null,
  stream integer not null,
  created_at timestamptz not null,
  constraint event_feed_pkey primary key ("position")
);

comment on table dpg_private.event_feed is
  'The events of this instance in the order of the feed. A row is written once and never changes. Rows are not cleaned
up, because a new subscription begins at the first event; only dpg.confirm_lost_events takes rows away.';
comment on column dpg_private.event_feed."position" is
  'Place of the event in the feed, from 1. Rises with each commit that places events. Has gaps.
Is never given to another event.';
comment on column dpg_private.event_feed.event_id is 'The event.';
comment on column dpg_private.event_feed.stream is
  'The row of dpg_private.feed_streams with the network, the action type and the source''s instance of the event.';
comment on column dpg_private.event_feed.created_at is 'Of the event.';

create index if not exists event_feed_stream_idx
on dpg_private.event_feed (stream, "position");

comment on index dpg_private.event_feed_stream_idx is
  'For dpg.peers, and for subscriptions to the events for one instance: reading for a peer costs in proportion to what
the peer gets.';
