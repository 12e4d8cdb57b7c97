// A login that was granted nothing tries to hold everything up: by advisory locks, which are open to everybody, by LOCK TABLE,
// by a transaction that stays open, by one that is prepared. And one that may read, by what it may lock. Meanwhile partitions
// are created, events are placed, and actions go on.

import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrateToCurrent } from '../support/migrations.js';
import { type Server, startServer } from '../support/server.js';

// a server of its own: prepared transactions are not enabled elsewhere
const shared = process.env.TEST_DATABASE_URL !== undefined;
if (shared) console.log('SKIPPED: what a stranger can hold up (TEST_DATABASE_URL is given)');

/** Of the locks by which 0.1.0 ordered its calls. */
const FORMER_LOCKS = { partitions: '7237117967450112', feed: '7237117967450113' };
const MODES = [
  'access share',
  'row share',
  'row exclusive',
  'share update exclusive',
  'share',
  'share row exclusive',
  'exclusive',
  'access exclusive',
];

let server: Server;
let owner: postgres.Sql;
const connections: postgres.Sql[] = [];

const session = async (role?: string) => {
  const url = role ? server.url('hostile', role, 'secret') : server.url('hostile');
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  connections.push(sql);
  await sql`select 1`;
  return sql;
};

beforeAll(async () => {
  if (shared) return;
  server = await startServer({ settings: { max_prepared_transactions: '10' } });
  await migrateToCurrent(await server.createDatabase('hostile'));
  owner = await session();
  await owner.unsafe(`
    create role stranger login password 'secret';
    create role reader login password 'secret' in role dpg_readonly;
    create role application login password 'secret' in role dpg_app;
    insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com'), ('ravi', 'Ravi', 'ravi@example.com');
    select dpg.create_subscription('mirror');
    update dpg.limits set limit_value = 1 where limit_name in ('partition_queue_seconds', 'partition_lock_seconds')`);
}, 120_000);
afterAll(async () => {
  await Promise.all(connections.map((sql) => sql.end({ timeout: 1 })));
  await server?.stop();
});

let networks = 0;

/** Everything that waits for a turn: a new network, an action with its event and its transition, the event read. */
async function goesOn(): Promise<void> {
  networks += 1;
  const network = `network ${networks}`;
  await owner.unsafe(`set statement_timeout = '20s'`);
  const item = async (actor: string, domain: string) =>
    (
      await owner`select item_id from dpg.upsert_item(${actor}, ${network}, ${domain}, 't', 'https://one.example.com', 'https://s.example.com')`
    )[0]?.item_id;
  const [source, target] = [await item('asha', 'student'), await item('ravi', 'tutor')];
  const [action] = await owner`
    select action_id from dpg.perform_action('asha', 'connect', row(${network}, 'student', 't', ${source}::uuid)::dpg.item_ref,
      row(${network}, 'tutor', 't', ${target}::uuid)::dpg.item_ref)`;
  await owner`select dpg.transition_action('ravi', ${network}, 'connect', ${action?.action_id}, 'accepted')`;
  const events = await owner`select "position", action_id, lease_id from dpg.read_events('mirror')`;
  expect(events.map(({ action_id }) => action_id)).toEqual([action?.action_id, action?.action_id]);
  await owner`select dpg.acknowledge('mirror', ${events[1]?.position}, ${events[1]?.lease_id})`;
  const [status] = await owner`select lag_events::integer as lag, held_back_by from dpg.subscription_status`;
  expect(status).toEqual({ lag: 0, held_back_by: null });
}

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: postgres.PostgresError) => error.code,
  );

test.skipIf(shared)(
  'advisory locks of every key that our functions name, of a session and of a transaction',
  async () => {
    // those of former functions are only tried, and no call waits for a stranger that has one
    const named = await owner`
    select p.proname as name, m[1] as call
    from pg_proc p
    cross join regexp_matches(p.prosrc, '(pg_(?:try_)?advisory\\w*)', 'g') m
    where p.pronamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace)
    order by 1, 2`;
    expect(named.map(({ name, call }) => `${name} ${call}`)).toEqual([
      'place_events pg_try_advisory_xact_lock',
      'take_partition_turn pg_advisory_xact_lock',
      'take_partition_turn pg_try_advisory_xact_lock',
    ]);
    for (const take of [
      'pg_advisory_lock',
      'pg_advisory_lock_shared',
      'pg_advisory_xact_lock',
      'pg_advisory_xact_lock_shared',
    ]) {
      const stranger = await session('stranger');
      await stranger`begin`;
      for (const key of Object.values(FORMER_LOCKS)) await stranger.unsafe(`select ${take}(${key})`);
      await goesOn();
      await stranger.end();
    }
  },
);

