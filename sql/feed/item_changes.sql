create table if not exists dpg_private.item_changes (
  follower integer not null,
  "position" bigint not null,
  item_network text not null,
  item_domain text not null,
  item_type text not null,
  item_id uuid not null,
  changed_at timestamptz not null,
  constraint item_changes_pkey primary key (follower, "position")
)
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_threshold = -1);

comment on table dpg_private.item_changes is
  'Changed items that were handed out to a subscription and are not acknowledged. Only whoever has locked the
subscription reads and writes them: dpg.read_item_changes and dpg.acknowledge. A later change of the item is a row of
dpg_private.changed_items.';
comment on column dpg_private.item_changes.follower is
  'The subscription: its number in dpg_private.item_followers.';
comment on column dpg_private.item_changes."position" is 'The position under which it was handed out.';
comment on column dpg_private.item_changes.item_network is 'Of the item.';
comment on column dpg_private.item_changes.item_domain is 'Of the item.';
comment on column dpg_private.item_changes.item_type is 'Of the item.';
comment on column dpg_private.item_changes.item_id is 'The item.';
comment on column dpg_private.item_changes.changed_at is
  'When the first of the changes was made that the row stands for.';
comment on constraint item_changes_pkey on dpg_private.item_changes is 'One row for each position of a subscription.';
comment on index dpg_private.item_changes_pkey is 'For acknowledge, and for read_item_changes after a lease has ended.';
