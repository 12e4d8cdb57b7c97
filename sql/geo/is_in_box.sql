create or replace function dpg_private.is_in_box(latitude double precision, longitude double precision, box cube)
returns boolean
language sql
immutable
parallel safe
security invoker
return dpg_private.place_box(latitude, longitude) <@ box;

comment on function dpg_private.is_in_box(double precision, double precision, cube) is
  'Whether a place (degrees) lies in a dpg_private.circle_box. Inlined: answered by the index on the place.';
