// Each call that names its keys, at 10, 100, 1,000 and 5,000 leaves: how long it takes, how long the first of a
// connection takes, and how much memory a session keeps.

import postgres from 'postgres';
import { createDpg, type Dpg } from '../../../sdk/index.js';
import { withAdmin } from '../../support/server.js';
import {
  type Bench,
  type Experiment,
  type Measurement,
  measurements,
  median,
  type Ratio,
} from '../experiment.js';
import { interleaved, timed } from '../measure.js';

const ASHA = '11111111-1111-4111-8111-111111111111';
const RAVI = '22222222-2222-4222-8222-222222222222';
const URL = 'https://leaves.example.com';
const ITEM = {
  item_type: 't',
  item_instance_url: URL,
  item_schema_url: 's',
  item_latitude: 12,
  item_longitude: 77,
};

interface World {
  url: string;
  leaves: number;
  networks: number;
}

/** Its leaves were made first, so they have slots: their plans are kept. */
const FIRST_NETWORK = 'network 0';
/** A leaf in the largest database that has no slot. */
const NOT_KEPT = 'not kept';

const FIRST = 'first call of a connection';
const MEMORY = 'memory of a session';

/** Leaves of items; actions and events have two a network. */
const SIZES = [
  { leaves: 10, networks: 1 },
  { leaves: 100, networks: 1 },
  { leaves: 1000, networks: 10 },
  { leaves: 5000, networks: 50 },
];

export const leaves: Experiment = {
  name: 'leaves',
  title: 'Calls that name their keys, by the number of leaves',
  done: 'Twelve calls that name their keys, and the own items of an owner with 50, in databases with more and more leaves. Then the first call of a new connection, and the memory of a session.',
  limits: [
    'A statement that does not name the keys reads every leaf. [The settings](#settings-that-matter-where-there-are-many-leaves) show what that costs.',
  ],
  async run(bench) {
    const worlds: World[] = [];
    let from: string | undefined;
    for (const size of bench.amount(SIZES, SIZES.slice(0, 3))) {
      const url: string = await world(bench, size, from);
      worlds.push({ ...size, url });
      from = url;
    }
    const most = worlds.at(-1);
    if (most) largest = Promise.resolve(most);
    const clients = [
      ...worlds.map((its) => ({ ...its, network: FIRST_NETWORK })),
      ...(most ? [{ ...most, network: `network ${Math.floor(most.networks / 2)}` }] : []),
    ].map((its) => ({ ...its, dpg: createDpg(its.url, { max: 1 }) }));
    const found: Measurement[] = [];
    const ratios: Ratio[] = [];
    const notKept: Ratio[] = [];
    for (const [name, call] of Object.entries(calls())) {
      const turns = clients.map(({ leaves: n, dpg, network }) => ({
        name: network === FIRST_NETWORK ? String(n) : NOT_KEPT,
        call: () => call(dpg, network),
      }));
      // more than six calls, so that PostgreSQL has chosen its kind of plan
      const times = await interleaved(turns, { rounds: bench.amount(4, 2), calls: 20, warmUp: 12 });
      const panel = /actions?$|events$/.test(name) ? 'actions and events' : 'items';
      const all = measurements(name, times).map((m) => ({ ...m, what: m.who, who: name, panel }));
      const of = all.filter(({ what }) => what !== NOT_KEPT);
      found.push(...of);
      ratios.push(ratio(`× the time at 10 leaves, ${name}`, of, 1.25));
      notKept.push({
        what: `× of a leaf whose plans are kept, ${name}`,
        value: median(all, name, NOT_KEPT) / median(all, name, of.at(-1)?.what ?? ''),
      });
    }

    const first = new Map(worlds.map(({ leaves: n }) => [String(n), [] as number[]]));
    const memory = new Map(worlds.map(({ leaves: n }) => [String(n), [] as number[]]));
    for (let round = 0; round < bench.amount(7, 3); round += 1) {
      for (const { url, leaves: n } of worlds) {
        const sql = postgres(url, { max: 1, onnotice: () => {} });
        await sql`select`;
        const dpg = createDpg(sql);
        first.get(String(n))?.push(await timed(() => getItem(dpg)));
        for (const call of Object.values(calls()))
          for (let i = 0; i < 8; i += 1) await call(dpg, FIRST_NETWORK);
        const [row] =
          await sql`select sum(total_bytes)::float8 / 1048576 as used from pg_backend_memory_contexts`;
        memory.get(String(n))?.push(row?.used);
        await sql.end();
      }
    }
    for (const { panel, who, unit, times, atMost } of [
      { panel: FIRST, who: 'get item', unit: 'ms', times: first, atMost: 3 },
      { panel: MEMORY, who: 'all calls', unit: 'MiB', times: memory, atMost: 2 },
    ] as const) {
      const of = measurements(who, times).map((m) => ({ ...m, what: m.who, who, panel, unit }));
      found.push(...of);
      ratios.push(ratio(`× that at 10 leaves, ${panel}`, of, atMost));
    }
    await Promise.all(clients.map(({ dpg }) => dpg.end()));
    return {
      unit: 'ms',
      measurements: found,
      ratios: [...ratios, ...notKept],
      notes: [
        `Leaves of items over ${worlds.map(({ networks }) => networks).join(', ')} networks; two leaves a network of actions and of events besides.`,
        'Plans of the first 32 leaves of each table are kept. The leaves that are measured are among them; the last ratios compare one that is not, in the largest database.',
        'Memory is that of a session that has made every one of these calls eight times, on the leaves of one network.',
      ],
      chart: 'lines',
      axis: 'leaves of items',
    };
  },
};

