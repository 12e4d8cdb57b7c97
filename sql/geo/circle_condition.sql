create or replace function dpg_private.circle_condition(circle dpg_private.circle_bounds)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return concat(
    'dpg_private.latitude_band(i.item_latitude) ',
    -- Not both for a large circle: the planner would multiply the share of the one with that of the other, and take it
    -- for a small one.
    case
      when circle.bands is not null then '= any($8) and i.item_latitude between $9 and $10'
      else 'between dpg_private.latitude_band($9) and dpg_private.latitude_band($10)'
    end,
    ' and ',
    case
      when circle.west <= circle.east then 'i.item_longitude between $11 and $12'
      else '(i.item_longitude >= $11 or i.item_longitude <= $12)'
    end,
    ' and ', dpg_private.haversine(), ' <= $13'
  );
end
$body$;

comment on function dpg_private.circle_condition(dpg_private.circle_bounds) is
  'The condition that an item i lies in a circle: the index on the bands finds what lies within its bounds, the haversine decides. Parameters: $6 latitude and $7 longitude of the centre, then the fields of circle: $8 bands, $9 south, $10 north, $11 west, $12 east, $13 reach.';
