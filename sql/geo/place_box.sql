create or replace function dpg_private.place_box(latitude double precision, longitude double precision)
returns cube
language sql
immutable
parallel safe
security invoker
-- Of points, cube's GiST takes the first two of a full page as the seeds of its halves: places along a road, stored in
-- the order of travel, split it into one and all others, at every insert. With any extent it finds the two farthest.
return cube_enlarge(dpg_private.place(latitude, longitude), 0.000000005, 3);

comment on function dpg_private.place_box(double precision, double precision) is
  'What the index on the place holds: the place of a latitude and a longitude (degrees) and 5 nanometres to each side, so that the index stays balanced. Null for null. Stored parsed and inlined.';
