create or replace function dpg_private.place(latitude double precision, longitude double precision)
returns cube
language sql
immutable
parallel safe
security invoker
return cube(
  cube(
    cube(6378168 * cos(radians(latitude)) * cos(radians(longitude))),
    6378168 * cos(radians(latitude)) * sin(radians(longitude))
  ),
  6378168 * sin(radians(latitude))
);

comment on function dpg_private.place(double precision, double precision) is
  'The point of a latitude and a longitude (degrees) on a sphere of earthdistance''s radius, 6,378,168 m, as x, y, z in metres from its centre: the same numbers as earthdistance''s ll_to_earth. Null for null. Stored parsed and inlined, so that an index on it works under any search_path.';
