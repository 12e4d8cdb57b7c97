do $body$
begin
  if pg_catalog.to_regtype('dpg_private.circle_bounds') is null then
    create type dpg_private.circle_bounds as (
      bands integer[],
      south double precision,
      north double precision,
      west double precision,
      east double precision,
      reach double precision
    );
  end if;
end
$body$;

comment on type dpg_private.circle_bounds is
  'What the condition of a circle needs: the latitude bands that it touches (null for more than a hundred), the degrees between which it lies (west is more than east where it crosses the antimeridian), and the haversine of its radius.';