function ratio(what: string, of: Measurement[], atMost: number) {
  const most = of.at(-1)?.what ?? '';
  return { what, value: median(of, of[0]?.who ?? '', most) / median(of, of[0]?.who ?? '', '10'), atMost };
}

const getItem = (dpg: Dpg) =>
  dpg.items.get({ item_network: 'network 0', item_domain: 'domain 0', item_type: 't', item_id: ASHA });

type Call = (dpg: Dpg, network: string) => Promise<unknown>;

function calls(): Record<string, Call> {
  const actions = new Map<Dpg, { partition_network: string; action_type: string; action_id: string }>();
  const student = (item_network: string) => ({
    item_network,
    item_domain: 'domain 0',
    item_type: 't',
    item_id: ASHA,
  });
  const tutor = (network: string) => ({
    ...student(network),
    item_domain: 'domain 1',
    item_id: RAVI,
  });
  const action = (dpg: Dpg) => actions.get(dpg) ?? { partition_network: '', action_type: '', action_id: '' };
  const perform: Call = async (dpg, network) => {
    const source = student(network);
    const made = await dpg
      .as('asha')
      .actions.perform({ action_type: 'connect', source, target: tutor(network) });
    actions.set(dpg, made);
  };
  return {
    'upsert, new': (dpg, network) =>
      dpg.as('asha').items.upsert({ ...student(network), ...ITEM, item_id: undefined }),
    'upsert, there': (dpg, network) =>
      dpg.as('asha').items.upsert({ ...student(network), ...ITEM, item_state: { at: performance.now() } }),
    'update item': (dpg, network) =>
      dpg.as('asha').items.update(student(network), { changes: { item_state: { at: performance.now() } } }),
    'get item': (dpg, network) => dpg.items.get(student(network)),
    'find items': (dpg, network) => dpg.items.find({ item_network: network, item_domain: 'domain 2' }),
    'find in circle': (dpg, network) =>
      dpg.items.find({
        item_network: network,
        item_domain: 'domain 2',
        latitude: 12,
        longitude: 77,
        radius_meters: 100,
      }),
    'nearest items': (dpg, network) =>
      dpg.items.nearest({
        item_network: network,
        item_domain: 'domain 2',
        latitude: 12,
        longitude: 77,
      }),
    'find own items': ({ sql }) => sql`select * from dpg.find_own_items('mina')`,
    'perform action': perform,
    'transition action': (dpg) =>
      dpg.as('ravi').actions.transition(action(dpg), { action_status: `status ${performance.now()}` }),
    'get action': (dpg) => dpg.as('asha').actions.get(action(dpg)),
    'find actions': (dpg) =>
      dpg
        .as('ravi')
        .actions.find({ partition_network: action(dpg).partition_network, action_type: 'connect' }),
    'find events': async (dpg) => {
      const { partition_network, action_type, action_id } = action(dpg);
      return dpg.as('ravi').events.find({ partition_network, action_type, action_id });
    },
  };
}

let largest: Promise<World> | undefined;

/** The one with the most leaves, made once a run. */
export function largestWorld(bench: Bench): Promise<World> {
  largest ??= (async () => {
    const size = { leaves: 1000, networks: 10, ...bench.amount(SIZES, SIZES.slice(0, 3)).at(-1) };
    return { ...size, url: await world(bench, size, undefined) };
  })();
  return largest;
}

/** Grows a copy of the former database: leaves take 10 to 20 ms each. */
async function world(
  bench: Bench,
  { leaves: wanted, networks }: { leaves: number; networks: number },
  from: string | undefined,
) {
  bench.say(`making ${wanted.toLocaleString('en')} leaves`);
  const server = await bench.databases.server();
  const url = from
    ? await bench.databases.create(server, new globalThis.URL(from).pathname.slice(1))
    : await bench.databases.migrated();
  const perNetwork = wanted / networks;
  await withAdmin(url, async (sql) => {
    await sql`insert into public."user" (id, name, email) values ('asha', 'Asha', 'a@x'), ('ravi', 'Ravi', 'r@x'), ('mina', 'Mina', 'm@x') on conflict do nothing`;
    await sql`set synchronous_commit = off`;
    for (let n = 0; n < networks; n += 1) {
      const network = `network ${n}`;
      for (let d = 0; d < perNetwork; d += 10)
        await sql`
          select count(dpg.ensure_item_partition(${network}, 'domain ' || d))
          from generate_series(${d}::integer, ${Math.min(d + 10, perNetwork) - 1}::integer) d`;
      for (const type of ['connect', 'apply']) {
        await sql`select dpg.ensure_action_partition(${network}, ${type})`;
        await sql`select dpg.ensure_action_event_partition(${network}, ${type})`;
      }
      await sql`select dpg.upsert_item('asha', ${network}, 'domain 0', 't', ${URL}, 's', '{}', 12, 77, ${ASHA})`;
      await sql`select dpg.upsert_item('ravi', ${network}, 'domain 1', 't', ${URL}, 's', '{}', 12, 77, ${RAVI})`;
      await sql`
        select count(dpg.upsert_item('ravi', ${network}, 'domain 2', 't', ${URL}, 's', '{}', 11 + n / 10.0, 77,
          ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid))
        from generate_series(0, 19) n`;
    }
    await sql`
      select count(dpg.upsert_item('mina', ${FIRST_NETWORK}, 'domain ' || n % 5, 't', ${URL}, 's', '{}', 12, 77,
        ('00000000-0000-4000-9000-' || lpad(to_hex(n), 12, '0'))::uuid))
      from generate_series(1, 50) n`;
    await sql`vacuum analyze`;
  });
  return url;
}
