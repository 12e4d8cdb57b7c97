-- Not partial, though items without a place are of no use to it: the planner estimates a circle by the statistics of an
-- index only where that holds every row, and chooses between this index and that of another filter by them.
create index if not exists items_band_idx
on dpg.items (dpg_private.latitude_band(item_latitude), item_longitude, item_latitude, created_at);

comment on index dpg.items_band_idx is
  'For the circle of count_items and find_items; with the time, so that the newest are found without reading the others.';
