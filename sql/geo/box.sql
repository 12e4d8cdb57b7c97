create or replace function dpg_private.refuse_box(
  south double precision,
  west double precision,
  north double precision,
  east double precision
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  edge record;
begin
  for edge in
    select e.name, e.degrees, e.name in ('south', 'north') as is_latitude
    from (values ('south', south), ('west', west), ('north', north), ('east', east)) e(name, degrees)
  loop
    if edge.degrees is null then
      perform dpg_private.refuse_argument(
        edge.name, null, 'is missing', 'A box has four edges: south, west, north and east. Pass all or none.'
      );
    elsif edge.is_latitude and not edge.degrees between -90 and 90 then
      perform dpg_private.refuse_argument(
        edge.name, dpg_private.json_of_number(edge.degrees), 'is no latitude',
        'A latitude is a number of degrees from -90 to 90.'
      );
    elsif not edge.degrees between -180 and 180 then
      perform dpg_private.refuse_argument(
        edge.name, dpg_private.json_of_number(edge.degrees), 'is no longitude',
        'A longitude is a number of degrees from -180 to 180. A box across the 180th meridian has west > east.'
      );
    end if;
  end loop;
  perform dpg_private.refuse_argument(
    'south', dpg_private.json_of_number(south), 'lies north of north', 'Pass the southern edge as south.'
  );
end
$body$;

comment on function dpg_private.refuse_box(double precision, double precision, double precision, double precision) is
  'Raises DP001 for what is no box.';

create or replace function dpg_private.check_box_or_none(
  south double precision,
  west double precision,
  north double precision,
  east double precision
)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (
    -- NaN sorts above every number, so it is outside of every range
    num_nulls(south, west, north, east) = 4
    or (
      south >= -90 and north <= 90 and south <= north
      and west >= -180 and west <= 180 and east >= -180 and east <= 180
    )
  ) is not true then
    dpg_private.refuse_box(south, west, north, east)
end;

comment on function dpg_private.check_box_or_none(
  double precision, double precision, double precision, double precision
) is
  'Raises DP001 unless the four edges (degrees) are a box or all null. west > east is a box across the 180th meridian.';

create or replace function dpg_private.bounds_of_box(
  south double precision,
  west double precision,
  north double precision,
  east double precision
)
returns dpg_private.circle_bounds
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  bounds dpg_private.circle_bounds;
begin
  if south is null then
    return null;
  end if;
  bounds.south := south;
  bounds.north := north;
  bounds.west := west;
  bounds.east := east;
  if bounds.north - bounds.south < 1 then
    bounds.bands := array(
      select generate_series(dpg_private.latitude_band(bounds.south), dpg_private.latitude_band(bounds.north))
    );
  end if;
  return bounds;
end
$body$;

comment on function dpg_private.bounds_of_box(
  double precision, double precision, double precision, double precision
) is
  'The bounds of a box between four edges (degrees); null without one. Like those of a circle, without a reach.';

create or replace function dpg_private.box_condition_sql(box dpg_private.circle_bounds)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- every digit of a number
as $body$
begin
  return concat(
    'dpg_private.latitude_band(i.item_latitude) ',
    case
      when box.bands is not null then format('= any(%L::integer[])', box.bands)
      else format(
        'between %s and %s', dpg_private.latitude_band(box.south), dpg_private.latitude_band(box.north)
      )
    end,
    format(' and i.item_latitude between %L::double precision and %L::double precision and ', box.south, box.north),
    case
      -- every longitude; the band says that there is one
      when box.west = -180 and box.east = 180 then 'true'
      when box.west > box.east then
        format(
          '(i.item_longitude >= %L::double precision or i.item_longitude <= %L::double precision)', box.west, box.east
        )
      -- 180 and -180 are one meridian
      when box.west = -180 or box.east = 180 then
        format(
          '(i.item_longitude between %L::double precision and %L::double precision or i.item_longitude = %s)',
          box.west, box.east, case when box.west = -180 then '180' else '-180' end
        )
      else format('i.item_longitude between %L::double precision and %L::double precision', box.west, box.east)
    end
  );
end
$body$;

comment on function dpg_private.box_condition_sql(dpg_private.circle_bounds) is
  'The condition that an item i lies in a box, edges included: by the numbers alone, but 180 and -180 degrees are the
same meridian. The index on the bands finds it.';
