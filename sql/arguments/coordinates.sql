create or replace function dpg_private.json_of_number(value double precision)
returns jsonb
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
-- a session that rounds numbers would otherwise be told that 90 is no latitude
set extra_float_digits = 1
as $body$
begin
  return to_jsonb(value);
end
$body$;

comment on function dpg_private.json_of_number(double precision) is
  'A number with all of its digits, for messages and DETAIL, whatever the settings of the session. Null for null.';

create or replace function dpg_private.refuse_coordinates(
  latitude_argument text,
  latitude double precision,
  longitude_argument text,
  longitude double precision
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if latitude is null or longitude is null then
    perform dpg_private.refuse_argument(
      case when latitude is null then latitude_argument else longitude_argument end,
      null,
      'is missing',
      format('Pass both %s and %s, or neither.', latitude_argument, longitude_argument)
    );
  elsif not latitude between -90 and 90 then
    perform dpg_private.refuse_argument(
      latitude_argument, dpg_private.json_of_number(latitude), 'is no latitude',
      'A latitude is a number of degrees from -90 to 90.'
    );
  else
    perform dpg_private.refuse_argument(
      longitude_argument, dpg_private.json_of_number(longitude), 'is no longitude',
      'A longitude is a number of degrees from -180 to 180.'
    );
  end if;
end
$body$;

comment on function dpg_private.refuse_coordinates(text, double precision, text, double precision) is
  'Raises DP001 for half a place, or for a number that is no latitude (degrees, -90 to 90) or no longitude (-180 to
180).';

create or replace function dpg_private.are_coordinates_or_none(latitude double precision, longitude double precision)
returns boolean
language sql
immutable
parallel safe
security invoker
-- NaN sorts above every number, so it is outside of both ranges
return (latitude is null and longitude is null)
  or (latitude >= -90 and latitude <= 90 and longitude >= -180 and longitude <= 180);

comment on function dpg_private.are_coordinates_or_none(double precision, double precision) is
  'Whether latitude (degrees, -90 to 90) and longitude (degrees, -180 to 180) are both given or both null.
False or null where they are not.';

create or replace function dpg_private.check_coordinates_or_none(
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
  when dpg_private.are_coordinates_or_none(latitude, longitude) is not true then
    dpg_private.refuse_coordinates(latitude_argument, latitude, longitude_argument, longitude)
end;

comment on function dpg_private.check_coordinates_or_none(text, double precision, text, double precision) is
  'Raises DP001 unless latitude (degrees, -90 to 90) and longitude (degrees, -180 to 180) are both given or both
null.';
