create or replace function dpg_private.is_circle(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns boolean
language sql
immutable
parallel safe
security invoker
return dpg_private.are_coordinates(latitude, longitude)
  and (latitude is null) = (radius_meters is null)
  and (radius_meters is null or (radius_meters >= 0 and radius_meters < 'infinity'));

comment on function dpg_private.is_circle(double precision, double precision, double precision) is
  'Whether the circle is whole (latitude and longitude in degrees, radius in metres, 0 or more) or absent. False or null where it is neither. Stored parsed and inlined.';
