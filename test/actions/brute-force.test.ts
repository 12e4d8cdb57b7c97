// Lists and counts of actions against brute force: random filters over actions that are here and that are mirrored, between
// items that are here, that live elsewhere and that are gone. What must come is computed by loops over all actions. The seed
// of a run is in what a failure says.

import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { Chance } from '../items/world.js';
import { soak } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';

const seed = Number(process.env.DPG_ACTIONS_SEED || Date.now() % 2 ** 31);
const chance = new Chance(seed);
const database = await testDatabase();

const NETWORKS = ['east', 'west'];
const DOMAINS = ['student', 'tutor'];
const TYPES = ['connect', 'invite', 'visit'];
const ITEM_TYPES = ['a', 'b'];
const STATUSES = ['created', 'accepted', 'rejected', 'rare'];
const OWNERS = ['ann', 'ben', 'cem', 'dee', 'eva'];
const ROLES = ['initiated', 'received', 'all'];
const id = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const time = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();

interface Item {
  item_network: string;
  item_domain: string;
  item_type: string;
  item_id: string;
  created_by: string;
  item_state: { n: number };
  item_status: string;
}

interface Action {
  partition_network: string;
  action_type: string;
  action_id: string;
  action_status: string;
  source_item_network: string;
  source_item_domain: string;
  source_item_type: string;
  source_item_id: string;
  source_item_owner: string;
  source_item_is_local: boolean;
  target_item_network: string;
  target_item_domain: string;
  target_item_type: string;
  target_item_id: string;
  target_item_owner: string;
  target_item_instance_url: string;
  updated_at: string;
  is_mirrored: boolean;
}

// the ids of items are the same in every domain and type
const items: Item[] = NETWORKS.flatMap((item_network) =>
  DOMAINS.flatMap((item_domain) =>
    ITEM_TYPES.flatMap((item_type) =>
      Array.from({ length: 6 }, (_, n) => ({
        item_network,
        item_domain,
        item_type,
        item_id: id(n),
        created_by: chance.of(OWNERS),
        item_state: { n: Math.floor(chance.between(0, 1e6)) },
        item_status: chance.of(['live', 'draft']),
      })),
    ),
  ),
);
const keyOf = (item: Pick<Item, 'item_network' | 'item_domain' | 'item_type' | 'item_id'>) =>
  [item.item_network, item.item_domain, item.item_type, item.item_id].join(' ');
const gone = new Set(items.filter(() => chance.is(0.15)).map(keyOf));
const stored = new Map(items.filter((item) => !gone.has(keyOf(item))).map((item) => [keyOf(item), item]));

const actions: Action[] = Array.from({ length: 4000 }, (_, n) => {
  const source = chance.of(items);
  const target = chance.of(items);
  const is_mirrored = chance.is(0.2);
  // an id may be that of several actions
  return {
    partition_network: target.item_network,
    action_type: chance.of(TYPES),
    action_id: id(Math.floor(n / 2)),
    action_status: chance.is(0.02) ? 'rare' : chance.of(STATUSES.slice(0, 3)),
    source_item_network: source.item_network,
    source_item_domain: source.item_domain,
    source_item_type: source.item_type,
    source_item_id: source.item_id,
    // as it was then: not always that of now
    source_item_owner: chance.is(0.9) ? source.created_by : chance.of(OWNERS),
    source_item_is_local: is_mirrored || chance.is(0.85),
    target_item_network: target.item_network,
    target_item_domain: target.item_domain,
    target_item_type: target.item_type,
    target_item_id: target.item_id,
    target_item_owner: chance.is(0.9) ? target.created_by : chance.of(OWNERS),
    target_item_instance_url: is_mirrored ? `https://away${n % 2}.example.com` : 'https://here.example.com',
    // some at the same time
    updated_at: time(Math.floor(chance.between(0, 900))),
    is_mirrored,
  };
}).filter(
  (action, n, all) =>
    all.findIndex(
      (other) =>
        other.action_id === action.action_id &&
        other.partition_network === action.partition_network &&
        other.action_type === action.action_type &&
        other.is_mirrored === action.is_mirrored,
    ) === n,
);

