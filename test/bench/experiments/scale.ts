// 10,000,000 items over 1,000 leaves, and the single calls on one of them as the table grows, and each leaf with it.

import { createDpg } from '../../../sdk/index.js';
import { withAdmin } from '../../support/server.js';
import type { Bench, Experiment, Measurement, Ratio } from '../experiment.js';
import { measurements, median } from '../experiment.js';
import { interleaved, timed } from '../measure.js';

const NETWORKS = 10;
const URL = 'https://scale.example.com';

export const scale: Experiment = {
  name: 'scale',
  title: 'Single calls as the table grows to 10,000,000 items',
  async run(bench) {
    const leaves = bench.amount(1000, 20);
    const steps = bench.amount([10_000, 100_000, 1_000_000, 10_000_000], [1000, 10_000, 100_000]);
    const url = await bench.databases.migrated();
    await makeLeaves(bench, url, leaves);
    const found: Measurement[] = [];
    const notes: string[] = [];
    let loaded = 0;
    for (const step of steps) {
      const took = await timed(() => load(url, leaves, loaded, step));
      loaded = step;
      const bytes = await withAdmin(url, async (sql) => {
        const [row] = await sql`select pg_database_size(current_database())::float8 as bytes`;
        return Number(row?.bytes);
      });
      notes.push(
        `${step.toLocaleString('en')} items: loaded in ${(took / 1000).toFixed(0)} s, ${(bytes / 2 ** 30).toFixed(2)} GiB in all.`,
      );
      bench.say(notes.at(-1) ?? '');
      found.push(...(await singleCalls(bench, url, step)));
    }
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

/** Items number `from` to `to`, by upsert_items, 10,000 a call. */
async function load(url: string, leaves: number, from: number, to: number): Promise<void> {
  await withAdmin(url, async (sql) => {
    for (let n = from; n < to; n += 10_000)
      await sql`
        select count(*)
        from dpg.upsert_items('asha', (
          select jsonb_agg(jsonb_build_object(
            'item_network', 'network ' || n % ${NETWORKS}::integer,
            'item_domain', 'domain ' || (n / ${NETWORKS}::integer) % ${leaves / NETWORKS}::integer,
            'item_type', 't', 'item_instance_url', ${URL}::text, 'item_schema_url', 's',
            'item_id', ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
            'item_state', jsonb_build_object('name', 'Item ' || n, 'group', 'group ' || (n / ${leaves}::integer) % 1000),
            'item_latitude', 8 + random() * 20, 'item_longitude', 70 + random() * 20
          ))
          from generate_series(${n}::integer, ${Math.min(n + 10_000, to) - 1}::integer) n
        ))`;
    await sql`vacuum analyze dpg.items`;
  });
}

async function singleCalls(bench: Bench, url: string, items: number): Promise<Measurement[]> {
  const dpg = createDpg(url, { max: 1 });
  const domain = { item_network: 'network 0', item_domain: 'domain 0' };
  const key = { ...domain, item_type: 't', item_id: '00000000-0000-4000-8000-000000000000' };
  const rest = { item_type: 't', item_instance_url: URL, item_schema_url: 's' };
  const here = { latitude: 15, longitude: 77 };
  const calls: Record<string, () => Promise<unknown>> = {
    'upsert, new': () =>
      dpg.as('asha').items.upsert({ ...domain, ...rest, item_latitude: 15, item_longitude: 77 }),
    'get item': () => dpg.items.get(key),
    'update item': () =>
      dpg.as('asha').items.update(key, { changes: { item_state: { at: performance.now() } } }),
    'find newest 20': async () => dpg.items.find(domain),
    'find by state': async () => dpg.items.find({ ...domain, item_state: { group: 'group 0' } }),
    'find in 5 km': async () => dpg.items.find({ ...domain, ...here, radius_meters: 5000 }),
    'nearest 20': async () => dpg.items.nearest({ ...domain, ...here }),
  };
  const turns = Object.entries(calls).map(([name, call]) => ({ name, call }));
  const times = await interleaved(turns, { rounds: bench.amount(4, 2), calls: 50, warmUp: 20 });
  await dpg.end();
  return measurements(String(items), times);
}
