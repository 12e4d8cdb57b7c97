// Loads all places through the bulk upsert, some thousands a call.

import cliProgress from 'cli-progress';
import type { Dpg } from '../../sdk/index.js';
import { continents } from './continents.js';
import { count, done, expect, isTerminal, say, seconds, table, timed } from './output.js';
import { network, type Place, type Size } from './places.js';

const owner = 'geonames';
const BATCH = 2500;
/** While the database stores a batch, the next is made ready. */
const IN_FLIGHT = 2;

export async function loadPlaces(dpg: Dpg, places: Place[]): Promise<void> {
  await dpg.sql`
    insert into public."user" (id, name, email)
    values (${owner}, 'GeoNames', 'places@example.org')
    on conflict do nothing`;
  // A partition that is being made locks until its transaction ends, so not in those of the load.
  for (const item_domain of continents)
    await dpg.partitions.ensureItem({ item_network: network, item_domain });

  const { milliseconds } = await timed(() => upsertAll(dpg, places));
  const perSecond = Math.round(places.length / (milliseconds / 1000));
  done(
    `${count(places.length)} places in ${seconds(milliseconds)}: ${count(perSecond)} rows a second, ${count(BATCH)} a call`,
  );
}

async function upsertAll(dpg: Dpg, places: Place[]): Promise<void> {
  const { items } = dpg.as(owner);
  const progress = isTerminal ? bar(places.length) : plainLines(places.length);
  let next = 0;
  let stored = 0;
  const work = async () => {
    while (next < places.length) {
      const batch = places.slice(next, next + BATCH);
      next += batch.length;
      const rows = await items.upsertMany(batch, { returning: 'count' });
      stored += rows;
      progress.at(stored);
    }
  };
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  } finally {
    progress.end();
  }
  expect(stored === places.length, `${places.length} stored rows, not ${stored}`);
}

/** How many places of each size each leaf has, as the database counts them. */
export async function showSizes(dpg: Dpg, places: Place[]): Promise<void> {
  const sizes: Size[] = ['village', 'town', 'city', 'metropolis'];
  const rows = await Promise.all(
    continents.map(async (item_domain) => {
      const domain = { item_network: network, item_domain };
      const all = await dpg.items.count(domain);
      const bySize = await Promise.all(
        sizes.map((size) => dpg.items.count({ ...domain, item_state: { size } })),
      );
      return [item_domain, all, ...bySize] as const;
    }),
  );
  const total = rows.reduce((sum, [, all]) => sum + all, 0n);
  expect(total === BigInt(places.length), `to count ${places.length} items, not ${total}`);
  table(
    ['domain', 'places', 'villages', 'towns', 'cities', 'metropolises'],
    rows.map((row) => [...row]),
  );
}

interface Progress {
  at(stored: number): void;
  end(): void;
}

function bar(total: number): Progress {
  const rate = rateFromNow();
  const shown = new cliProgress.SingleBar({
    format: '  {bar} {percentage}% · {value} places · {rate} rows a second',
    stream: process.stdout,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    // Ctrl-C is the demo's own business.
    gracefulExit: false,
  });
  shown.start(total, 0, { rate: '' });
  return {
    at: (stored) => shown.update(stored, { rate: rate(stored) }),
    end: () => shown.stop(),
  };
}

function plainLines(total: number): Progress {
  const rate = rateFromNow();
  let said = 0;
  return {
    at(stored) {
      const fifth = Math.floor((stored / total) * 5);
      if (fifth === said) return;
      said = fifth;
      say(`  ${count(stored)} of ${count(total)} places · ${rate(stored)} rows a second`);
    },
    end() {},
  };
}

function rateFromNow(): (stored: number) => string {
  const start = performance.now();
  return (stored) => count(Math.round((stored / (performance.now() - start)) * 1000));
}
