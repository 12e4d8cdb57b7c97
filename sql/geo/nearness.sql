create or replace function dpg_private.nearness(latitude double precision, longitude double precision, center cube)
returns double precision
language sql
immutable
parallel safe
security invoker
return dpg_private.place_box(latitude, longitude) <-> center;

comment on function dpg_private.nearness(double precision, double precision, cube) is
  'What places are ordered by: the straight line to the centre (a dpg_private.place) in metres, less 10 nanometres at most. Inlined: "order by dpg_private.nearness(item_latitude, item_longitude, ...)" is answered by the index on the place.';
