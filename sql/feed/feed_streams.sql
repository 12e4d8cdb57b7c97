create table if not exists dpg_private.feed_streams (
  stream integer generated always as identity,
  partition_network text not null,
  action_type text not null,
  source_item_instance_url text not null,
  constraint feed_streams_pkey primary key (stream),
  constraint feed_streams_keys_key unique (partition_network, action_type, source_item_instance_url)
);

comment on table dpg_private.feed_streams is
  'What many events of the feed have in common: the network, the action type and the instance that they are for. A row
of dpg_private.feed_positions has the number alone. A row is written by dpg_private.place_events and never changes.';
comment on column dpg_private.feed_streams.stream is 'The number. Says nothing about an order.';
comment on column dpg_private.feed_streams.partition_network is 'Of the events.';
comment on column dpg_private.feed_streams.action_type is 'Of the events.';
comment on column dpg_private.feed_streams.source_item_instance_url is
  'Of the events: the instance that they are for, in the spelling that they have.';
comment on constraint feed_streams_keys_key on dpg_private.feed_streams is
  'One number for the same three. Nobody waits for it: only one transaction at a time places events.';

create index if not exists feed_streams_source_idx
on dpg_private.feed_streams (dpg_private.normalised_url(source_item_instance_url));

comment on index dpg_private.feed_streams_source_idx is
  'For subscriptions to the events for one instance, in any spelling of its URL.';
