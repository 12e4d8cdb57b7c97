create or replace function dpg_private.distance_of(line text)
returns text
language sql
immutable
parallel safe
security invoker
return format('2 * 6378168 * asin(least(%s / (2 * 6378168), 1))', line);

comment on function dpg_private.distance_of(text) is
  'The expression for a length in metres along a great circle, from the expression for the straight line between its ends: 2 R asin(line / 2 R), R = 6,378,168 m, the sphere and the formula (sec_to_gc) of earthdistance. A text, see dpg_private.haversine.';
