// Questions about places, each answer compared with what a walk through all places finds.

import type { CountItems, Dpg, FoundItem, NearestItem, NearestItems } from '../../sdk/index.js';
import type { Continent } from './continents.js';
import { bold, countryName, dim, expect, kilometers, say, table, timed } from './output.js';
import { network, type Place, type PlaceState } from './places.js';

type Around = Omit<NearestItems, 'item_network' | 'item_domain' | 'item_domains' | 'include_unplaced'>;

export async function askQuestions(dpg: Dpg, places: Place[]): Promise<void> {
  say(dim('One call searches all 7 domains, or the one that it names. Each answer is compared with a walk'));
  say(dim('through all places in memory.'));

  await showNearest(
    dpg,
    places,
    'The ten places nearest to the middle of the Strait of Gibraltar (35.95, -5.6)',
    {
      latitude: 35.95,
      longitude: -5.6,
      page_size: 10,
    },
  );
  await showCities(dpg, places);
  await showNearest(dpg, places, 'Within 300 km of a point on the 180° meridian, in Fiji (-17.5, 180)', {
    latitude: -17.5,
    longitude: 180,
    radius_meters: 300_000,
  });
  await showNearest(dpg, places, 'Within 2,100 km of the North Pole (90, 0)', {
    latitude: 90,
    longitude: 0,
    radius_meters: 2_100_000,
  });
}

async function showNearest(dpg: Dpg, places: Place[], question: string, around: Around): Promise<void> {
  const { result, milliseconds } = await timed(async () => {
    const { rows } = await dpg.items.nearest<PlaceState>({ item_network: network, ...around });
    return rows;
  });
  expectSame(result, walk(places, around).slice(0, around.page_size ?? undefined));
  say(`\n${bold(question)} ${dim(`${Math.round(milliseconds)} ms`)}`);
  table(
    ['place', 'country', 'domain', 'size', 'longitude', 'distance'],
    result.map((item) => [
      item.item_state.name,
      countryName(item.item_state.country),
      item.item_domain,
      item.item_state.size,
      (item.item_longitude ?? 0).toFixed(3),
      kilometers(item.distance_meters),
    ]),
  );
}

/** A circle and a document to contain, in one domain. */
export const citiesNearBrussels = {
  item_network: network,
  item_domain: 'europe' satisfies Continent,
  item_state: { size: 'city' },
  latitude: 50.85045,
  longitude: 4.34878,
  radius_meters: 50_000,
} satisfies CountItems;

async function showCities(dpg: Dpg, places: Place[]): Promise<void> {
  const sizes = ['city', 'metropolis'] as const;
  const { result, milliseconds } = await timed(async () => {
    const found: FoundItem<PlaceState>[] = [];
    // Containment knows no "or larger": a call a size. Iterated, so that a second page would come too.
    for (const size of sizes) {
      const filter = { ...citiesNearBrussels, item_state: { size } };
      for await (const item of dpg.items.find<PlaceState>(filter)) found.push(item);
    }
    return found.sort((one, other) => other.item_state.population - one.item_state.population);
  });
  const expected = walk(places, citiesNearBrussels).filter(({ place }) =>
    sizes.some((size) => size === place.item_state.size),
  );
  expect(
    sameMembers(
      result.map((item) => item.item_id),
      expected.map(({ place }) => place.item_id),
    ),
    `the cities near Brussels to be ${expected.map(({ place }) => place.item_state.name).join(', ')}`,
  );
  say(`\n${bold('Cities and larger within 50 km of Brussels')} ${dim(`${Math.round(milliseconds)} ms`)}`);
  table(
    ['place', 'country', 'size', 'population'],
    result.map(({ item_state: { name, country, size, population } }) => [
      name,
      countryName(country),
      size,
      population,
    ]),
  );
}

interface Walked {
  place: Place;
  meters: number;
}

function walk(
  places: Place[],
  { latitude, longitude, radius_meters }: Pick<Around, 'latitude' | 'longitude' | 'radius_meters'>,
): Walked[] {
  return places
    .map((place) => ({
      place,
      meters: haversine(latitude, longitude, place.item_latitude, place.item_longitude),
    }))
    .filter(({ meters }) => meters <= (radius_meters ?? Number.POSITIVE_INFINITY))
    .sort((one, other) => one.meters - other.meters);
}

function expectSame(found: NearestItem<PlaceState>[], expected: Walked[]): void {
  expect(found.length === expected.length, `${expected.length} places, not ${found.length}`);
  found.forEach((item, i) => {
    const { place, meters } = expected[i] as Walked;
    const same = item.item_id === place.item_id && Math.abs(item.distance_meters - meters) < 1;
    expect(
      same,
      `${place.item_state.name} at ${meters} m, not ${item.item_state.name} at ${item.distance_meters} m`,
    );
  });
}

function sameMembers(some: string[], others: string[]): boolean {
  return some.length === others.length && new Set([...some, ...others]).size === some.length;
}

/** Metres on the sphere that the extension earthdistance takes for the Earth. */
function haversine(
  latitude: number,
  longitude: number,
  otherLatitude: number,
  otherLongitude: number,
): number {
  const radians = Math.PI / 180;
  const halfChord =
    Math.sin(((otherLatitude - latitude) * radians) / 2) ** 2 +
    Math.cos(latitude * radians) *
      Math.cos(otherLatitude * radians) *
      Math.sin(((otherLongitude - longitude) * radians) / 2) ** 2;
  return 2 * 6_378_168 * Math.asin(Math.min(1, Math.sqrt(halfChord)));
}
