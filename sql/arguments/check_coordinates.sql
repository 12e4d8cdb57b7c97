create or replace function dpg_private.check_coordinates(
  latitude_argument text,
  latitude double precision,
  longitude_argument text,
  longitude double precision
)
returns void
language sql
stable
parallel safe
security invoker
-- NaN sorts above every number, so that it is outside of both ranges
return case
  when (latitude between -90 and 90 and longitude between -180 and 180) is not true
    and (latitude is not null or longitude is not null)
  then
    dpg_private.refuse_coordinates(latitude_argument, latitude, longitude_argument, longitude)
end;

comment on function dpg_private.check_coordinates(text, double precision, text, double precision) is
  'Raises DP001 unless latitude (degrees, -90 to 90) and longitude (degrees, -180 to 180) are both given or both null. Stored parsed and inlined.';
