create table if not exists dpg_private.feed_positions (
  "position" bigint generated always as identity,
  event_id uuid not null,
  stream integer not null,
  created_at timestamptz not null,
  constraint feed_positions_pkey primary key ("position")
);

comment on table dpg_private.feed_positions is
  'The events of this instance in the order of the feed. A row is written once and never changes. Rows are not cleaned
up, because a new subscription begins at the first event; only dpg.confirm_lost_events takes rows away.';
comment on column dpg_private.feed_positions."position" is
  'Place of the event in the feed, from 1. Rises with each commit that places events. Has gaps.
Is never given to another event.';
comment on column dpg_private.feed_positions.event_id is 'The event.';
comment on column dpg_private.feed_positions.stream is
  'The row of dpg_private.feed_streams with the network, the action type and the source''s instance of the event.';
comment on column dpg_private.feed_positions.created_at is 'Of the event.';

create index if not exists feed_positions_stream_idx
on dpg_private.feed_positions (stream, "position");

comment on index dpg_private.feed_positions_stream_idx is
  'For dpg.peers, and for subscriptions to the events for one instance: reading for a peer costs in proportion to what
the peer gets.';
