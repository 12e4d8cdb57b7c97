create or replace function dpg_private.haversine_sql(latitude double precision, longitude double precision)
returns text
language sql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- every digit of a number
-- Functions of degrees, for which the cosine of a pole is 0. PostgreSQL refuses products too small for a float
-- (22003): adding 1e-100 leaves every number of degrees as it is but those whose squares would be.
return format(
  'sind((i.item_latitude + 1e-100 - (%1$L::double precision + 1e-100)) / 2) ^ 2
   + cosd(i.item_latitude) * cosd(%1$L::double precision)
     * sind((i.item_longitude + 1e-100 - (%2$L::double precision + 1e-100)) / 2) ^ 2',
  latitude, longitude
);

comment on function dpg_private.haversine_sql(double precision, double precision) is
  'The SQL expression for how far an item i is from a centre (degrees): the squared sine of half the angle between them.
It rises with the distance from 0 to 1, and is exact for near places as well. SQL text, not a function: inlining a
function would take longer than planning the rest of the statement. The numbers are in the text: to take them out of a
composite parameter takes as long as the rest of the condition.';

do $body$
begin
  if pg_catalog.to_regtype('dpg_private.circle_bounds') is null then
    create type dpg_private.circle_bounds as (
      bands integer[],
      south double precision,
      north double precision,
      west double precision,
      east double precision,
      reach double precision
    );
  end if;
end
$body$;

comment on type dpg_private.circle_bounds is
  'What the condition of a circle needs: the latitude bands that it touches (null for more than a hundred), the
degrees between which it lies (west is more than east where it crosses the antimeridian), and reach, the haversine
of its radius.';

