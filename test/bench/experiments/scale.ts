// 10,000,000 items over 1,000 leaves, and the single calls on one of them as the table grows, and each leaf with it.

import { createDpg, type Dpg } from '../../../sdk/index.js';
import { withAdmin } from '../../support/server.js';
import type { Bench, Experiment, Measurement, Ratio } from '../experiment.js';
import { median } from '../experiment.js';
import { interleaved, summary, timed } from '../measure.js';

const NETWORKS = 10;
const URL = 'https://scale.example.com';

export const scale: Experiment = {
  name: 'scale',
  title: 'Single calls as the table grows to 10,000,000 items',
  done: 'The same database grows, and seven calls are measured at each size, on one of its leaves.',
  limits: [
    'The leaf grows with the table, one thousandth of all items in each. Larger leaves have deeper indexes.',
    'All fits in memory. A table that does not will read from the disk.',
  ],
  async run(bench) {
    const leaves = bench.amount(1000, 20);
    const steps = bench.amount([10_000, 100_000, 1_000_000, 10_000_000], [1000, 10_000, 100_000]);
    const url = await bench.databases.migrated();
    await makeLeaves(bench, url, leaves);
    const notes: string[] = [];
    const sizes: { items: number; url: string }[] = [];
    let loaded = 0;
    for (const items of steps) {
      const took = await timed(() => load(url, leaves, loaded, items));
      loaded = items;
      const bytes = await withAdmin(url, async (sql) => {
        const [row] = await sql`select pg_database_size(current_database())::float8 as bytes`;
        return Number(row?.bytes);
      });
      notes.push(
        `${items.toLocaleString('en')} items: loaded in ${(took / 1000).toFixed(0)} s, ${(bytes / 2 ** 30).toFixed(2)} GiB in all.`,
      );
      bench.say(notes.at(-1) ?? '');
      // a copy of each size stays, so that all of them are measured in turns
      const server = await bench.databases.server();
      const name = new globalThis.URL(url).pathname.slice(1);
      sizes.push({ items, url: items === steps.at(-1) ? url : await bench.databases.create(server, name) });
    }
    const found = await singleCalls(bench, sizes);
    const first = String(steps[0]);
    const last = String(steps.at(-1));
    const ratios: Ratio[] = [...new Set(found.map(({ who }) => who))].map((who) => ({
      what: `× the time at ${Number(first).toLocaleString('en')} items, ${who}`,
      value: median(found, who, last) / median(found, who, first),
    }));
    return {
      unit: 'ms',
      measurements: found,
      ratios,
      notes: [`Over ${leaves} leaves.`, ...notes],
      chart: 'lines',
      axis: 'items',
    };
  },
};

async function makeLeaves(bench: Bench, url: string, leaves: number): Promise<void> {
  bench.say(`making ${leaves} leaves`);
  await withAdmin(url, async (sql) => {
    await sql`insert into public."user" (id, name, email) values ('asha', 'Asha', 'a@x')`;
    for (let n = 0; n < leaves; n += 10)
      await sql`
        select count(dpg.ensure_item_partition('network ' || n % ${NETWORKS}::integer, 'domain ' || n / ${NETWORKS}::integer))
        from generate_series(${n}::integer, ${n + 9}::integer) n`;
  });
}

/** Items number `from` to `to`, by upsert_items, at most 10,000 a call, leaf by leaf. */
async function load(url: string, leaves: number, from: number, to: number): Promise<void> {
  const perLeaf = (to - from) / leaves;
  await withAdmin(url, async (sql) => {
    for (let n = 0; n < to - from; n += 10_000)
      await sql`
        select count(*)
        from dpg.upsert_items('asha', (
          select jsonb_agg(jsonb_build_object(
            'item_network', 'network ' || leaf % ${NETWORKS}::integer,
            'item_domain', 'domain ' || leaf / ${NETWORKS}::integer,
            'item_type', 't', 'item_instance_url', ${URL}::text, 'item_schema_url', 's',
            'item_id', ('00000000-0000-4000-8000-' || lpad(to_hex(${from}::integer + n), 12, '0'))::uuid,
            'item_state', jsonb_build_object('name', 'Item ' || n, 'group', 'group ' || n % 1000),
            'item_latitude', 8 + random() * 20, 'item_longitude', 70 + random() * 20
          ))
          from generate_series(${n}::integer, ${Math.min(n + 10_000, to - from) - 1}::integer) n
          cross join lateral (select n / ${perLeaf}::integer) l(leaf)
        ))`;
    await sql`vacuum analyze dpg.items`;
  });
}

type Call = (dpg: Dpg) => Promise<unknown>;

async function singleCalls(bench: Bench, sizes: { items: number; url: string }[]): Promise<Measurement[]> {
  const domain = { item_network: 'network 0', item_domain: 'domain 0' };
  const key = { ...domain, item_type: 't', item_id: '00000000-0000-4000-8000-000000000000' };
  const rest = { item_type: 't', item_instance_url: URL, item_schema_url: 's' };
  const here = { latitude: 15, longitude: 77 };
  const calls: Record<string, Call> = {
    'upsert, new': (dpg) =>
      dpg.as('asha').items.upsert({ ...domain, ...rest, item_latitude: 15, item_longitude: 77 }),
    'get item': (dpg) => dpg.items.get(key),
    'update item': (dpg) =>
      dpg.as('asha').items.update(key, { changes: { item_state: { at: performance.now() } } }),
    'find newest 20': async (dpg) => dpg.items.find(domain),
    'find by state': async (dpg) => dpg.items.find({ ...domain, item_state: { group: 'group 0' } }),
    'find in 5 km': async (dpg) => dpg.items.find({ ...domain, ...here, radius_meters: 5000 }),
    'nearest 20': async (dpg) => dpg.items.nearest({ ...domain, ...here }),
  };
  const clients = sizes.map(({ items, url }) => ({ items, dpg: createDpg(url, { max: 1 }) }));
  const found: Measurement[] = [];
  for (const [who, call] of Object.entries(calls)) {
    const turns = clients.map(({ items, dpg }) => ({ name: String(items), call: () => call(dpg) }));
    const times = await interleaved(turns, { rounds: bench.amount(4, 2), calls: 50, warmUp: 20 });
    for (const [items, values] of times) found.push({ what: items, who, ...summary(values) });
  }
  await Promise.all(clients.map(({ dpg }) => dpg.end()));
  return found;
}
