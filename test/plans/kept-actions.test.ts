// A kept plan does not know the values. So whoever asks, with few actions or with most of them, gets by it what a statement
// gets that is planned for the call, and what the order says, on every page.

import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const USERS = ['few', 'busy', 'both', 'away', 'nobody'];
const TYPES = ['connect', 'visit'];
const item = (user: string) => `md5('${user}')::uuid`;
const ref = (domain: string, user: string) => `row('n', '${domain}', 't', ${item(user)})::dpg.item_ref`;

beforeAll(async () => {
  const { sql } = database;
  await sql`insert into public."user" (id, name, email) select u, u, u from unnest(${USERS}::text[]) u`;
  for (const domain of ['student', 'tutor'])
    for (const user of USERS)
      await sql.unsafe(
        `select dpg.upsert_item('${user}', 'n', '${domain}', 't', 'https://one.example.com', 's', item_id => ${item(user)})`,
      );
  // Many were changed in the same microsecond.
  for (const type of TYPES)
    for (const [source, target, copies] of [
      ['few', 'busy', 3],
      ['busy', 'few', 2],
      ['both', 'both', 40],
      ['both', 'busy', 350],
      ['busy', 'both', 1100],
    ] as const)
      await sql.unsafe(`
        with made as materialized (
          select p from dpg.perform_action('${source}', '${type}', ${ref('student', source)}, ${ref('tutor', target)}) p
        )
        insert into dpg.item_actions
        select a.*
        from made, generate_series(1, ${copies}) g, jsonb_populate_record(made.p, jsonb_build_object(
          'action_id', md5('${source} ${target}' || g)::uuid,
          'action_status', case g % 10 when 0 then 'rare' else 'usual' end,
          'updated_at', timestamptz '2026-01-01' + g / 5 * interval '1 minute'
        )) a`);
  // One action has most of the events.
  await sql.unsafe(`
    insert into dpg.action_events
    select e.*
    from (select e from dpg.action_events e where e.source_item_owner = 'both' and e.target_item_owner = 'busy') made,
      generate_series(1, 500) g, jsonb_populate_record(made.e, jsonb_build_object(
        'event_id', gen_random_uuid(),
        'action_id', md5(case when g > 400 then g::text else 'long' end)::uuid,
        'update_count', g,
        'action_status', case g % 10 when 0 then 'rare' else 'usual' end,
        'created_at', timestamptz '2026-01-01' + g / 5 * interval '1 minute'
      )) e`);
  for (const user of ['both', 'away'])
    await sql.unsafe(`
      insert into dpg_private.mirrored_actions
      select m.*
      from dpg.item_actions a, jsonb_populate_record(null::dpg_private.mirrored_actions, to_jsonb(a) || jsonb_build_object(
        'source_item_owner', '${user}', 'target_item_owner', 'both', 'target_item_instance_url', 'https://two.example.com',
        'origin_instance_domain', 'https://two.example.com/${user}'
      )) m
      where a.source_item_owner = 'busy' and a.target_item_owner = 'both'`);
  await sql`vacuum analyze`;
});

/** All pages, by the tokens. */
async function walk(sql: postgres.ISql, call: string, pageSize: number): Promise<postgres.Row[]> {
  const all: postgres.Row[] = [];
  for (let token: string | null = null; ; ) {
    const page: postgres.Row[] = [
      ...(await sql.unsafe(
        `select f.* from ${call.replace(/\)$/, `, page_size => ${pageSize}, page_token => $1)`)} f`,
        [token],
      )),
    ];
    all.push(...page);
    if (page.length < pageSize) return all;
    token = page.at(-1)?.next_page_token;
  }
}

async function withoutSlots<T>(use: (sql: postgres.ISql) => Promise<T>): Promise<T> {
  const client = database.connect({ max: 1 });
  const session = await client.reserve();
  try {
    await session`begin`;
    await session`update dpg_private.partition_names set slot = null`;
    await session`select dpg_private.create_slot_functions(root) from unnest('{items,item_actions,action_events}'::text[]) root`;
    return await use(session);
  } finally {
    await session`rollback`;
    session.release();
    await client.end();
  }
}

const FILTERS: Record<string, string>[] = [
  {},
  { ownership_role: 'initiated' },
  { ownership_role: 'received' },
  { partition_network: 'n', action_type: 'connect' },
  { partition_network: 'n', action_type: 'connect', ownership_role: 'received' },
  { action_status: 'usual' },
  { action_status: 'rare' },
  { action_status: 'none' },
  { action_type: 'visit', action_status: 'rare' },
];
const text = (filters: Record<string, string>) =>
  Object.entries(filters)
    .map(([name, value]) => `, ${name} => '${value}'`)
    .join('');

describe.each(USERS)('of %s', (actor) => {
  const initiated = `(r.source_item_owner = '${actor}' and r.source_item_is_local)`;
  const received = `(r.target_item_owner = '${actor}' and r.target_item_is_local)`;
  const parties = { initiated, received, all: `(${initiated} or ${received})` };
  const conditions = ({ ownership_role, ...equal }: Record<string, string>) =>
    [
      parties[(ownership_role ?? 'all') as keyof typeof parties],
      ...Object.entries(equal).map(([name, value]) => `r.${name} = '${value}'`),
    ].join(' and ');

  test.each(FILTERS)('actions %j', async (filters) => {
    const call = `dpg.find_actions('${actor}'${text(filters)})`;
    const expected = await database.sql.unsafe(`
      select r.action_type, r.action_id, r.target_item_instance_url
      from (
        select partition_network, action_type, action_id, action_status, updated_at, source_item_owner, source_item_is_local,
          target_item_owner, true as target_item_is_local, target_item_instance_url
        from dpg.item_actions
        union all
        select partition_network, action_type, action_id, action_status, updated_at, source_item_owner, source_item_is_local,
          target_item_owner, false, target_item_instance_url
        from dpg_private.mirrored_actions
      ) r
      where ${conditions(filters)}
      order by r.updated_at desc, r.partition_network, r.action_type, r.action_id, r.target_item_instance_url`);
    for (const pageSize of [97, 1000]) {
      const kept = await walk(database.sql, call, pageSize);
      expect(
        kept.map(({ action_type, action_id, target_item_instance_url }) => ({
          action_type,
          action_id,
          target_item_instance_url,
        })),
      ).toEqual([...expected]);
      expect(await withoutSlots((sql) => walk(sql, call, pageSize))).toEqual(kept);
    }
  });

  test.each([
    ...FILTERS,
    { update_count: '7' },
    { action_id: 'long' },
    { action_id: 'long', action_status: 'rare', ownership_role: 'received' },
    { action_id: '450' },
    { action_id: '450', update_count: '450', partition_network: 'n', action_type: 'visit' },
  ] as Record<string, string>[])('events %j', async ({ action_id, ...others }) => {
    const id = action_id && (await database.sql`select md5(${action_id})::uuid as id`)[0]?.id;
    const filters: Record<string, string> = id ? { ...others, action_id: id } : others;
    const call = `dpg.find_events('${actor}'${text(filters)})`;
    const expected = await database.sql.unsafe(`
      select r.event_id
      from dpg.action_events r
      where ${conditions(filters)}
      order by r.created_at desc, r.update_count desc, r.partition_network, r.action_type, r.event_id`);
    for (const pageSize of [97, 1000]) {
      const kept = await walk(database.sql, call, pageSize);
      expect(kept.map(({ event_id }) => ({ event_id }))).toEqual([...expected]);
      expect(await withoutSlots((sql) => walk(sql, call, pageSize))).toEqual(kept);
    }
  });
});
