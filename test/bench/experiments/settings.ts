// What the settings of the server and of sessions do, where there are many leaves: figures for sql/README.md.

import postgres from 'postgres';
import type { Experiment, Measurement, Ratio } from '../experiment.js';
import { median } from '../experiment.js';
import { summary, timed } from '../measure.js';
import { largestWorld } from './leaves.js';

const BY_KEYS = `select count(*)::integer from dpg.items where item_network = $1 and item_domain = $2 and item_type = $3`;
const KEYS = ['network 0', 'domain 0', 't'];
const WITHOUT_KEYS = `select count(*)::integer from dpg.items where item_id = '11111111-1111-4111-8111-111111111111'`;

export const settings: Experiment = {
  name: 'settings',
  title: 'Settings that matter where there are many leaves',
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

    // a statement without keys reads every leaf
    for (const jit of ['on', 'off']) {
      const sql = session({ jit });
      const times: number[] = [];
      let refusal = '';
      for (let i = 0; i < 3; i += 1)
        times.push(
          await timed(async () => {
            await sql.unsafe(WITHOUT_KEYS).catch((error: Error) => {
              refusal = error.message;
            });
          }),
        );
      if (refusal) notes.push(`A statement without keys, jit ${jit}: ${refusal}.`);
      say('a statement without keys', `jit ${jit}`, times);
      notes.push(`A statement without keys, jit ${jit}: ${await memory(sql)} MiB in the session.`);
      await sql.end();
    }
    const locking = session();
    const [locks] = await locking
      .begin(async (sql) => {
        await sql.unsafe(WITHOUT_KEYS);
        return sql`select count(*)::integer as locks from pg_locks where pid = pg_backend_pid()`;
      })
      .catch(() => [{ locks: 'more than there are' }]);
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
        ratio('a statement without keys', 'jit on', 'jit off'),
      ],
      notes,
    };
  },
};
