create index if not exists event_feed_source_idx
on dpg_private.event_feed (dpg_private.normalised_url(source_item_instance_url), "position");

comment on index dpg_private.event_feed_source_idx is
  'For subscriptions to one instance''s events, whichever way their URL is spelled, so that a peer costs what it gets, and for dpg.peers.';
