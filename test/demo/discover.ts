// What a page with a map, a list and a field for words asks: each answer compared with a walk through all places.

import { type Box, boxOf, type Dpg, type Facets, type MapMarker } from '../../sdk/index.js';
import { continents } from './continents.js';
import { bold, count, countryName, dim, done, expect, say, seconds, table, timed } from './output.js';
import { draw, type Label } from './picture.js';
import { network, type Place, type PlaceState } from './places.js';

const MOST_MARKERS = 60;

export async function discover(dpg: Dpg, places: Place[]): Promise<void> {
  const world = boxOf([-180, -90, 180, 90]);
  await showMap(dpg, places, 'The world', world);
  // as a map gives it that was moved once around to the east
  await showMap(dpg, places, 'A zoom: Europe', boxOf([-11 + 360, 35, 33 + 360, 61]));
  await showNames(dpg, places, 'A further zoom: Iceland', boxOf([-24.6, 63.2, -13.3, 66.6]));
  await showFacets(dpg, places);
  await showSearch(dpg, places);
}

/** At most 60 markers, each with how many places it stands for, over dots where there are any. */
async function showMap(dpg: Dpg, places: Place[], title: string, box: Box): Promise<void> {
  const { result: markers, milliseconds } = await timed(() =>
    dpg.items.map({ item_network: network, ...box, max_markers: MOST_MARKERS }),
  );
  const dots = await timed(() => dpg.items.map({ item_network: network, ...box, max_markers: 10_000 }));
  const inside = within(places, box).length;
  for (const some of [markers, dots.result]) expectAll(some, inside);
  expect(markers.length <= MOST_MARKERS, `${MOST_MARKERS} markers at most, not ${markers.length}`);

  say(
    `\n${bold(`${title}: ${count(inside)} places in ${markers.length} markers`)} ${dim(`${Math.round(milliseconds)} ms`)}`,
  );
  say(dim(`Dots: the same in ${count(dots.result.length)} markers, ${Math.round(dots.milliseconds)} ms`));
  const labels = markers.map(
    ({ latitude, longitude, item_count }): Label => ({ latitude, longitude, text: count(item_count) }),
  );
  say(draw(box, dots.result, labels));
}

/** As many places as markers: each has its key, and one call gets their names. */
async function showNames(dpg: Dpg, places: Place[], title: string, box: Box): Promise<void> {
  const { result, milliseconds } = await timed(async () => {
    const markers = await dpg.items.map({ item_network: network, ...box, max_markers: 200 });
    const keys = markers.flatMap(({ item_domain, item_type, item_id }) =>
      item_domain === null || item_type === null || item_id === null
        ? []
        : [{ item_network: network, item_domain, item_type, item_id }],
    );
    return { markers, items: await dpg.items.getMany<PlaceState>(keys) };
  });
  const { markers, items } = result;
  const expected = within(places, box);
  expectAll(markers, expected.length);
  expect(
    sameTexts(
      items.map(({ item_id }) => item_id),
      expected.map(({ item_id }) => item_id),
    ),
    `the ${expected.length} places of ${title}`,
  );
  say(
    `\n${bold(`${title}: ${items.length} places, each its own marker`)} ${dim(`· with their names, ${Math.round(milliseconds)} ms`)}`,
  );
  const largest = [...items].sort((one, other) => other.item_state.population - one.item_state.population);
  const labels = largest.map(
    ({ item_latitude, item_longitude, item_state }): Label => ({
      latitude: item_latitude ?? 0,
      longitude: item_longitude ?? 0,
      text: item_state.name,
    }),
  );
  say(draw(box, markers, labels, 1));
}

