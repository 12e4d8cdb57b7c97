// 100,000 real places into the tables of this project: through upsertMany, and by COPY.

import { finished } from 'node:stream/promises';
import postgres from 'postgres';
import { network, type Place, readPlaces } from '../../demo/places.js';
import { identifier, withAdmin } from '../../support/server.js';
import { COPY, THIS } from '../contestants/contestant.js';
import { dpgContestant } from '../contestants/dpg.js';
import { type Experiment, measurements, median } from '../experiment.js';
import { rotated, timed } from '../measure.js';

const OWNER = 'geonames';
const BATCH = 5000;
/** While the database stores a batch, the next is made ready. */
const IN_FLIGHT = 2;
const ONE_BY_ONE = `${THIS}, a call at a time`;

export const bulk: Experiment = {
  name: 'bulk',
  title: 'Bulk upsert of real places, rows counted',
  done: '100,000 real places are loaded into empty leaves with all indexes, by `upsert_items` and by COPY. Only the number of rows comes back.',
  limits: [
    'Two calls at a time use both cores, COPY uses one. The hollow bar is one call at a time, as COPY works.',
  ],
  async run(bench) {
    const places = readPlaces().slice(0, bench.amount(100_000, 20_000));
    const url = await bench.databases.migrated();
    await withAdmin(url, async (sql) => {
      await sql`insert into public."user" (id, name, email) values (${OWNER}, 'GeoNames', 'places@example.org')`;
      for (const domain of new Set(places.map(({ item_domain }) => item_domain)))
        await sql`select dpg.ensure_item_partition(${network}, ${domain})`;
    });
    const two = dpgContestant(url, IN_FLIGHT);
    const one = dpgContestant(url);
    const copying = postgres(url, { max: 1 });
    const turns = [
      { name: THIS, load: () => upsertAll(two, places, IN_FLIGHT) },
      { name: ONE_BY_ONE, load: () => upsertAll(one, places, 1) },
      { name: COPY, load: () => copyAll(copying, places) },
    ];
    const rates = new Map<string, number[]>(turns.map(({ name }) => [name, []]));
    for (let round = 0; round < bench.amount(4, 3); round += 1) {
      for (const { name, load } of rotated(turns, round)) {
        await empty(url);
        const milliseconds = await timed(load);
        if (round > 0) rates.get(name)?.push((places.length / milliseconds) * 1000);
      }
    }
    await Promise.all([two.end(), one.end(), copying.end()]);
    const found = measurements(`${places.length.toLocaleString('en')} places`, rates);
    return {
      unit: 'rows a second',
      measurements: found,
      ratios: [
        {
          what: '× the rows a second of COPY',
          value: median(found, THIS) / median(found, COPY),
          atLeast: 0.6,
        },
        {
          what: '× the rows a second of COPY, a call at a time',
          value: median(found, ONE_BY_ONE) / median(found, COPY),
        },
      ],
      notes: [
        `${BATCH.toLocaleString('en')} rows a call, ${IN_FLIGHT} calls at a time on as many connections; COPY is one statement on one.`,
        'COPY checks no owner and no document, gives no times in order, and refuses an id that is there.',
      ],
    };
  },
};

async function upsertAll(
  { dpg }: ReturnType<typeof dpgContestant>,
  places: Place[],
  lanes: number,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < places.length) {
      const batch = places.slice(next, next + BATCH);
      next += BATCH;
      await dpg.as(OWNER).items.upsertMany(batch, { returning: 'count' });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function copyAll(sql: postgres.Sql, places: Place[]): Promise<void> {
  const stream = await sql`
    copy dpg.items (
      item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
      item_latitude, item_longitude, created_by
    ) from stdin`.writable();
  let lines = '';
  for (const p of places) {
    const state = JSON.stringify(p.item_state).replaceAll('\\', '\\\\');
    lines += `${p.item_network}\t${p.item_domain}\t${p.item_type}\t${p.item_id}\t${p.item_instance_url}\t${p.item_schema_url}\t${state}\t${p.item_latitude}\t${p.item_longitude}\t${OWNER}\n`;
    if (lines.length > 65_536) {
      stream.write(lines);
      lines = '';
    }
  }
  stream.end(lines);
  await finished(stream);
}

/** Leaves and indexes as they were at the start. */
async function empty(url: string): Promise<void> {
  await withAdmin(url, async (sql) => {
    const leaves = await sql<{ leaf: string }[]>`select leaf::text from dpg.partitions where root = 'items'`;
    if (leaves.length === 0) throw new Error(`There is no leaf in ${identifier(url)}.`);
    await sql`truncate dpg.items, dpg.item_actions`;
    await sql`checkpoint`;
  });
}