beforeAll(async () => {
  const { sql } = database;
  await sql`insert into public."user" (id, name, email) select u, u, u from unnest(${OWNERS}::text[]) u`;
  for (const network of NETWORKS) {
    for (const domain of DOMAINS) await sql`select dpg.ensure_item_partition(${network}, ${domain})`;
    for (const type of TYPES) await sql`select dpg.ensure_action_partition(${network}, ${type})`;
  }
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`
      insert into dpg.items (
        item_network, item_domain, item_type, item_id, created_by, item_state, item_status, item_instance_url, item_schema_url
      )
      select r.*, 'https://here.example.com', 's'
      from jsonb_to_recordset(${JSON.stringify([...stored.values()])}::text::jsonb) r(
        item_network text, item_domain text, item_type text, item_id uuid, created_by text, item_state jsonb, item_status text
      )`;
    const rows = (table: string, origin: string, value: string, those: Action[]) =>
      tx.unsafe(
        `insert into ${table} (
          partition_network, action_type, action_id, action_status, source_item_network, source_item_domain,
          source_item_type, source_item_id, source_item_owner, source_item_is_local, target_item_network,
          target_item_domain, target_item_type, target_item_id, target_item_owner, target_item_instance_url, updated_at,
          created_at, source_item_instance_url, update_count, requirements_snapshot, source_local_item_id${origin}
        )
        select r.*, r.updated_at, 'https://here.example.com', 0, '{}',
          case when r.source_item_is_local and r.source_item_network = r.partition_network then r.source_item_id end${value}
        from jsonb_to_recordset($1::text::jsonb) r(
          partition_network text, action_type text, action_id uuid, action_status text, source_item_network text,
          source_item_domain text, source_item_type text, source_item_id uuid, source_item_owner text,
          source_item_is_local boolean, target_item_network text, target_item_domain text, target_item_type text,
          target_item_id uuid, target_item_owner text, target_item_instance_url text, updated_at timestamptz
        )`,
        [JSON.stringify(those)],
      );
    await rows(
      'dpg.item_actions',
      '',
      '',
      actions.filter((a) => !a.is_mirrored),
    );
    await rows(
      'dpg_private.mirrored_actions',
      ', origin_instance_domain',
      ', r.target_item_instance_url',
      actions.filter((a) => a.is_mirrored),
    );
    await tx`
      insert into dpg_private.party_leaves (owner, partition_network, action_type)
      select distinct o.owner, a.partition_network, a.action_type
      from dpg.item_actions a
      cross join lateral (
        values (case when a.source_item_is_local then a.source_item_owner end), (a.target_item_owner)
      ) o(owner)
      where o.owner is not null`;
  });
  await sql`vacuum analyze`;
});

interface Asked {
  actor: string;
  ownership_role: string | null;
  partition_network?: string;
  action_type?: string;
  action_types?: string[];
  action_status?: string;
  action_statuses?: string[];
  item_id?: string;
  action_id?: string;
  oldest_first?: boolean | null;
  with_items?: boolean | null;
}

const CASTS: Record<string, string> = {
  item_id: 'uuid',
  action_id: 'uuid',
  oldest_first: 'boolean',
  with_items: 'boolean',
  page_size: 'integer',
};

async function call<Row extends object>(sql: postgres.ISql, name: string, given: object): Promise<Row[]> {
  const texts: (string | null)[] = [];
  const list = Object.entries(given).map(([argument, value]) => {
    texts.push(Array.isArray(value) ? JSON.stringify(value) : value === null ? null : String(value));
    return Array.isArray(value)
      ? `${argument} => array(select jsonb_array_elements_text($${texts.length}::text::jsonb))`
      : `${argument} => $${texts.length}::text::${CASTS[argument] ?? 'text'}`;
  });
  return await sql.unsafe<Row[]>(`select r.* from dpg.${name}(${list.join(', ')}) r`, texts);
}

const said = (what: object) => `DPG_ACTIONS_SEED=${seed}: ${JSON.stringify(what)}`;
const isInitiated = (action: Action, actor: string) =>
  action.source_item_is_local && action.source_item_owner === actor;
const isReceived = (action: Action, actor: string) =>
  !action.is_mirrored && action.target_item_owner === actor;

function rolesOf(action: Action, { actor, ownership_role, item_id }: Asked): string[] {
  const wanted = ownership_role ?? 'all';
  return [
    ...(wanted !== 'received' &&
    isInitiated(action, actor) &&
    (item_id === undefined || action.source_item_id === item_id)
      ? ['initiated']
      : []),
    ...(wanted !== 'initiated' &&
    isReceived(action, actor) &&
    (item_id === undefined || action.target_item_id === item_id)
      ? ['received']
      : []),
  ];
}

const isWanted = (action: Action, asked: Asked) =>
  rolesOf(action, asked).length > 0 &&
  (asked.partition_network === undefined || action.partition_network === asked.partition_network) &&
  (asked.action_type === undefined || action.action_type === asked.action_type) &&
  (asked.action_types === undefined || asked.action_types.includes(action.action_type)) &&
  (asked.action_status === undefined || action.action_status === asked.action_status) &&
  (asked.action_statuses === undefined || asked.action_statuses.includes(action.action_status)) &&
  (asked.action_id === undefined || action.action_id === asked.action_id);

