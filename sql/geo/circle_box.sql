create or replace function dpg_private.circle_box(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns cube
language sql
immutable
parallel safe
security invoker
-- A circle of r metres is 2 R sin(r / 2R) from its centre to its edge along the straight line. A millimetre more, so that
-- rounding never takes a place on the very edge away. A radius too small to be divided is 0, see dpg_private.place.
return cube_enlarge(
  dpg_private.place(latitude, longitude),
  2 * 6378168 * sin(
    least((radius_meters + 1e-200::double precision - 1e-200::double precision) / (2 * 6378168), pi() / 2)
  ) + 0.001,
  3
);

comment on function dpg_private.circle_box(double precision, double precision, double precision) is
  'The box around the circle of radius_meters around a centre (degrees), in metres from the centre of the globe.';
