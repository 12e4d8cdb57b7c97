// Boxes: between which edges a map shows items.

import { z } from 'zod';
import { check, latitude, longitude } from './arguments.js';

/** Edges in degrees, themselves included. A box with `west` > `east` crosses the 180th meridian. */
export interface Box {
  south: number;
  west: number;
  north: number;
  east: number;
}

export const box = { south: latitude, west: longitude, north: latitude, east: longitude };
export const boxOrNone = {
  south: latitude.nullish(),
  west: longitude.nullish(),
  north: latitude.nullish(),
  east: longitude.nullish(),
};

/**
 * What maps call bounds, in degrees: an object of Leaflet (`LatLngBounds`) or MapLibre (`LngLatBounds`), or a `bbox` of
 * GeoJSON: west, south, east, north, or with heights six numbers, of which the third and the last are not read. Two corners
 * in an array are none of these: Leaflet begins each with its latitude, MapLibre with its longitude.
 */
export type Bounds =
  | { getSouth(): number; getWest(): number; getNorth(): number; getEast(): number }
  | readonly number[];

const BOUNDS =
  'Pass bounds of Leaflet or MapLibre that are not empty, or a bbox of GeoJSON: 4 or 6 finite numbers, west and south first.';
const edges = z.object({
  south: z.number(BOUNDS),
  west: z.number(BOUNDS),
  north: z.number(BOUNDS),
  east: z.number(BOUNDS),
});

/**
 * The box of what a map shows, for the filters `south`, `west`, `north`, `east`: `{ ...boxOf(map.getBounds()) }`. On a map
 * that has been moved across the 180th meridian, longitudes go on beyond ±180: here they come back into that range. A
 * map that shows all longitudes, once or more, is the whole world. Latitudes end at the poles.
 * @throws {InvalidArgumentError}
 */
export function boxOf(bounds: Bounds): Box {
  const { south, west, north, east } = check(edges, edgesOf(bounds), 'bounds');
  const latitudes = { south: clamp(south), north: clamp(north) };
  if (east - west >= 360) return { ...latitudes, west: -180, east: 180 };
  const first = westOf(west);
  return { ...latitudes, west: first, east: east === west ? first : eastOf(east) };
}

/** As they were given; nothing for what are no bounds. */
function edgesOf(bounds: Bounds): Partial<Box> | undefined {
  const given: unknown = bounds;
  if (Array.isArray(given)) {
    const half = given.length / 2;
    if (half !== 2 && half !== 3) return undefined;
    return { west: given[0], south: given[1], east: given[half], north: given[half + 1] };
  }
  try {
    const { getSouth, getWest, getNorth, getEast } = given as Extract<Bounds, { getSouth(): number }>;
    return {
      south: getSouth.call(given),
      west: getWest.call(given),
      north: getNorth.call(given),
      east: getEast.call(given),
    };
  } catch {
    return undefined; // both libraries throw when they are asked for the edges of empty bounds
  }
}

const clamp = (degrees: number) => Math.max(-90, Math.min(90, degrees));
const isInRange = (degrees: number) => degrees >= -180 && degrees <= 180;

// What is in range stays as it is. To take whole turns off the others loses no digit. 180 and -180 are one meridian: as an
// edge it is the one on whose side the box lies.
function westOf(degrees: number): number {
  if (isInRange(degrees)) return degrees;
  const rest = degrees % 360;
  if (rest >= 180) return rest - 360;
  return rest < -180 ? rest + 360 : rest;
}

function eastOf(degrees: number): number {
  if (isInRange(degrees)) return degrees;
  const rest = degrees % 360;
  if (rest > 180) return rest - 360;
  return rest <= -180 ? rest + 360 : rest;
}
