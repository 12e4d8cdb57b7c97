create or replace function dpg_private.latitude_band(latitude double precision)
returns integer
language sql
immutable
parallel safe
security invoker
return floor(latitude * 100)::integer;

comment on function dpg_private.latitude_band(double precision) is
  'The number of the band in which a latitude (degrees) lies: bands are a hundredth of a degree high, 1,113 m. Null for null. Stored parsed and inlined.';
