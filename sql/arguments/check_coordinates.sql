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
return case
  when dpg_private.are_coordinates(latitude, longitude) is not true then
    dpg_private.refuse_coordinates(latitude_argument, latitude, longitude_argument, longitude)
end;

comment on function dpg_private.check_coordinates(text, double precision, text, double precision) is
  'Raises DP001 unless latitude (degrees, -90 to 90) and longitude (degrees, -180 to 180) are both given or both null. Stored parsed and inlined.';
