// Newer tables have a list of locations beside the two coordinates: [{"lat": 12.97, "lng": "77.59", "label": "home"}]. The
// first one is the place where there are no coordinates. A first one that is no place leaves the row without one.

const NUMBER = '^\\s*[-+]?([0-9]{1,20}([.][0-9]{0,100})?|[.][0-9]{1,100})([eE][-+]?[0-9]{1,2})?\\s*$';

/** Degrees of the first location of a list, from a number or from a text of one; else null. */
function degrees(list: string, type: 'json' | 'jsonb', field: string): string {
  const value = `(${list} -> 0 -> '${field}')`;
  return `case
    when ${type}_typeof${value} in ('number', 'string') and ${value} #>> '{}' ~ '${NUMBER}' then (${value} #>> '{}')::numeric
  end`;
}

/** Both coordinates of the first location, or nulls. */
export function firstPlace(list: string, type: 'json' | 'jsonb'): Record<'latitude' | 'longitude', string> {
  const latitude = degrees(list, type, 'lat');
  const longitude = degrees(list, type, 'lng');
  const isPlace = `${latitude} between -90 and 90 and ${longitude} between -180 and 180`;
  return {
    latitude: `case when ${isPlace} then (${latitude})::double precision end`,
    longitude: `case when ${isPlace} then (${longitude})::double precision end`,
  };
}

/** Whether a list says something of which no place could be taken. */
export function isNoPlace(list: string, type: 'json' | 'jsonb'): string {
  return `(${list} is not null and ${list}::text not in ('null', '[]') and ${firstPlace(list, type).latitude} is null)`;
}
