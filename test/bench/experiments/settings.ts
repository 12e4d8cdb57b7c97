// What the settings of the server and of sessions do, where there are many leaves: figures for sql/README.md.

import postgres from 'postgres';
import { createDpg } from '../../../sdk/index.js';
import { withAdmin } from '../../support/server.js';
import type { Bench, Experiment, Measurement, Ratio } from '../experiment.js';
import { median } from '../experiment.js';
import { summary, timed } from '../measure.js';
import { largestWorld } from './leaves.js';

const BY_KEYS = `select count(*)::integer from dpg.items where item_network = $1 and item_domain = $2 and item_type = $3`;
const KEYS = ['network 0', 'domain 0', 't'];
const OVER_NETWORK = `select item_domain, count(*), max(updated_at) from dpg.items where item_network = 'network 0' group by item_domain`;
const REPORT = 'a report over 100 empty leaves';
const NOT_VACUUMED = 'replaced 5 times, not vacuumed';
const VACUUMED = 'vacuumed';
const WITHOUT_KEYS = `select count(*)::integer from dpg.items where item_id = '11111111-1111-4111-8111-111111111111'`;

/** A report over many leaves, with and without compiling it. The server from npm cannot compile; Debian's can. */
async function compiled(bench: Bench, found: Measurement[], notes: string[]): Promise<void> {
  const server = await bench.databases.serverWithPostgis();
  if (!server) {
    notes.push("jit: left out, since it needs Debian's server; the one from npm cannot compile.");
    return;
  }
  const url = await bench.databases.migrated(server);
  await withAdmin(url, async (sql) => {
    await sql`select count(dpg.ensure_item_partition('network 0', 'domain ' || d)) from generate_series(1, 100) d`;
    // as for the estimated cost of a large report
    await sql`set jit_above_cost = 0`;
    await sql`set jit_inline_above_cost = 0`;
    await sql`set jit_optimize_above_cost = 0`;
    const times = new Map<string, number[]>([
      ['jit on', []],
      ['jit off', []],
    ]);
    for (let i = 0; i < bench.amount(7, 3); i += 1)
      for (const jit of ['on', 'off']) {
        await sql.unsafe(`set jit = ${jit}`);
        times.get(`jit ${jit}`)?.push(await timed(() => sql.unsafe(OVER_NETWORK)));
      }
    for (const [who, values] of times) found.push({ what: REPORT, who, ...summary(values) });
  });
}

/** One leaf of items, all of them replaced five times while nobody vacuums: each call before a vacuum and after it. */
async function bloated(bench: Bench, found: Measurement[]): Promise<void> {
  const url = await bench.databases.migrated();
  const count = bench.amount(20_000, 5_000);
  await withAdmin(url, async (sql) => {
    await sql`insert into public."user" (id, name, email) values ('asha', 'Asha', 'a@x')`;
    const leaf = sql.unsafe(String((await sql`select dpg.ensure_item_partition('n', 'd') as leaf`)[0]?.leaf));
    await sql`alter table ${leaf} set (autovacuum_enabled = false)`;
    for (let version = 0; version <= 5; version += 1)
      await sql`
        select count(*)
        from dpg.upsert_items('asha', (
          select jsonb_agg(jsonb_build_object(
            'item_network', 'n', 'item_domain', 'd', 'item_type', 't', 'item_instance_url', 'https://n.example.com',
            'item_schema_url', 's', 'item_id', ('00000000-0000-4000-8000-' || lpad(to_hex(i), 12, '0')),
            'item_state', jsonb_build_object('version', ${version}::integer, 'group', i % 100),
            'item_latitude', 12 + (i % 100) / 100.0, 'item_longitude', 77 + (i / 100) / 100.0
          ))
          from generate_series(1, ${count}::integer) i
        ))`;
    const keys = { item_network: 'n', item_domain: 'd' };
    const dpg = createDpg(sql);
    const calls = {
      'find items': () => dpg.items.find({ ...keys, item_state: { group: 7 } }),
      'find in circle': () =>
        dpg.items.find({ ...keys, latitude: 12.5, longitude: 77.5, radius_meters: 5000 }),
      'count items': () => dpg.items.count({ ...keys, item_state: { group: 7 } }),
    };
    await sql`analyze ${leaf}`;
    for (const who of [NOT_VACUUMED, VACUUMED]) {
      for (const [what, call] of Object.entries(calls)) {
        const times: number[] = [];
        // reads mark dead entries of indexes as they meet them: the first call of all is what a caller meets
        for (let i = 0; i < bench.amount(30, 10); i += 1) times.push(await timed(call));
        found.push({ what, who, ...summary(times) });
      }
      await sql`vacuum analyze ${leaf}`;
    }
  });
}

