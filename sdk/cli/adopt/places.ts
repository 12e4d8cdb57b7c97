// Newer tables have a list of locations beside the two coordinates: [{"lat": 12.97, "lng": "77.59", "label": "home"}]. The
// first one is the place where there are no coordinates. A first one that is no place leaves the row without one.

// Texts of numbers count, too. Whatever is no number makes the condition unknown, and so false.
const FIRST_IS_PLACE = `strict $[0] ? (
  @.lat.double() >= -90 && @.lat.double() <= 90 && @.lng.double() >= -180 && @.lng.double() <= 180
)`;

/** Whether the first location of a list, of type jsonb, is a place. */
const isPlace = (list: string) => `jsonb_path_exists(${list}, '${FIRST_IS_PLACE}', '{}', true)`;

/** Both coordinates of the first location, or nulls. */
export function firstPlace(list: string): Record<'latitude' | 'longitude', string> {
  return {
    latitude: `case when ${isPlace(list)} then (${list} -> 0 ->> 'lat')::double precision end`,
    longitude: `case when ${isPlace(list)} then (${list} -> 0 ->> 'lng')::double precision end`,
  };
}

/** Whether a list says something of which no place could be taken. */
export function isNoPlace(list: string): string {
  return `(${list} not in ('null', '[]') and not ${isPlace(list)})`;
}
