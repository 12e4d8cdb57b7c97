create or replace function dpg_private.chord(
  latitude double precision,
  longitude double precision,
  center_latitude double precision,
  center_longitude double precision
)
returns double precision
language sql
immutable
parallel safe
security invoker
return dpg_private.place(latitude, longitude) <-> dpg_private.place(center_latitude, center_longitude);

comment on function dpg_private.chord(double precision, double precision, double precision, double precision) is
  'Straight line in metres between two places (degrees).';
