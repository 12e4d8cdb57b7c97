create or replace function dpg_private.chord_of(radius_meters double precision)
returns double precision
language sql
immutable
parallel safe
security invoker
-- a radius too small to be divided is 0, see dpg_private.place
return 2 * 6378168 * sin(
  least(radius_meters + 1e-200::double precision - 1e-200::double precision, pi() * 6378168) / (2 * 6378168)
);

comment on function dpg_private.chord_of(double precision) is
  'Length in metres of the straight line between two points of the sphere that are radius_meters apart along a great circle: 2 R sin(r / 2R), R = 6,378,168 m, as in earthdistance''s gc_to_sec; half the globe at most.';