export const settings: Experiment = {
  name: 'settings',
  title: 'Settings that matter where there are many leaves',
  done: 'Not a contest: what settings of the server do to statements of your own and to reports, and what a vacuum is worth.',
  limits: ['The slowest of several calls is one sample, not a median.'],
  async run(bench) {
    const { url, leaves } = await largestWorld(bench);
    const found: Measurement[] = [];
    const notes: string[] = [`${leaves.toLocaleString('en')} leaves of items.`];
    const session = (connection: Record<string, string | number | boolean> = {}) =>
      postgres(url, { max: 1, onnotice: () => {}, connection });
    const memory = async (sql: postgres.Sql) => {
      const [row] =
        await sql`select sum(total_bytes)::float8 / 1048576 as used from pg_backend_memory_contexts`;
      return Math.round(row?.used);
    };
    const say = (what: string, who: string, times: number[]) => found.push({ what, who, ...summary(times) });

    // a prepared statement of one's own, by the keys: its sixth call plans for all leaves
    for (const mode of ['auto', 'force_custom_plan']) {
      const sql = session({ plan_cache_mode: mode });
      const times: number[] = [];
      for (let i = 0; i < 12; i += 1)
        times.push(await timed(() => sql.unsafe(BY_KEYS, KEYS, { prepare: true }).catch(() => undefined)));
      say('own statement by its keys, slowest of calls 2 to 12', `plan_cache_mode ${mode}`, [
        Math.max(...times.slice(1)),
      ]);
      notes.push(`plan_cache_mode ${mode}: ${await memory(sql)} MiB in the session after 12 calls.`);
      await sql.end();
    }

    await compiled(bench, found, notes);

    // a leaf whose rows were replaced again and again, before autovacuum came by and after
    await bloated(bench, found);

    // a statement without keys opens every leaf
    const locking = session();
    const [locks] = await locking
      .begin(async (sql) => {
        await sql.unsafe(WITHOUT_KEYS);
        return sql`select count(*)::integer as locks from pg_locks where pid = pg_backend_pid()`;
      })
      .catch((error: Error) => [{ locks: `more than there are (${error.message})` }]);
    notes.push(`A statement without keys: ${await memory(locking)} MiB in the session.`);
    notes.push(`Locks of a statement without keys: ${locks?.locks}.`);

    await locking.end();

    // a session that lives long enough to meet many leaves
    const visiting = session();
    const touched = await visiting`select network, key from dpg.partitions where root = 'items' limit 500`;
    const before = await memory(visiting);
    for (const { network, key } of touched)
      await visiting`select count(*) from dpg.find_items(${network}, ${key}, page_size => 1)`;
    const after = await memory(visiting);
    notes.push(
      `A session that reads ${touched.length} leaves by find_items: ${before} MiB before, ${after} MiB after.`,
    );
    await visiting.end();

    const ratio = (what: string, who: string, to: string): Ratio => ({
      what: `× ${to}: ${who}, ${what}`,
      value: median(found, who, what) / median(found, to, what),
    });
    const sixth = 'own statement by its keys, slowest of calls 2 to 12';
    return {
      unit: 'ms',
      measurements: found,
      ratios: [
        ratio(sixth, 'plan_cache_mode auto', 'plan_cache_mode force_custom_plan'),
        ...(found.some(({ what }) => what === REPORT) ? [ratio(REPORT, 'jit on', 'jit off')] : []),
        ...['find items', 'find in circle', 'count items'].map((what) => ratio(what, NOT_VACUUMED, VACUUMED)),
      ],
      notes,
    };
  },
};
