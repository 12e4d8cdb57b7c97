create or replace function dpg_private.check_circle(
  latitude double precision,
  longitude double precision,
  radius_meters double precision,
  radius_required boolean
)
returns void
language plpgsql
stable -- else a call with constants would be made, and raise, when its caller is planned
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_coordinates('latitude', latitude, 'longitude', longitude);
  if latitude is null and radius_meters is not null then
    perform dpg_private.refuse_argument('latitude', null, 'is missing', 'A circle needs latitude, longitude and radius_meters.');
  elsif latitude is not null and radius_meters is null and radius_required then
    perform dpg_private.refuse_argument('radius_meters', null, 'is missing', 'A circle needs latitude, longitude and radius_meters.');
  elsif not (radius_meters >= 0 and radius_meters < 'infinity') then
    perform dpg_private.refuse_argument(
      'radius_meters', dpg_private.json_of_number(radius_meters), 'is no radius', 'A radius is a number of metres, 0 or more.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_circle(double precision, double precision, double precision, boolean) is
  'Raises DP001 unless the circle is whole (latitude and longitude in degrees, radius in metres, 0 or more) or absent; the radius may be left out where it is not required.';
