create or replace function dpg_private.distance_of(chord double precision)
returns double precision
language sql
immutable
parallel safe
security invoker
return 2 * 6378168 * asin(least(chord / (2 * 6378168), 1));

comment on function dpg_private.distance_of(double precision) is
  'Length in metres along a great circle for a straight line of chord metres: 2 R asin(c / 2R), R = 6,378,168 m, as in earthdistance''s sec_to_gc.';
