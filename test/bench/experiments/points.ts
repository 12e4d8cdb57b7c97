// Points in and around the hundred largest cities, so that a circle of 5 km finds some hundreds of a million.

import { readPlaces } from '../../demo/places.js';
import type { Bench } from '../experiment.js';
import { seededRandom } from '../measure.js';

export interface Point {
  latitude: number;
  longitude: number;
}

const ONE = ['all'];
const TEN = Array.from({ length: 10 }, (_, n) => `part ${n}`);

/** So many points, in the one domain of a network or spread over the ten of another. */
export interface PointSet {
  count: number;
  network: string;
  domains: string[];
  points: Point[];
  /** The item_state of the n-th as text, where it is not that of geo-databases.ts. */
  state?: (n: number) => string;
}

const set = (count: number, domains: string[]): PointSet => ({
  count,
  network: domains === ONE ? `points ${count}` : `points ${count} in ten`,
  domains,
  points: inCities(count),
});
export const oneDomain = (count: number): PointSet => set(count, ONE);
export const tenDomains = (count: number): PointSet => set(count, TEN);
export const isOne = ({ domains }: PointSet) => domains === ONE;
export const sizes = (bench: Bench) => bench.amount([10_000, 100_000, 1_000_000], [10_000, 100_000]);

export const CITIES = 100;
const SPREAD_DEGREES = 0.4;

/** Always the same ones. */
function inCities(count: number): Point[] {
  const random = seededRandom(7);
  const cities = largestCities();
  return Array.from({ length: count }, (_, n) => near(cities[n % cities.length], SPREAD_DEGREES, random));
}

/** Where to look: in those cities. */
export function centres(count: number): Point[] {
  const random = seededRandom(11);
  const cities = largestCities();
  return Array.from({ length: count }, () =>
    near(cities[Math.floor(random() * cities.length)], SPREAD_DEGREES / 2, random),
  );
}

/** Spread evenly over a country of some 2,000 km each way. */
export function inCountry(count: number, seed: number): Point[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => ({
    latitude: 8 + random() * 20,
    longitude: 70 + random() * 20,
  }));
}

/** One after another, again and again. */
export function inTurn(around: Point[]): () => Point {
  let n = -1;
  return () => {
    n += 1;
    return around[n % around.length] ?? { latitude: 0, longitude: 0 };
  };
}

function largestCities(): Point[] {
  return readPlaces()
    .sort((a, b) => b.item_state.population - a.item_state.population)
    .slice(0, CITIES)
    .map(({ item_latitude, item_longitude }) => ({ latitude: item_latitude, longitude: item_longitude }));
}

function near(city: Point | undefined, degrees: number, random: () => number): Point {
  return {
    latitude: (city?.latitude ?? 0) + (random() - 0.5) * degrees,
    longitude: (city?.longitude ?? 0) + (random() - 0.5) * degrees,
  };
}
