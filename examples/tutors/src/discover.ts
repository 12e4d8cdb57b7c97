// One request answers all that the page shows: the list, the map, the choices with their counts.

import { boxOf, type Dpg, type Facets } from 'dpg-database';
import { fieldNames, key, type Profile } from './network.js';

export async function discover(dpg: Dpg, query: URLSearchParams) {
  const facets: Record<string, NonNullable<Facets[string]>> = {};
  for (const field of fieldNames) {
    const chosen = query.getAll(field);
    if (chosen.length > 0) facets[field] = chosen; // an empty array would find nothing
  }
  const numbers = (name: string) => (query.get(name) ?? '').split(',').map(Number);
  const where = { ...key, item_domain: query.get('item_domain'), facets, ...boxOf(numbers('bbox')) };
  const [latitude = 0, longitude = 0] = numbers('center');
  const search = query.get('search')?.trim() || null;
  const max_markers = Math.min(Number(query.get('markers')), 200);
  const page_token = query.get('page_token');

  const [{ rows, next_page_token }, markers, counts] = await Promise.all([
    search
      ? dpg.items.search<Profile>({ ...where, search, page_token }) // the best match first
      : dpg.items.nearest<Profile>({ ...where, latitude, longitude, page_token }),
    page_token ? [] : dpg.items.map({ ...where, search, max_markers }),
    page_token ? [] : dpg.items.facets({ ...where, search, fields: fieldNames }),
  ]);
  // a marker that stands for one item has its key: one call gets all their names
  const single = markers.flatMap(({ item_domain, item_id }) =>
    item_domain && item_id ? [{ ...key, item_domain, item_id }] : [],
  );
  const named = await dpg.items.getMany<Profile>(single);
  const names = new Map<string | null, string>(named.map((item) => [item.item_id, item.item_state.name]));
  return {
    rows,
    next_page_token,
    // counts are BigInt, which JSON does not know
    markers: markers.map((one) => ({
      ...one,
      item_count: Number(one.item_count),
      name: names.get(one.item_id),
    })),
    counts: counts.map((count) => ({ ...count, item_count: Number(count.item_count) })),
  };
}

export type Marker = Awaited<ReturnType<typeof discover>>['markers'][number];