/** Counts beside the choices, which can be widened; the list, and how many there are of it. */
async function showFacets(dpg: Dpg, places: Place[]): Promise<void> {
  const facets = { size: ['city', 'metropolis'], country: ['IN', 'JP'] } satisfies Facets;
  const where = { item_network: network, facets };
  const { result, milliseconds } = await timed(() =>
    Promise.all([
      dpg.items.facets({ ...where, fields: ['size', 'country'], max_values: 6 }),
      dpg.items.count(where),
      dpg.items.find<PlaceState>({ ...where, page_size: 20 }),
    ]),
  );
  const [counts, total, page] = result;
  const isChosen = ({ item_state }: Place, field: 'size' | 'country') =>
    (facets[field] as readonly string[]).includes(item_state[field]);
  for (const { field, value, item_count } of counts) {
    const other = field === 'size' ? 'country' : 'size';
    const walked = places.filter(
      (place) => isChosen(place, other) && place.item_state[field as 'size' | 'country'] === value,
    );
    expect(item_count === BigInt(walked.length), `${walked.length} of ${field} ${value}, not ${item_count}`);
  }
  const both = places.filter((place) => isChosen(place, 'size') && isChosen(place, 'country'));
  expect(total === BigInt(both.length), `${both.length} places in all, not ${total}`);

  say(
    `\n${bold('Cities and metropolises of India and Japan')} ${dim(`${page.rows.length} of ${count(total)} · counts, total and list ${Math.round(milliseconds)} ms`)}`,
  );
  const shown = (field: string) =>
    counts
      .filter((one) => one.field === field)
      .map(({ value, item_count }): [string, bigint] => {
        const isIn = (facets[field as 'size' | 'country'] as readonly unknown[]).includes(value);
        const name = field === 'country' ? countryName(String(value)) : String(value);
        return [`${isIn ? '[x]' : '[ ]'} ${name}`, item_count];
      });
  const [sizes, countries] = [shown('size'), shown('country')];
  table(
    ['size, in these countries', 'places', 'country, of these sizes', 'places '],
    Array.from({ length: Math.max(sizes.length, countries.length) }, (_, i) => [
      ...(sizes[i] ?? ['', '']),
      ...(countries[i] ?? ['', '']),
    ]),
  );
}

/** Words: all but the last as they are, the last as a prefix. */
async function showSearch(dpg: Dpg, places: Place[]): Promise<void> {
  const { milliseconds } = await timed(async () => {
    for (const item_domain of continents) {
      const domain = { item_network: network, item_domain };
      await dpg.items.defineSearch({ ...domain, item_type: 'place_1.0', fields: ['name'] });
      while ((await dpg.items.refreshSearch(domain)) > 0);
    }
  });
  say();
  done(`${count(places.length)} names made ready for searches in ${seconds(milliseconds)}`);

  for (const search of ['san jo', 'new d']) {
    const where = { item_network: network, search };
    const { result, milliseconds: taken } = await timed(() =>
      Promise.all([dpg.items.search<PlaceState>({ ...where, page_size: 8 }), dpg.items.count(where)]),
    );
    const [{ rows }, total] = result;
    const [word = '', prefix = ''] = search.split(' ');
    const pattern = (text: string, end: string) => new RegExp(`(^|[^\\p{L}\\p{N}])${text}${end}`, 'iu');
    const walked = places.filter(
      ({ item_state: { name } }) =>
        pattern(word, '($|[^\\p{L}\\p{N}])').test(name) && pattern(prefix, '').test(name),
    );
    expect(total === BigInt(walked.length), `${walked.length} places of '${search}', not ${total}`);
    say(
      `\n${bold(`'${search}'`)} ${dim(`${rows.length} of ${count(total)}, the best first · ${Math.round(taken)} ms`)}`,
    );
    table(
      ['place', 'country', 'domain', 'population'],
      rows.map(({ item_state: { name, country, population }, item_domain }) => [
        name,
        countryName(country),
        item_domain,
        population,
      ]),
    );
  }
}

function within(places: Place[], { south, west, north, east }: Box): Place[] {
  return places.filter(
    ({ item_latitude, item_longitude }) =>
      item_latitude >= south && item_latitude <= north && item_longitude >= west && item_longitude <= east,
  );
}

function expectAll(markers: MapMarker[], places: number): void {
  const sum = markers.reduce((all, { item_count }) => all + item_count, 0n);
  expect(sum === BigInt(places), `markers of ${places} places, not of ${sum}`);
}

function sameTexts(some: string[], others: string[]): boolean {
  return [...some].sort().join() === [...others].sort().join();
}
