// Keys, types, statuses, ids, URLs, remarks and documents with every metacharacter: what is stored is read back exactly,
// through every call and as every filter, and nothing else in the database is touched.
//
//   DPG_HOSTILE_SEED=…   the values of the run that failed, as its message said
//   npm run test:soak    new values, for as long as its seconds allow

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { ofSlot } from '../../sdk/cli/doctor/slots.js';
import { createDpg, type Dpg, type FoundEvent, type Item, type UpsertItem } from '../../sdk/index.js';
import { isSoak, soak, soakSeconds, soakTimeout } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { document, key, remarks, text, url } from './values.js';

const CASES = soak(2_000, 10_000);
const database = await testDatabase();
const seed = Number(process.env.DPG_HOSTILE_SEED || Date.now() % 2 ** 31);
let dpg: Dpg;

beforeAll(async () => {
  dpg = createDpg(await database.createLogin('dpg_app'), { max: 4 });
  await database.sql.unsafe(`
    create table public.canary (id integer primary key, song text);
    insert into public.canary select n, 'la ' || n from generate_series(1, 10) n;
    insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com');
    update dpg.limits set limit_value = 1000000 where limit_name in ('leaves_per_network', 'networks');
    select dpg.upsert_item('asha', network, 'student', 't', 'https://bystander.example.com', 's', '{"a": 1}')
    from unnest(array['yellow_dot', 'canary', 'items']) network;
  `);
});

/** One digest for each thing that no call here has any business with. */
async function elsewhere(): Promise<Record<string, string>> {
  const partitions = `select t.relid
    from unnest(array['dpg.items', 'dpg.item_actions', 'dpg.action_events']::regclass[]) r, pg_partition_tree(r) t
    where t.level > 0`;
  const catalogues: Record<string, string> = {
    'relations but partitions': `select n.nspname, c.relname, c.relkind, c.relowner, c.relacl::text from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      where n.nspname !~ '^pg_(toast|temp)'
        and coalesce((select i.indrelid from pg_index i where i.indexrelid = c.oid), c.oid) not in (${partitions})`,
    'functions but those of slots': `select p.oid, p.proname, p.prosrc, p.proacl::text from pg_proc p
      where not ${ofSlot('p')}`,
    // and those are what the leaves make of them
    'broken slots': 'select * from dpg_private.find_broken_slots()',
    roles: `select r.rolname, r.rolsuper from pg_roles r where r.rolname !~ '_user_[0-9a-f]+$'`,
    schemas: `select n.nspname, n.nspacl::text from pg_namespace n where n.nspname !~ '^pg_(toast_)?temp'`,
    settings: `select s.setdatabase, s.setconfig from pg_db_role_setting s`,
    triggers: `select t.tgname, t.tgrelid, t.tgenabled from pg_trigger t where not t.tgisinternal
      and t.tgrelid not in (${partitions})`,
    canary: `select * from public.canary`,
    limits: `select * from dpg.limits`,
    redactions: `select * from dpg.redactions`,
    bystanders: `select * from dpg.items where item_instance_url = 'https://bystander.example.com'`,
  };
  const digests: Record<string, string> = {};
  for (const [name, query] of Object.entries(catalogues)) {
    const [row] = await database.sql.unsafe(
      `select count(*) || ' ' || md5(string_agg(t::text, '|' order by t::text)) as digest from (${query}) t`,
    );
    digests[name] = row?.digest ?? 'nothing';
  }
  return digests;
}

function exactly(found: unknown, right: unknown, what: string) {
  if (isDeepStrictEqual(found, right)) return;
  throw new Error(`${what}: ${JSON.stringify(right)} was read back as ${JSON.stringify(found)}`);
}

/** All of `right` is as given in `found`. */
function has(found: object, right: object, what: string) {
  for (const [column, value] of Object.entries(right))
    exactly((found as Record<string, unknown>)[column], value, `${column} of ${what}`);
}

async function idsOf(rows: AsyncIterable<Item>): Promise<string[]> {
  const ids: string[] = [];
  for await (const row of rows) ids.push(row.item_id);
  return ids.sort();
}

