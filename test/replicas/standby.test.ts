// A standby: each function that reads and each table and view answers as the primary does; what writes is refused.

import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { createDpg, type Dpg, type EndedCall } from '../../sdk/index.js';
import { parseComment } from '../support/reference/example.js';
import { hasOwnServers } from '../support/replica.js';
import { caughtUp, type ServerOfTest, startServers, until } from './servers.js';

if (!hasOwnServers) console.log('SKIPPED: functions on a standby (no servers of our own on this machine)');
const [primary, standby] = (hasOwnServers ? await startServers(1) : []) as [ServerOfTest, ServerOfTest];

const key = (item_domain: string, item_id: string) =>
  ({ item_network: 'yellow_dot', item_domain, item_type: 'profile_1.0', item_id }) as const;
const STUDENT = key('student', '11111111-1111-4111-8111-111111111111');
const TUTOR = key('tutor', '22222222-2222-4222-8222-222222222222');
const ACTION = {
  partition_network: 'yellow_dot',
  action_type: 'connect',
  action_id: '33333333-3333-4333-8333-333333333333',
};
const AT = { item_network: 'yellow_dot', item_domain: 'tutor' };
const EDGES = { south: -90, west: -180, north: 90, east: 180 };

/** Examples in the comments of functions, which leave a row in almost every table, in this order. */
const STORY = [
  ...[
    'define_item',
    'define_search',
    'create_item_subscription',
    'define_action',
    'perform_action',
    'transition_action',
  ],
  ...['receive_action', 'create_subscription', 'read_events', 'fail_event'],
  ...['define_network', 'redact_event'],
];

async function tellStory(): Promise<void> {
  const dpg = createDpg(primary.sql);
  const item = {
    item_instance_url: 'https://yellowdot.example.com',
    item_schema_url: 's',
    item_latitude: 12.98,
    item_longitude: 77.6,
  };
  await dpg
    .as('asha')
    .items.upsert({ ...STUDENT, ...item, item_state: { name: 'Asha', goal: 'board_exam' } });
  await dpg.as('ravi').items.upsert({ ...TUTOR, ...item, item_state: { name: 'Ravi', subject: 'math' } });
  await primary.sql`insert into dpg.homes (network, server) values ('red_dot', 'postgres://other.example.com:5432/dots')`;
  const comments = new Map((await functions()).map(({ name, comment }) => [name, comment]));
  const example = (name: string) => parseComment(name, comments.get(name) ?? '').example;
  for (const name of STORY) await primary.sql.unsafe(example(name));
  // another network: its document says little of what its items may have
  await primary.sql.unsafe(example('register_network').replaceAll('yellow_dot', 'green_dot'));
}

/** Views of what a server has seen itself. */
const ITS_OWN = ['subscription_status', 'metrics'];

/** By function: how the SDK calls it. A function that is not here fails the test below. */
const READS: Record<string, (dpg: Dpg<postgres.Sql>) => PromiseLike<unknown>> = {
  get_item: (dpg) => dpg.items.get(TUTOR),
  get_items: (dpg) => dpg.items.getMany([TUTOR, STUDENT]),
  find_items: (dpg) => dpg.items.find(AT),
  find_own_items: (dpg) => dpg.as('ravi').items.own(),
  count_items: (dpg) => dpg.items.count(AT),
  nearest_items: (dpg) => dpg.items.nearest({ ...AT, latitude: 12.9, longitude: 77.5 }),
  map_items: (dpg) => dpg.items.map({ ...AT, ...EDGES }),
  count_facets: (dpg) => dpg.items.facets({ ...AT, fields: ['subject'] }),
  search_items: (dpg) => dpg.items.search({ ...AT, search: 'rav' }),
  get_action: (dpg) => dpg.as('asha').actions.get(ACTION),
  find_actions: (dpg) => dpg.as('asha').actions.find({ with_items: true }),
  count_actions: (dpg) => dpg.as('asha').actions.counts(),
  count_item_actions: (dpg) => dpg.actions.itemCounts([TUTOR]),
  find_events: (dpg) => dpg.as('ravi').events.find(),
};

/** Examples of functions that write, but here find nothing to write. */
const ANSWERED = [
  'confirm_lost_events',
  'create_subscription',
  'define_search',
  'ensure_action_event_partition',
  'ensure_action_partition',
  'ensure_item_partition',
];

interface Function {
  name: string;
  comment: string;
  isReading: boolean;
}

async function functions(): Promise<Function[]> {
  return primary.sql<Function[]>`
    select p.proname as name, obj_description(p.oid, 'pg_proc') as comment, p.provolatile <> 'v' as "isReading"
    from pg_proc p
    where p.pronamespace = 'dpg'::regnamespace
    order by p.proname`;
}

