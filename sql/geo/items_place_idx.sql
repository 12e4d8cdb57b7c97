create index if not exists items_place_idx
on dpg.items
using gist (dpg_private.place_box(item_latitude, item_longitude))
where item_latitude is not null;

comment on index dpg.items_place_idx is
  'For the order of nearest_items.';
