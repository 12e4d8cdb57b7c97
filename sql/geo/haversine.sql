create or replace function dpg_private.haversine()
returns text
language sql
immutable
parallel safe
security invoker
-- Of degrees, since the cosine of a pole is 0 then. PostgreSQL refuses products too small for a float (22003): adding 1e-100
-- leaves every number of degrees as it is but those whose squares would be.
return
  'sind((i.item_latitude + 1e-100 - ($6 + 1e-100)) / 2) ^ 2
   + cosd(i.item_latitude) * cosd($6) * sind((i.item_longitude + 1e-100 - ($7 + 1e-100)) / 2) ^ 2';

comment on function dpg_private.haversine() is
  'The expression for how far an item i is from the place $6 (latitude), $7 (longitude): the squared sine of half the angle between them, which rises with it from 0 to 1 and is exact for the nearest as well. A text, since a function would take longer to inline than the rest of a statement to plan.';