const keys = (a: Action) => [a.partition_network, a.action_type, a.action_id, a.target_item_instance_url];
const byKey = (one: string[], other: string[]) => {
  const n = one.findIndex((key, at) => key !== other[at]);
  return n === -1 ? 0 : (one[n] as string) < (other[n] as string) ? -1 : 1;
};

function expected(asked: Asked) {
  const direction = asked.oldest_first ? -1 : 1;
  return actions
    .filter((action) => isWanted(action, asked))
    .sort(
      (a, b) => direction * (Date.parse(b.updated_at) - Date.parse(a.updated_at)) || byKey(keys(a), keys(b)),
    )
    .map((action) => {
      const content = (side: 'source' | 'target') =>
        asked.with_items && (side === 'source' ? action.source_item_is_local : !action.is_mirrored)
          ? stored.get(
              keyOf({
                item_network: action[`${side}_item_network`],
                item_domain: action[`${side}_item_domain`],
                item_type: action[`${side}_item_type`],
                item_id: action[`${side}_item_id`],
              }),
            )
          : undefined;
      return {
        key: keys(action).join(' '),
        roles: [
          ...(isInitiated(action, asked.actor) ? ['initiated'] : []),
          ...(isReceived(action, asked.actor) ? ['received'] : []),
        ].join(' '),
        source: [content('source')?.item_state.n ?? null, content('source')?.item_status ?? null],
        target: [content('target')?.item_state.n ?? null, content('target')?.item_status ?? null],
      };
    });
}

type Found = Action & {
  ownership_roles: string[];
  source_item_state: { n: number } | null;
  source_item_status: string | null;
  target_item_state: { n: number } | null;
  target_item_status: string | null;
  next_page_token: string;
};

async function walk(sql: postgres.ISql, asked: Asked, page_size: number) {
  const rows: ReturnType<typeof expected> = [];
  for (let page_token: string | null = null; ; ) {
    const page: Found[] = await call<Found>(sql, 'find_actions', { ...asked, page_size, page_token });
    rows.push(
      ...page.map((row) => ({
        key: keys(row).join(' '),
        roles: row.ownership_roles.join(' '),
        source: [row.source_item_state?.n ?? null, row.source_item_status],
        target: [row.target_item_state?.n ?? null, row.target_item_status],
      })),
    );
    if (page.length < page_size) return rows;
    page_token = page.at(-1)?.next_page_token ?? null;
  }
}

function randomAsked(of: Chance): Asked {
  return {
    actor: of.is(0.95) ? of.of(OWNERS) : 'nobody',
    ownership_role: of.is(0.1) ? null : of.of(ROLES),
    ...(of.is(0.3) && { partition_network: of.of([...NETWORKS, 'nowhere']) }),
    ...(of.is(0.2) && { item_id: id(Math.floor(of.between(0, 7))) }),
    ...(of.is(0.3)
      ? { action_type: of.of([...TYPES, 'none']) }
      : of.is(0.4) && { action_types: of.some([...TYPES, 'none', 'connect'], 0.5) }),
    ...(of.is(0.25)
      ? { action_status: of.of([...STATUSES, 'none']) }
      : of.is(0.5) && { action_statuses: of.some([...STATUSES, 'none', 'created'], 0.4) }),
    ...(of.is(0.1) && { action_id: id(Math.floor(of.between(0, 2000))) }),
    ...(of.is(0.5) && { oldest_first: of.is(0.8) ? of.is(0.7) : null }),
    ...(of.is(0.5) && { with_items: of.is(0.9) ? true : null }),
  };
}

/** Also without slots, where every statement is planned for the call. */
async function withoutSlots(use: (sql: postgres.ISql) => Promise<void>): Promise<void> {
  const client = database.connect({ max: 1 });
  const session = await client.reserve();
  try {
    await session`begin`;
    await session`update dpg_private.partition_names set slot = null`;
    await session`select dpg_private.create_slot_functions(root) from unnest('{items,item_actions,action_events}'::text[]) root`;
    await use(session);
  } finally {
    await session`rollback`;
    session.release();
    await client.end();
  }
}

async function inBothWays(use: (sql: postgres.ISql) => Promise<void>): Promise<void> {
  const session = database.connect({ max: 1, role: 'dpg_readonly' });
  await use(session);
  await session.end();
  await withoutSlots(use);
}

describe('find_actions', () => {
  test('each that matches once, in order, page by page to the end, with its items', async () => {
    await inBothWays(async (sql) => {
      const of = new Chance(seed + 1);
      let several = 0;
      let withItems = 0;
      for (let n = 0; n < soak(150, 3000); n += 1) {
        const asked = randomAsked(of);
        const wanted = expected(asked);
        const pageSize = Math.max(of.of([1, 3, 20, 99]), Math.ceil(wanted.length / 8));
        expect(await walk(sql, asked, pageSize), said({ ...asked, pageSize })).toEqual(wanted);
        if (wanted.length > 0) several += 1;
        if (wanted.some(({ source }) => source[1] !== null)) withItems += 1;
      }
      // else it would be a test of nothing
      expect(several).toBeGreaterThan(50);
      expect(withItems).toBeGreaterThan(20);
    });
  }, 300_000);
});

