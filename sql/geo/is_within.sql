create or replace function dpg_private.is_within(
  latitude double precision,
  longitude double precision,
  center_latitude double precision,
  center_longitude double precision,
  radius_meters double precision
)
returns boolean
language sql
immutable
parallel safe
security invoker
-- The box finds candidates in the index, the distance decides. A millimetre more for the box, so that rounding never
-- takes a point on the very edge away; half the globe and more holds everything.
return dpg_private.place_box(latitude, longitude)
    <@ cube_enlarge(dpg_private.place(center_latitude, center_longitude), dpg_private.chord_of(radius_meters) + 0.001, 3)
  and (
    dpg_private.chord(latitude, longitude, center_latitude, center_longitude) <= dpg_private.chord_of(radius_meters)
    or radius_meters >= pi() * 6378168
  );

comment on function dpg_private.is_within(double precision, double precision, double precision, double precision, double precision) is
  'Whether a place lies in the circle of radius_meters around a centre (degrees), poles and antimeridian included. Inlined: answered by the index on the place.';
