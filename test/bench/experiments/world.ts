// The same small world for every contestant: two users, two domains with items, and leaves for the actions.

import { sql as drizzleSql } from 'drizzle-orm';
import { withAdmin } from '../../support/server.js';
import { bareContestant } from '../contestants/bare.js';
import type { Contestant, ItemKey, NewItem } from '../contestants/contestant.js';
import { dpgContestant } from '../contestants/dpg.js';
import {
  ensureActionEventPartition,
  ensureActionPartition,
  ensureItemPartition,
} from '../contestants/seed/ensure.js';
import { seedContestant } from '../contestants/seed.js';
import type { Bench } from '../experiment.js';
import { seededRandom } from '../measure.js';

export const NETWORK = 'yellow_dot';
export const SOURCE_OWNER = 'asha';
export const TARGET_OWNER = 'ravi';
export const ACTION_TYPE = 'connect';
const OWNERS = { student: SOURCE_OWNER, tutor: TARGET_OWNER };
const ITEMS_EACH = 20_000;
/** Leaves of the network, so that foreign keys and plans meet what they meet in a large one. */
const LEAVES = 100;

const domains = [...Object.keys(OWNERS), ...Array.from({ length: LEAVES - 2 }, (_, n) => `other ${n}`)];

const random = seededRandom(1);

export function newItem(domain: keyof typeof OWNERS = 'student'): NewItem {
  return {
    item_network: NETWORK,
    item_domain: domain,
    item_type: 'profile_1.0',
    item_instance_url: 'https://yellowdot.example.com',
    item_schema_url: 'https://schemas.example.com/profile_v1.json',
    item_state: { name: `Name ${Math.floor(random() * 1e6)}`, subject: 'math', verified: random() < 0.5 },
    item_latitude: 8 + random() * 20,
    item_longitude: 70 + random() * 20,
  };
}

/** The n-th of the items that are there from the start. */
export function knownItem(domain: keyof typeof OWNERS, n: number): ItemKey {
  const { item_network, item_domain, item_type } = newItem(domain);
  return { item_network, item_domain, item_type, item_id: uuid(n % ITEMS_EACH) };
}

const uuid = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

/** This project, bare SQL and the seed's use, each in a database of its own, and each by the way that its URL is given. */
export async function contestants(
  bench: Bench,
  connections = 1,
  way = (url: string) => url,
): Promise<Contestant[]> {
  worlds ??= [await dpgWorld(bench), await dpgWorld(bench), await seedWorld(bench)];
  const [dpg, bare, seed] = worlds.map(way) as typeof worlds;
  return [
    dpgContestant(dpg, connections),
    bareContestant(bare, connections),
    seedContestant(seed, connections),
  ];
}

/** Made once a run. */
let worlds: [dpg: string, bare: string, seed: string] | undefined;

const VALUES = `select '${NETWORK}', d.domain, 'profile_1.0', ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
    'https://yellowdot.example.com', 'https://schemas.example.com/profile_v1.json',
    jsonb_build_object('name', 'Name ' || n, 'subject', 'math', 'verified', n % 2 = 0),
    8 + random() * 20, 70 + random() * 20, d.owner
  from (values ('student', '${SOURCE_OWNER}'), ('tutor', '${TARGET_OWNER}')) d(domain, owner)
  cross join generate_series(0, ${ITEMS_EACH - 1}) n`;
const COLUMNS = `item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
  item_latitude, item_longitude, created_by`;
const USERS = `insert into public."user" (id, name, email)
  values ('${SOURCE_OWNER}', 'Asha', 'asha@example.com'), ('${TARGET_OWNER}', 'Ravi', 'ravi@example.com')`;

async function dpgWorld(bench: Bench): Promise<string> {
  const url = await bench.databases.migrated();
  await withAdmin(url, async (sql) => {
    await sql.unsafe(USERS);
    for (const domain of domains) await sql`select dpg.ensure_item_partition(${NETWORK}, ${domain})`;
    await sql`select dpg.ensure_action_partition(${NETWORK}, ${ACTION_TYPE})`;
    await sql`select dpg.ensure_action_event_partition(${NETWORK}, ${ACTION_TYPE})`;
    await sql.unsafe(`insert into dpg.items (${COLUMNS}) ${VALUES}`);
    await sql`insert into dpg_private.instance_url_sightings values ('https://yellowdot.example.com')`;
    await sql`vacuum analyze`;
  });
  return url;
}

async function seedWorld(bench: Bench): Promise<string> {
  const url = await bench.databases.seed();
  const { db, end } = seedContestant(url);
  await db.execute(drizzleSql.raw(USERS));
  for (const domain of domains) await ensureItemPartition(db, NETWORK, domain);
  await ensureActionPartition(db, NETWORK, ACTION_TYPE);
  await ensureActionEventPartition(db, NETWORK, ACTION_TYPE);
  await db.execute(drizzleSql.raw(`insert into items (${COLUMNS}) ${VALUES}`));
  await db.execute(drizzleSql.raw('vacuum analyze'));
  await end();
  return url;
}
