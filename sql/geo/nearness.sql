create or replace function dpg_private.nearness(
  latitude double precision,
  longitude double precision,
  center_latitude double precision,
  center_longitude double precision
)
returns double precision
language sql
immutable
parallel safe
security invoker
return dpg_private.place_box(latitude, longitude) <-> dpg_private.place(center_latitude, center_longitude);

comment on function dpg_private.nearness(double precision, double precision, double precision, double precision) is
  'What places are ordered by: the straight line to the centre (degrees) in metres, less 10 nanometres at most. Inlined: "order by dpg_private.nearness(item_latitude, item_longitude, ...)" is answered by the index on the place.';