describe('counts', () => {
  const counted = <Key extends object>(
    rows: Iterable<[Key, Action]>,
    order: (key: Key & { [name: string]: unknown }) => (string | number)[],
  ) => {
    const groups = new Map<string, { key: Key; count: number; latest: string }>();
    for (const [key, action] of rows) {
      const group = groups.get(JSON.stringify(key)) ?? { key, count: 0, latest: '' };
      group.count += 1;
      if (action.updated_at > group.latest) group.latest = action.updated_at;
      groups.set(JSON.stringify(key), group);
    }
    return [...groups.values()]
      .sort((a, b) => {
        const [one, other] = [order(a.key as never), order(b.key as never)];
        const at = one.findIndex((value, n) => value !== other[n]);
        return at === -1 ? 0 : (one[at] as string) < (other[at] as string) ? -1 : 1;
      })
      .map(({ key, count, latest }) => ({ ...key, action_count: String(count), latest_at: latest }));
  };
  type Counted = { action_count: string; latest_at: Date };
  const plain = (rows: Counted[]) =>
    rows.map((row) => ({ ...row, latest_at: new Date(row.latest_at).toISOString() }));

  test('count_actions: of each role, network, type and status', async () => {
    await inBothWays(async (sql) => {
      const of = new Chance(seed + 2);
      let rows = 0;
      for (let n = 0; n < soak(60, 1000); n += 1) {
        const { actor, ownership_role, partition_network, action_type, item_id } = randomAsked(of);
        const asked: Asked = {
          actor,
          ownership_role,
          ...(partition_network && { partition_network }),
          ...(action_type && { action_type }),
          ...(item_id && { item_id }),
        };
        const wanted = counted(
          actions
            .filter((action) => isWanted(action, asked))
            .flatMap((action) =>
              rolesOf(action, asked).map((role): [object, Action] => [
                {
                  ownership_role: role,
                  partition_network: action.partition_network,
                  action_type: action.action_type,
                  action_status: action.action_status,
                },
                action,
              ]),
            ),
          (key) => Object.values(key) as string[],
        );
        expect(plain(await call<Counted>(sql, 'count_actions', asked)), said(asked)).toEqual(wanted);
        rows += wanted.length;
      }
      expect(rows).toBeGreaterThan(200);
    });
  }, 120_000);

  test('count_item_actions: of each item, in the order asked, in its own network', async () => {
    await inBothWays(async (sql) => {
      const of = new Chance(seed + 3);
      let rows = 0;
      for (let n = 0; n < soak(30, 500); n += 1) {
        const refs = Array.from({ length: of.of([0, 1, 5, 40]) }, () => ({
          ...of.of(items),
          ...(of.is(0.1) && { item_id: id(99) }),
        }));
        const place = new Map<string, number>();
        for (const ref of refs) if (!place.has(keyOf(ref))) place.set(keyOf(ref), place.size);
        const row = (side: 'source' | 'target', role: string, action: Action): [object, Action] => [
          {
            item_network: action[`${side}_item_network`],
            item_domain: action[`${side}_item_domain`],
            item_type: action[`${side}_item_type`],
            item_id: action[`${side}_item_id`],
            ownership_role: role,
            partition_network: action.partition_network,
            action_type: action.action_type,
            action_status: action.action_status,
          },
          action,
        ];
        const wanted = counted(
          actions
            .flatMap((action) => [
              ...(action.source_item_is_local && action.source_item_network === action.partition_network
                ? [row('source', 'initiated', action)]
                : []),
              ...(action.is_mirrored ? [] : [row('target', 'received', action)]),
            ])
            .filter(([key]) => place.has(keyOf(key as Item))),
          (key) => [
            place.get(keyOf(key as unknown as Item)) as number,
            ...(Object.values(key).slice(4) as string[]),
          ],
        );
        const found = await sql.unsafe<(Counted & object)[]>(
          `select c.*
           from dpg.count_item_actions(array(
             select row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref
             from rows from (
               jsonb_to_recordset($1::text::jsonb) as (item_network text, item_domain text, item_type text, item_id uuid)
             ) with ordinality r(item_network, item_domain, item_type, item_id, number)
             order by r.number
           )) c`,
          [JSON.stringify(refs)],
        );
        expect(plain([...found]), said({ n })).toEqual(wanted);
        rows += wanted.length;
      }
      expect(rows).toBeGreaterThan(500);
    });
  }, 120_000);
});