/** What one round stores under one new network; returns how many rows. */
async function round(
  sample: <T>(arbitrary: fc.Arbitrary<T>, count: number) => T[],
  number: number,
): Promise<number> {
  const one = <T>(arbitrary: fc.Arbitrary<T>) => sample(arbitrary, 1)[0] as T;
  let cases = 0;
  const [network, domain, action_type] = sample(key, 3) as [string, string, string];
  // the number keeps users apart, whose e-mail addresses are unique
  const [user, other] = sample(key, 2).map((id, i) => `${[...id].slice(0, 110).join('')}${number}.${i}`) as [
    string,
    string,
  ];
  await database.sql`insert into public."user" (id, name, email) values (${user}, '', ${`${number}.0`}), (${other}, '', ${`${number}.1`})`;
  const as = dpg.as(user);
  const target = dpg.as(other);
  const seenBefore = new Set((await dpg.partitions.list({ root: 'items', network })).map((leaf) => leaf.key));
  if (seenBefore.has(domain)) return 0;

  // ITEMS, in one call and singly
  const types = sample(key, 8);
  const urls = sample(url, 4);
  const proposed = sample(
    fc.record({
      item_type: fc.constantFrom(...types),
      item_instance_url: fc.constantFrom(...urls),
      item_schema_url: url,
      item_state: document,
    }),
    150,
  ).map(
    (item): UpsertItem => ({
      item_network: network,
      item_domain: domain,
      item_id: crypto.randomUUID(),
      item_latitude: 1,
      item_longitude: 2,
      ...item,
    }),
  );
  const stored = await as.items.upsertMany(proposed);
  proposed.forEach((item, i) => {
    has(stored[i] as Item, { ...item, created_by: user }, 'a row of upsertMany');
  });
  const singles = proposed
    .slice(0, 8)
    .map((item, i) => ({ ...item, item_id: crypto.randomUUID(), item_state: proposed[8 + i]?.item_state }));
  for (const item of singles) {
    has(await target.items.upsert(item), { ...item, created_by: other }, 'upsert');
    has(await dpg.items.get(item as Item), { ...item, created_by: other }, 'get');
  }
  const all = [...proposed, ...singles];
  cases += all.length;
  const found = new Map<string, Item>();
  for await (const item of dpg.items.find({ item_network: network, item_domain: domain, page_size: 100 }))
    found.set(item.item_id, item);
  exactly(found.size, all.length, 'how many items are found');
  for (const item of all) has(found.get(item.item_id as string) as Item, item, 'find');

  // AND AS FILTERS
  const matching = (match: (item: UpsertItem) => boolean) =>
    all
      .filter(match)
      .map((item) => item.item_id)
      .sort();
  const where = { item_network: network, item_domain: domain, page_size: 1000 };
  for (const item_type of [...types.slice(0, 3), one(key)]) {
    const right = matching((item) => item.item_type === item_type);
    exactly(
      await idsOf(dpg.items.find({ ...where, item_type })),
      right,
      `items of type ${JSON.stringify(item_type)}`,
    );
    exactly(
      await idsOf(dpg.items.nearest({ ...where, item_type, latitude: 0, longitude: 0 })),
      right,
      `nearest items of type ${JSON.stringify(item_type)}`,
    );
  }
  exactly(
    await idsOf(dpg.items.find({ ...where, item_instance_url: urls[0] })),
    matching((item) => item.item_instance_url === urls[0]),
    'items of a URL',
  );
  const schema = proposed[5]?.item_schema_url as string;
  exactly(
    await idsOf(dpg.items.find({ ...where, item_schema_url: schema })),
    matching((item) => item.item_schema_url === schema),
    'items of a schema',
  );
  exactly(
    Number(await dpg.items.count({ item_network: network, item_domain: domain, created_by: user })),
    proposed.length,
    'items of a user',
  );
  for (const item of proposed.slice(20, 24)) {
    const ids = await idsOf(dpg.items.find({ ...where, item_state: item.item_state ?? {} }));
    if (!ids.includes(item.item_id as string))
      throw new Error(`the item with ${JSON.stringify(item.item_state)} is not found by it`);
  }
  const change = { item_schema_url: one(url), item_state: one(document) };
  has(await as.items.update(stored[3] as Item, { changes: change }), change, 'update');

  // ACTIONS, along a declared graph of such statuses
  const statuses = [...new Set(sample(key, 6))];
  const [first = '', ...later] = statuses;
  await dpg.actions.define({
    partition_network: network,
    action_type,
    initial_status: first,
    transitions: [first, ...later].map((to) => ({ from: first, to, by: 'either' as const })),
  });
  for (const source of stored.slice(0, 12)) {
    const said = {
      requirements_snapshot: one(document),
      remarks: one(remarks),
      event_payload: one(document),
    };
    const action = await as.actions.perform({ action_type, source, target: singles[0] as Item, ...said });
    const { event_payload, ...kept } = said;
    has(
      action,
      {
        ...kept,
        partition_network: network,
        action_type,
        action_status: first,
        source_item_owner: user,
        target_item_owner: other,
      },
      'perform',
    );
    const move = {
      action_status: later[cases % later.length] ?? first,
      remarks: one(remarks),
      event_payload: one(document),
    };
    const moved = await target.actions.transition(action, move);
    has(
      await as.actions.get(moved),
      {
        action_status: move.action_status,
        remarks: move.remarks,
        requirements_snapshot: said.requirements_snapshot,
      },
      'transition',
    );
    const events = await as.events.find({
      partition_network: network,
      action_type,
      action_id: action.action_id,
    });
    has(
      events.rows[1] as object,
      { action_status: first, remarks: said.remarks, event_payload },
      'first event',
    );
    has(events.rows[0] as object, move, 'second event');
    cases += 2;
  }
  for (const action_status of statuses) {
    const { rows } = await target.actions.find({
      ownership_role: 'received',
      partition_network: network,
      action_type,
      action_status,
      page_size: 100,
    });
    for (const row of rows) exactly(row.action_status, action_status, 'the status asked for');
    const events = await as.events.find({
      partition_network: network,
      action_type,
      action_status,
      update_count: 1,
      page_size: 100,
    });
    exactly(
      events.rows.map((event) => event.action_id).sort(),
      rows
        .map((row) => row.action_id)
        .filter((id) => id)
        .sort(),
      `actions and events of status ${JSON.stringify(action_status)}`,
    );
  }

  // FROM ANOTHER INSTANCE
  const theirs = `their ${one(url)}`.slice(0, 250);
  const received = { source_item_instance_url: theirs, source_item_owner: one(key) };
  const source = {
    item_network: one(key),
    item_domain: one(key),
    item_type: one(key),
    item_id: crypto.randomUUID(),
  };
  const request = await dpg.actions.receive({
    action_type,
    source,
    ...received,
    target: singles[1] as Item,
    remarks: one(remarks),
  });
  has(
    request,
    {
      ...received,
      source_item_network: source.item_network,
      source_item_domain: source.item_domain,
      source_item_type: source.item_type,
    },
    'receive',
  );
  const { partition_network, action_id } = request;
  const answer = { action_status: first, remarks: one(text) };
  has(
    await dpg.actions.receiveTransition({
      ...received,
      partition_network,
      action_type,
      action_id,
      ...answer,
    }),
    answer,
    'receiveTransition',
  );
  const [template] = (await as.events.find({ partition_network: network, action_type, page_size: 1 }))
    .rows as [FoundEvent];
  const { ownership_roles, next_page_token, source_item_is_local, target_item_is_local, ...columns } =
    template;
  const mirrored = {
    ...columns,
    ...{
      event_id: crypto.randomUUID(),
      origin_instance_domain: theirs,
      target_item_instance_url: theirs,
      action_id: crypto.randomUUID(),
      action_status: one(key),
    },
    ...{
      source_item_domain: one(key),
      source_item_type: one(key),
      target_item_owner: one(key),
      event_payload: one(document),
      remarks: one(remarks),
    },
  };
  has(await dpg.events.store(mirrored), mirrored, 'store');
  has(
    (await as.events.find({ partition_network: network, action_type, action_id: mirrored.action_id }))
      .rows[0] as object,
    mirrored,
    'a mirrored event',
  );
  return cases + 3;
}

