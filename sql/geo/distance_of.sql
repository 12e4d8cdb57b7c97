create or replace function dpg_private.distance_of(haversine double precision)
returns double precision
language sql
immutable
parallel safe
security invoker
return 2 * 6378168 * asin(sqrt(least(haversine, 1)));

comment on function dpg_private.distance_of(double precision) is
  'Length in metres along a great circle for a haversine: 2 R asin(sqrt(h)), R = 6,378,168 m, the sphere of earthdistance.';
