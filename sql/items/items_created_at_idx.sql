create index if not exists items_created_at_idx
on dpg.items (created_at desc, item_type, item_id);

comment on index dpg.items_created_at_idx is
  'For the order of find_items, newest first.';
