create table if not exists dpg_private.party_leaves (
  owner text not null,
  partition_network text not null,
  action_type text not null
);

create index if not exists party_leaves_idx
on dpg_private.party_leaves (owner, partition_network, action_type);

comment on table dpg_private.party_leaves is
  'In which networks and action types a user of this instance has actions or events, so that find_actions and find_events read only those leaves. Not unique on purpose: a unique index would make a writer wait for another''s transaction to end.';
comment on column dpg_private.party_leaves.owner is 'The user: owner of the source or of the target.';
comment on column dpg_private.party_leaves.partition_network is 'First partition key of the leaf.';
comment on column dpg_private.party_leaves.action_type is 'Second partition key of the leaf.';
comment on index dpg_private.party_leaves_idx is
  'For find_actions and find_events without partition keys, and for the trigger that asks whether a row is there.';
