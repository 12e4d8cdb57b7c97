create index if not exists items_created_at_idx
on dpg.items (created_at desc, item_type, item_id);

comment on index dpg.items_created_at_idx is
  'For the order of find_items, newest first.';

create index if not exists items_created_by_idx
on dpg.items (created_by, created_at desc, item_type, item_id);

comment on index dpg.items_created_by_idx is
  'For find_items and count_items with created_by, and for the foreign key to the users when a user is deleted.';

create index if not exists items_state_idx
on dpg.items
using gin (item_state jsonb_path_ops);

comment on index dpg.items_state_idx is
  'For item_state (containment) of find_items, count_items and nearest_items.';

-- Not partial, though items without a place are of no use to it: the planner estimates a circle by the statistics
-- of an index only where that holds every row, and chooses between this index and that of another filter by them.
create index if not exists items_band_idx
on dpg.items (dpg_private.latitude_band(item_latitude), item_longitude, item_latitude, created_at);

comment on index dpg.items_band_idx is
  'For the circle of count_items and find_items; with the time, so that the newest are found without reading the others.';

create index if not exists items_place_idx
on dpg.items
using gist (dpg_private.place_box(item_latitude, item_longitude))
where item_latitude is not null;

comment on index dpg.items_place_idx is
  'For the order of nearest_items.';
