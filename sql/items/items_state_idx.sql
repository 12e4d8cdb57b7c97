create index if not exists items_state_idx
on dpg.items
using gin (item_state jsonb_path_ops);

comment on index dpg.items_state_idx is
  'For item_state (containment) of find_items, count_items and nearest_items.';