test.skipIf(!hasOwnServers)(
  'every function that reads and every table and view answers as on the primary',
  async () => {
    await using there = createDpg(primary.url);
    await using here = createDpg(standby.url);
    await tellStory();
    // counts of rows are each server's own, estimates are not
    await primary.sql`analyze`;
    await caughtUp(primary, standby);

    const reading = (await functions()).filter(({ isReading }) => isReading).map(({ name }) => name);
    expect(Object.keys(READS).sort()).toEqual(reading);
    for (const [name, read] of Object.entries(READS)) {
      const [expected, found] = [await read(there), await read(here)];
      // a page, an array, a row or a count: none of them is empty
      const rows = (expected as { rows?: unknown[] }).rows ?? [expected].flat();
      expect(rows.length, name).toBeGreaterThan(0);
      expect(found, name).toEqual(expected);
    }

    const relations = await primary.sql`
    select c.relname as name from pg_class c
    where c.relnamespace = 'dpg'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
    order by c.relname`;
    const empty: string[] = [];
    for (const { name } of relations) {
      const rows = (sql: postgres.Sql) =>
        sql.unsafe(`select to_jsonb(r) as row from dpg.${name} r order by to_jsonb(r)::text`);
      const [expected, found] = [await rows(primary.sql), await rows(standby.sql)];
      if (expected.length === 0) empty.push(name);
      if (!ITS_OWN.includes(name)) expect([...found], name).toEqual([...expected]);
    }
    expect(empty).toEqual(['differing_events']);
  },
);

test.skipIf(!hasOwnServers)('dpg.metrics leaves out what only the primary knows', async () => {
  const names = async (sql: postgres.Sql) =>
    (
      await sql`select distinct metric from dpg.metrics where metric <> 'dpg_table_dead_rows' order by metric`
    ).map(({ metric }) => metric);
  const unknown = ['dpg_subscription_held_back_seconds', 'dpg_subscription_is_dead'];
  const all = await names(primary.sql);
  expect(all).toEqual(
    expect.arrayContaining([...unknown, 'dpg_subscription_lag_seconds', 'dpg_locks_ratio']),
  );
  expect(await names(standby.sql)).toEqual(all.filter((name) => !unknown.includes(name)));
});

test.skipIf(!hasOwnServers)('subscription_status does not say what only the primary knows', async () => {
  await using there = createDpg(primary.url);
  await using here = createDpg(standby.url);
  const unknown = {
    is_leased: null,
    is_dead: null,
    held_back_by_pid: null,
    held_back_by: null,
    held_back_seconds: null,
  };
  // a session of the standby that holds a lock of the kind which holds back on the primary
  await standby.sql.begin(async (tx) => {
    await tx`lock table dpg_private.event_queue, dpg.subscriptions in row exclusive mode`;
    const found = await here.subscriptions.list();
    expect(found).toMatchObject([unknown, unknown]);
    const expected = await there.subscriptions.list();
    expect(expected.map(({ is_leased, is_dead }) => [is_leased, is_dead])).toEqual([
      [expect.any(Boolean), false],
      [expect.any(Boolean), false],
    ]);
    const counts = (list: typeof found) =>
      list.map(({ subscription, lag_events, dead_events }) => [subscription, lag_events, dead_events]);
    expect(counts(found)).toEqual(counts(expected));
  });
  // so the SDK asks the primary
  await using dpg = createDpg(primary.url, { replicas: [standby.url] });
  expect((await dpg.subscriptions.list()).map(({ is_dead }) => is_dead)).toEqual([false, false]);
});

test.skipIf(!hasOwnServers)('what writes is refused on a standby, by SQL and through the SDK', async () => {
  const answered: string[] = [];
  for (const { name, comment, isReading } of await functions()) {
    if (isReading) continue;
    const answer = standby.sql.unsafe(parseComment(name, comment).example);
    const code = await answer.then(
      () => undefined,
      (error: { code: string }) => error.code,
    );
    if (code === undefined) answered.push(name);
    else expect(code, name).toBe('25006');
  }
  expect(answered).toEqual(ANSWERED);

  await using here = createDpg(standby.url);
  const writes = [
    () => here.partitions.ensureItem({ item_network: 'yellow_dot', item_domain: 'school' }),
    () =>
      here.as('asha').items.upsert({
        ...STUDENT,
        item_id: null,
        item_instance_url: 'https://yellowdot.example.com',
        item_schema_url: 's',
      }),
    () => here.as('asha').items.update(STUDENT, { changes: { item_state: {} } }),
    () => here.as('ravi').actions.transition(ACTION, { action_status: 'closed' }),
    () => here.subscriptions.read({ subscription: 'to student' }),
  ];
  for (const write of writes) await expect(write()).rejects.toMatchObject({ code: '25006' });
});

test.skipIf(!hasOwnServers)('a probe and who is told of calls see which server it was', async () => {
  const told: EndedCall[] = [];
  await using here = createDpg(standby.url);
  expect(await here.health()).toMatchObject({ ok: true, servers: [{ isStandby: true, isReplica: false }] });
  await using dpg = createDpg(primary.url, {
    replicas: [standby.url, 'postgres://nobody:secret@127.0.0.1:1/nowhere'],
    staleness: Number.POSITIVE_INFINITY,
    onCall: (call) => told.push(call),
  });
  // where a replica is away, others answer
  expect(await dpg.health()).toMatchObject({
    ok: true,
    servers: [
      { ok: true, isStandby: false, isReplica: false },
      { ok: true, isStandby: true, isReplica: true },
      { ok: false, reason: 'no_connection', isReplica: true, server: '127.0.0.1:1/nowhere' },
    ],
  });
  expect(told).toEqual([]);
  await until(async () => {
    await dpg.items.count(AT);
    return told.some(({ server, code }) => server === nameOf(standby) && code === undefined);
  });
  await dpg.partitions.list();
  expect(told.at(-1)).toMatchObject({ name: 'partitions', isReading: true, server: nameOf(primary) });
});

const nameOf = ({ url }: ServerOfTest) => new URL(url).host + new URL(url).pathname;
