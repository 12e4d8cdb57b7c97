create or replace function dpg_private.bounds_of(
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
  angle double precision := (least(radius_meters, pi() * 6378168) + 1e-100::double precision - 1e-100::double precision) / 6378168;
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
    width := degrees(asin(least(sin(angle) / cos(radians(latitude + 1e-100::double precision - 1e-100::double precision)), 1))) + margin;
    bounds.west := longitude - width + case when longitude - width < -180 then 360 else 0 end;
    bounds.east := longitude + width - case when longitude + width > 180 then 360 else 0 end;
  end if;
  if bounds.north - bounds.south < 1 then
    bounds.bands := array(
      select generate_series(dpg_private.latitude_band(bounds.south), dpg_private.latitude_band(bounds.north))
    );
  end if;
  -- Half the globe is everything, however the haversine of an antipode is rounded. A place whose own distance is the
  -- radius belongs to the circle, however that is rounded: a micrometre at most, where the haversine still tells them apart.
  bounds.reach := case
    when radius_meters >= pi() * 6378168 then 2
    when angle < 3 then sin(angle / 2) ^ 2 * (1 + 1e-14::double precision)
    else sin(angle / 2) ^ 2
  end;
  return bounds;
end
$body$;

comment on function dpg_private.bounds_of(double precision, double precision, double precision) is
  'The bounds of the circle of radius_meters around a centre (degrees) on a sphere of 6,378,168 m; null without a radius. See dpg_private.item_conditions.';
