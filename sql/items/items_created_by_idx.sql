create index if not exists items_created_by_idx
on dpg.items (created_by, created_at desc, item_type, item_id);

comment on index dpg.items_created_by_idx is
  'For find_items and count_items with created_by, and for the foreign key to the users when a user is deleted.';