create or replace function dpg_private.bounds_of_circle(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns dpg_private.circle_bounds
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  tiny constant double precision := 1e-100::double precision; -- see dpg_private.haversine_sql
  angle double precision := (least(radius_meters, pi() * 6378168) + tiny - tiny) / 6378168;
  -- A tenth of a metre more, so that rounding never takes a place on the very edge away: the reach decides.
  margin constant double precision := 1e-6::double precision;
  width double precision;
  bounds dpg_private.circle_bounds;
begin
  if radius_meters is null then
    return null;
  end if;
  bounds.south := latitude - degrees(angle) - margin;
  bounds.north := latitude + degrees(angle) + margin;
  if bounds.south <= -90 or bounds.north >= 90 then
    -- a circle around a pole has places of every longitude
    bounds.west := -180;
    bounds.east := 180;
  else
    width := degrees(asin(least(sin(angle) / cos(radians(latitude + tiny - tiny)), 1))) + margin;
    bounds.west := longitude - width + case when longitude - width < -180 then 360 else 0 end;
    bounds.east := longitude + width - case when longitude + width > 180 then 360 else 0 end;
  end if;
  if bounds.north - bounds.south < 1 then
    bounds.bands := array(
      select generate_series(dpg_private.latitude_band(bounds.south), dpg_private.latitude_band(bounds.north))
    );
  end if;
  -- Half the globe is everything, however the haversine of an antipode is rounded. A place whose own distance is
  -- the radius belongs to the circle, however that is rounded: a micrometre at most, where the haversine still
  -- tells them apart.
  bounds.reach := case
    when radius_meters >= pi() * 6378168 then 2
    when angle < 3 then sin(angle / 2) ^ 2 * (1 + 1e-14::double precision)
    else sin(angle / 2) ^ 2
  end;
  return bounds;
end
$body$;

comment on function dpg_private.bounds_of_circle(double precision, double precision, double precision) is
  'The bounds of the circle of radius_meters around a centre (degrees) on a sphere of 6,378,168 m; null without a
radius. See dpg_private.item_conditions_sql.';

create or replace function dpg_private.circle_condition_sql(
  latitude double precision,
  longitude double precision,
  circle dpg_private.circle_bounds
)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1
as $body$
begin
  return concat(
    'dpg_private.latitude_band(i.item_latitude) ',
    -- Not both for a large circle: the planner would multiply the share of the one with that of the other, and take
    -- it for a small one.
    case
      when circle.bands is not null then
        format(
          '= any(%L::integer[]) and i.item_latitude between %L::double precision and %L::double precision',
          circle.bands, circle.south, circle.north
        )
      else
        format(
          'between %s and %s', dpg_private.latitude_band(circle.south), dpg_private.latitude_band(circle.north)
        )
    end,
    ' and ',
    format(
      case
        when circle.west <= circle.east then
          'i.item_longitude between %L::double precision and %L::double precision'
        else '(i.item_longitude >= %L::double precision or i.item_longitude <= %L::double precision)'
      end,
      circle.west, circle.east
    ),
    ' and ', dpg_private.haversine_sql(latitude, longitude),
    format(' <= %L::double precision', circle.reach)
  );
end
$body$;

comment on function dpg_private.circle_condition_sql(
  double precision, double precision, dpg_private.circle_bounds
) is
  'The condition that an item i lies in a circle. The index on the bands finds what lies within its bounds, the
haversine decides.';

create or replace function dpg_private.is_within(
  latitude double precision,
  longitude double precision,
  center_latitude double precision,
  center_longitude double precision,
  reach double precision
)
returns boolean
language sql
immutable
parallel safe
security invoker
return sind((latitude + 1e-100 - (center_latitude + 1e-100)) / 2) ^ 2
  + cosd(latitude) * cosd(center_latitude) * sind((longitude + 1e-100 - (center_longitude + 1e-100)) / 2) ^ 2
  <= reach;

comment on function dpg_private.is_within(
  double precision, double precision, double precision, double precision, double precision
) is
  'Whether a place lies in the circle of this centre and reach: dpg_private.haversine_sql as a function, for statements
whose plan is kept.';

create or replace function dpg_private.circle_box(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns cube
language sql
immutable
parallel safe
security invoker
-- A circle of r metres is 2 R sin(r / 2R) from its centre to its edge along the straight line. A millimetre more,
-- so that rounding never takes a place on the very edge away. A radius too small to be divided is 0, see
-- dpg_private.place.
return cube_enlarge(
  dpg_private.place(latitude, longitude),
  2 * 6378168 * sin(
    least((radius_meters + 1e-200::double precision - 1e-200::double precision) / (2 * 6378168), pi() / 2)
  ) + 0.001,
  3
);

comment on function dpg_private.circle_box(double precision, double precision, double precision) is
  'The box around the circle of radius_meters around a centre (degrees), in metres from the centre of the globe.';

create or replace function dpg_private.is_in_box(latitude double precision, longitude double precision, box cube)
returns boolean
language sql
immutable
parallel safe
security invoker
return dpg_private.place_box(latitude, longitude) <@ box;

comment on function dpg_private.is_in_box(double precision, double precision, cube) is
  'Whether a place (degrees) lies in a dpg_private.circle_box. Inlined, so that the index on the place answers it.';

create or replace function dpg_private.is_circle_or_none(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns boolean
language sql
immutable
parallel safe
security invoker
return dpg_private.are_coordinates_or_none(latitude, longitude)
  and (latitude is null) = (radius_meters is null)
  and (radius_meters is null or (radius_meters >= 0 and radius_meters < 'infinity'));

comment on function dpg_private.is_circle_or_none(double precision, double precision, double precision) is
  'Whether latitude and longitude (degrees) and radius_meters (0 or more) are a circle, or all three are null.
False or null where they are neither.';

create or replace function dpg_private.refuse_circle(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_coordinates_or_none('latitude', latitude, 'longitude', longitude);
  if latitude is null or radius_meters is null then
    perform dpg_private.refuse_argument(
      case when latitude is null then 'latitude' else 'radius_meters' end,
      null, 'is missing', 'A circle needs latitude, longitude and radius_meters.'
    );
  end if;
  perform dpg_private.refuse_argument(
    'radius_meters', dpg_private.json_of_number(radius_meters), 'is no radius',
    'A radius is a number of metres, 0 or more.'
  );
end
$body$;

comment on function dpg_private.refuse_circle(double precision, double precision, double precision) is
  'Raises DP001 for what is no circle.';

create or replace function dpg_private.check_circle_or_none(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns void
language sql
stable
parallel safe
security invoker
return case
  when dpg_private.is_circle_or_none(latitude, longitude, radius_meters) is not true then
    dpg_private.refuse_circle(latitude, longitude, radius_meters)
end;

comment on function dpg_private.check_circle_or_none(double precision, double precision, double precision) is
  'Raises DP001 unless latitude and longitude (degrees) and radius_meters (0 or more) are a circle, or all three are
null.';
