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
  'Raises DP001 for half a place, or for what is no latitude (degrees, -90 to 90) or no longitude (-180 to 180).';
