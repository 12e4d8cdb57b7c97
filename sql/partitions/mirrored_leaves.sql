create table if not exists dpg_private.mirrored_leaves (
  network text not null,
  key text not null,
  constraint mirrored_leaves_pkey primary key (network, key)
);

comment on table dpg_private.mirrored_leaves is
  'The leaves of dpg.action_events that dpg.store_event has made. As long as this instance has no leaf of actions of the same keys, only mirrored events need such a leaf, and it counts for the limit mirrored_leaves_per_network instead of leaves_per_network: another instance decides which action types it sends.';
comment on column dpg_private.mirrored_leaves.network is 'Network, exactly as given.';
comment on column dpg_private.mirrored_leaves.key is 'Action type, exactly as given.';
