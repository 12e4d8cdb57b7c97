create or replace function dpg_private.place(latitude double precision, longitude double precision)
returns cube
language sql
immutable
parallel safe
security invoker
-- PostgreSQL refuses products too small for a float (22003): adding and taking away 1e-200 leaves every degree as it is
-- but those, which become 0.
return cube(
  cube(
    cube(
      6378168 * cos(radians(latitude + 1e-200::double precision - 1e-200::double precision))
        * cos(radians(longitude + 1e-200::double precision - 1e-200::double precision))
    ),
    6378168 * cos(radians(latitude + 1e-200::double precision - 1e-200::double precision))
      * sin(radians(longitude + 1e-200::double precision - 1e-200::double precision))
  ),
  6378168 * sin(radians(latitude + 1e-200::double precision - 1e-200::double precision))
);

comment on function dpg_private.place(double precision, double precision) is
  'The point of a latitude and a longitude (degrees) on a sphere of earthdistance''s radius, 6,378,168 m, as x, y, z in metres from its centre: the same numbers as earthdistance''s ll_to_earth. Null for null. Stored parsed and inlined, so that an index on it works under any search_path.';
