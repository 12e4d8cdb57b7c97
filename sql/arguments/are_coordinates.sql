create or replace function dpg_private.are_coordinates(latitude double precision, longitude double precision)
returns boolean
language sql
immutable
parallel safe
security invoker
-- NaN sorts above every number, so that it is outside of both ranges
return (latitude is null and longitude is null)
  or (latitude >= -90 and latitude <= 90 and longitude >= -180 and longitude <= 180);

comment on function dpg_private.are_coordinates(double precision, double precision) is
  'Whether latitude (degrees, -90 to 90) and longitude (degrees, -180 to 180) are both given or both null. False or null where they are not. Stored parsed and inlined.';
