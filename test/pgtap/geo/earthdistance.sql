-- Distance and circle are those of the extension earthdistance, which the seed's queries use: on a grid with the poles
-- and the antimeridian, and on 2,000 random pairs.
begin;
select plan(4);

create function pg_temp.differences(compared text) returns bigint
language plpgsql
as $f$
declare
  result bigint;
  earthdistance_schema text := (
    select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'earthdistance'
  );
begin
  perform set_config('search_path', quote_ident(earthdistance_schema) || ', ' || current_setting('search_path'), true);
  execute format(
    $q$
      with grid as (
        select latitude::double precision, longitude::double precision
        from unnest(array[-90, -89.999, -45, -1e-9, 0, 1e-9, 45, 89.999, 90]) latitude
        cross join unnest(array[-180, -179.999, -90, -1e-9, 0, 90, 179.999, 180]) longitude
      ),
      pairs as (
        select a.latitude, a.longitude, b.latitude as other_latitude, b.longitude as other_longitude, 100.0 * i as radius
        from grid a
        cross join grid b
        cross join (values (0.0101), (101.0), (50001.0), (150001.0)) r(i)
        union all
        select degrees(asin(random() * 2 - 1)), random() * 360 - 180, degrees(asin(random() * 2 - 1)), random() * 360 - 180, 20037605 * random()
        from generate_series(1, 2000)
      )
      select count(*) from pairs where %s
    $q$,
    compared
  )
  into result;
  return result;
end
$f$;
create function pg_temp.has_earthdistance() returns boolean
language sql
as $f$ select exists (select from pg_extension where extname = 'earthdistance') $f$;

select setseed(0.42);
select case when pg_temp.has_earthdistance() then is(
  pg_temp.differences('dpg_private.place(latitude, longitude) is distinct from ll_to_earth(latitude, longitude)::cube'),
  0::bigint,
  'a place is the same point'
) else skip('no extension earthdistance here', 1) end;
-- whether an item there is in the circle, by the condition that the functions put together
create function pg_temp.is_within(
  latitude double precision, longitude double precision, center_latitude double precision, center_longitude double precision, radius_meters double precision
) returns boolean
language plpgsql
as $f$
declare
  circle dpg_private.circle_bounds := dpg_private.bounds_of_circle(center_latitude, center_longitude, radius_meters);
  result boolean;
begin
  execute 'select ' || dpg_private.circle_condition_sql(center_latitude, center_longitude, circle)
    || ' from (select $1 as item_latitude, $2 as item_longitude) i'
  into result
  using latitude, longitude;
  return result;
end
$f$;
create function pg_temp.distance(
  latitude double precision, longitude double precision, center_latitude double precision, center_longitude double precision
) returns double precision
language plpgsql
as $f$
declare
  result double precision;
begin
  execute 'select ' || dpg_private.great_circle_sql('$1')
  into result
  using dpg_private.chord_meters(latitude, longitude, dpg_private.place(center_latitude, center_longitude));
  return result;
end
$f$;
-- a straight line that is 10 nanometres short makes half a metre near the antipode
select case when pg_temp.has_earthdistance() then is(
  pg_temp.differences(
    'not abs(
       pg_temp.distance(latitude, longitude, other_latitude, other_longitude)
         - earth_distance(ll_to_earth(latitude, longitude), ll_to_earth(other_latitude, other_longitude))
     ) < case when earth_distance(ll_to_earth(latitude, longitude), ll_to_earth(other_latitude, other_longitude)) < 19000000 then 1e-6 else 0.7 end'
  ),
  0::bigint,
  'at the same distance'
) else skip('no extension earthdistance here', 1) end;
select case when pg_temp.has_earthdistance() then is(
  pg_temp.differences(
    'pg_temp.is_within(latitude, longitude, other_latitude, other_longitude, radius)
       is distinct from (earth_distance(ll_to_earth(latitude, longitude), ll_to_earth(other_latitude, other_longitude)) <= radius)'
  ),
  0::bigint,
  'in the same circles'
) else skip('no extension earthdistance here', 1) end;
select case when pg_temp.has_earthdistance() then cmp_ok(
  pg_temp.differences('pg_temp.is_within(latitude, longitude, other_latitude, other_longitude, radius)'),
  '>',
  1000::bigint,
  'of which many hold the other place'
) else skip('no extension earthdistance here', 1) end;
select * from finish();
rollback;
