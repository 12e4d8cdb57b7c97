create or replace function dpg_private.latitude_band(latitude double precision)
returns integer
language sql
immutable
parallel safe
security invoker
return floor(latitude * 100)::integer;

comment on function dpg_private.latitude_band(double precision) is
  'The number of the band in which a latitude (degrees) lies. A band is a hundredth of a degree high, 1,113 m. Null
for null.';

create or replace function dpg_private.place(latitude double precision, longitude double precision)
returns cube
language sql
immutable
parallel safe
security invoker
-- PostgreSQL refuses products too small for a float (22003): adding and taking away 1e-200 leaves every degree as
-- it is but those, which become 0.
return cube(
  cube(
    cube(
      6378168 * cos(radians(latitude + 1e-200::double precision - 1e-200::double precision))
        * cos(radians(longitude + 1e-200::double precision - 1e-200::double precision))
    ),
    6378168 * cos(radians(latitude + 1e-200::double precision - 1e-200::double precision))
      * sin(radians(longitude + 1e-200::double precision - 1e-200::double precision))
  ),
  6378168 * sin(radians(latitude + 1e-200::double precision - 1e-200::double precision))
);

comment on function dpg_private.place(double precision, double precision) is
  'The point of a latitude and a longitude (degrees) on a sphere with earthdistance''s radius, 6,378,168 m: x, y, z
in metres from its centre, the same numbers as earthdistance''s ll_to_earth. Null for null. Stored parsed, so that
an index on it works under any search_path.';

create or replace function dpg_private.place_box(latitude double precision, longitude double precision)
returns cube
language sql
immutable
parallel safe
security invoker
-- Of points, cube's GiST takes the first two of a full page as the seeds of its halves: places along a road, stored
-- in the order of travel, split it into one and all others, at every insert. With any extent it finds the two
-- farthest.
return cube_enlarge(dpg_private.place(latitude, longitude), 0.000000005, 3);

comment on function dpg_private.place_box(double precision, double precision) is
  'What the index on the place holds: the place of a latitude and a longitude (degrees) with 5 nanometres on each
side, so that the index stays balanced. Null for null.';

create or replace function dpg_private.chord_meters(latitude double precision, longitude double precision, center cube)
returns double precision
language sql
immutable
parallel safe
security invoker
return dpg_private.place_box(latitude, longitude) <-> center;

comment on function dpg_private.chord_meters(double precision, double precision, cube) is
  'What places are ordered by: the length of the straight line (the chord) to the centre, a dpg_private.place, in
metres, less 10 nanometres at most. It grows with the distance. Inlined, so that the index on the place answers
"order by" it.';

create or replace function dpg_private.great_circle_sql(chord text)
returns text
language sql
immutable
parallel safe
security invoker
return format('2 * 6378168 * asin(least(%s / (2 * 6378168), 1))', chord);

comment on function dpg_private.great_circle_sql(text) is
  'The SQL expression for the length in metres along a great circle. chord: the expression for the straight line
between its ends. 2 R asin(chord / 2 R), R = 6,378,168 m: the sphere and the formula (sec_to_gc) of earthdistance.
SQL text, see dpg_private.haversine_sql.';