test.skipIf(shared)('a call of 0.1.0 that goes on beside the new functions has its turn', async () => {
  const former = await session();
  // what those functions do before and while they make a partition, or place events
  await former`begin`;
  await former`select count(*) from dpg_private.partition_names`;
  await former.unsafe(`select pg_advisory_xact_lock(${FORMER_LOCKS.partitions})`);
  expect(await code(owner`select dpg.ensure_item_partition('former', 'student')`)).toBe('DP010');
  await former`rollback`;
  await goesOn();

  await owner`select dpg.perform_action('asha', 'connect', (select row(item_network, item_domain, item_type, item_id)::dpg.item_ref
    from dpg.items where created_by = 'asha' limit 1), (select row(item_network, item_domain, item_type, item_id)::dpg.item_ref
    from dpg.items where created_by = 'ravi' limit 1))`;
  await former`begin`;
  await former`select count(*) from dpg_private.feed_state`;
  await former.unsafe(`select pg_advisory_xact_lock(${FORMER_LOCKS.feed})`);
  expect(await owner`select from dpg.read_events('mirror')`).toHaveLength(0);
  await former`rollback`;
  const events = await owner`select "position" from dpg.read_events('mirror')`;
  expect(events).toHaveLength(1);
  await owner`select dpg.acknowledge('mirror', ${events[0]?.position})`;
});

/** `table: modes` of what a role may lock, of our relations and those of the system that anybody reads. */
async function lockable(role: string): Promise<Record<string, string[]>> {
  const sql = await session(role);
  const relations = await owner`
    select c.oid::regclass::text as name
    from pg_class c
    where (c.relnamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace) or c.oid in ('public."user"'::regclass, 'pg_class'::regclass))
      and c.relkind in ('r', 'p', 'v')
    order by 1`;
  const found: Record<string, string[]> = {};
  for (const { name } of relations)
    for (const mode of MODES) {
      const said = await code(
        sql.begin((begun) => begun.unsafe(`lock table ${name} in ${mode} mode nowait`)),
      );
      if (said === 'done') found[name] = [...(found[name] ?? []), mode];
      else expect(said).toBe('42501');
    }
  await sql.end();
  return found;
}

test.skipIf(shared)(
  'LOCK TABLE: a stranger locks nothing of ours, a reader only so that others read and write on',
  async () => {
    await goesOn();
    expect(await lockable('stranger')).toEqual({ pg_class: ['access share'] });

    const ofReader = await lockable('reader');
    expect(Object.keys(ofReader)).toContain('dpg.items');
    expect(
      Object.keys(ofReader).filter((name) => name.startsWith('dpg_private.') || name.includes('_p_')),
    ).toEqual([]);
    expect(new Set(Object.values(ofReader).flat())).toEqual(new Set(['access share']));

    // the application manages its users: that it may lock them all is its own affair
    const { '"user"': _, 'public."user"': __, ...ofApplication } = await lockable('application');
    expect(ofApplication).toEqual(ofReader);

    const reader = await session('reader');
    await reader`begin`;
    for (const name of Object.keys(ofReader)) await reader.unsafe(`lock table ${name} in access share mode`);
    await goesOn();
    await reader`rollback`;
  },
);

test.skipIf(shared)('a transaction that stays open, with a snapshot and a transaction id', async () => {
  const stranger = await session('stranger');
  await stranger
    .unsafe(
      'begin isolation level repeatable read; create temporary table held (n integer); insert into held values (1)',
    )
    .simple();
  const [own] = await stranger`select pg_current_xact_id()::text as id`;
  expect(own?.id).toMatch(/^\d+$/);
  await goesOn();
  await stranger`rollback`;
});

test.skipIf(shared)('a prepared transaction with the advisory locks', async () => {
  const stranger = await session('stranger');
  await stranger`begin`;
  for (const key of Object.values(FORMER_LOCKS))
    await stranger.unsafe(`select pg_advisory_xact_lock(${key})`);
  await stranger`prepare transaction 'of a stranger'`;
  await stranger.end();
  await goesOn();
  expect(await owner`select gid from pg_prepared_xacts`).toHaveLength(1);
  await owner`rollback prepared 'of a stranger'`;
});

test.skipIf(shared)(
  'what holds up the feed is a call that places events and stays open, and it is named',
  async () => {
    const application = await session('application');
    await goesOn();
    await owner`select dpg.perform_action('asha', 'connect', (select row(item_network, item_domain, item_type, item_id)::dpg.item_ref
    from dpg.items where created_by = 'asha' limit 1), (select row(item_network, item_domain, item_type, item_id)::dpg.item_ref
    from dpg.items where created_by = 'ravi' limit 1))`;
    await application`begin`;
    const [{ pid } = { pid: 0 }] = await application<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await application`select dpg.create_subscription('second')`;
    await application`select count(*) from dpg.read_events('second')`;
    expect(await owner`select from dpg.read_events('mirror')`).toHaveLength(0);
    const [status] =
      await owner`select held_back_by_pid, held_back_by from dpg.subscription_status where subscription = 'mirror'`;
    expect(status).toEqual({ held_back_by_pid: pid, held_back_by: expect.stringContaining('places events') });
    await application`rollback`;

    await application`begin`;
    await application`select dpg.ensure_item_partition('held', 'student')`;
    const refused = await owner`select dpg.ensure_item_partition('waits', 'student')`.catch((error) => error);
    expect(refused).toMatchObject({ code: 'DP010' });
    expect(JSON.parse(refused.detail)).toMatchObject({ reason: 'queue', blocked_by: [pid] });
    await application`rollback`;
  },
);
