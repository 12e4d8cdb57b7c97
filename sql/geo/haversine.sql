create or replace function dpg_private.haversine()
returns text
language sql
immutable
parallel safe
security invoker
-- PostgreSQL refuses products too small for a float (22003): adding and taking away 1e-100 leaves every number of degrees
-- as it is but those, which become 0.
return
  'sin(radians(i.item_latitude - $6 + double precision ''1e-100'' - double precision ''1e-100'') / 2) ^ 2
   + cos(radians(i.item_latitude + double precision ''1e-100'' - double precision ''1e-100''))
     * cos(radians($6 + double precision ''1e-100'' - double precision ''1e-100''))
     * sin(radians(i.item_longitude - $7 + double precision ''1e-100'' - double precision ''1e-100'') / 2) ^ 2';

comment on function dpg_private.haversine() is
  'The expression for how far an item i is from the place $6 (latitude), $7 (longitude): the squared sine of half the angle between them, which rises with it from 0 to 1 and is exact for the nearest as well. A text, since a function would take longer to inline than the rest of a statement to plan.';