test(`${CASES.toLocaleString('en')} rows of hostile values are read back exactly, and nothing else changes`, {
  timeout: soakTimeout(90, 120),
}, async () => {
  const before = await elsewhere();
  const deadline = Date.now() + soakSeconds(0) * 1000;
  let cases = 0;
  let rounds = 0;
  try {
    for (; cases < CASES || (isSoak && Date.now() < deadline); rounds++) {
      let drawn = 0;
      cases += await round(
        (arbitrary, numRuns) => fc.sample(arbitrary, { numRuns, seed: seed + rounds * 1000 + drawn++ }),
        rounds,
      );
    }
  } catch (error) {
    throw new Error(`round ${rounds} with DPG_HOSTILE_SEED=${seed}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  expect(await elsewhere()).toEqual(before);

  // a leaf for each pair of keys, with the rows of these keys and no others, under a name that needs no quotes
  const leaves = await database.sql`select root, network, key, leaf::text from dpg.partitions`;
  expect(new Set(leaves.map(({ leaf }) => leaf)).size).toBe(leaves.length);
  for (const { root, network, key: leafKey, leaf } of leaves) {
    expect(leaf).toMatch(/^dpg\.[iae]_p_[a-z0-9_]{1,59}$/);
    const column = root === 'items' ? ['item_network', 'item_domain'] : ['partition_network', 'action_type'];
    const [row] = await database.sql.unsafe(
      `select count(*)::integer as strangers from ${leaf} where (${column}) is distinct from ($1::text, $2::text)`,
      [network, leafKey],
    );
    expect(row?.strangers).toBe(0);
  }
  console.log(`${cases} rows in ${rounds} rounds, ${leaves.length} leaves, seed ${seed}`);
  await dpg.end();
});
