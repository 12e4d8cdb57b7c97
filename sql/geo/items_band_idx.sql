create index if not exists items_band_idx
on dpg.items (dpg_private.latitude_band(item_latitude), item_longitude, item_latitude, created_at)
where item_latitude is not null;

comment on index dpg.items_band_idx is
  'For the circle of count_items and find_items; with the time, so that the newest are found without reading the others.';
