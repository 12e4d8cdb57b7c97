// The status of an item against everything that happens at the same time: actions, definitions, searches, other changes.

import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { addUsers, OTHER_URL, OUR_URL } from '../sdk/story.js';
import { soakSeconds, soakTimeout } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { allOf, closeSessions, openSessions, refusals, type Session, untilWaiting } from './sessions.js';

const database = await testDatabase();
const OWNERS = ['asha', 'ravi', 'mina', 'noor'];
await addUsers(database.sql, ...OWNERS);

type Sql = postgres.Sql | postgres.TransactionSql;

interface Key {
  owner: string;
  network: string;
  domain: string;
  id: string;
}

async function newItem(sql: Sql, owner: string, network: string, domain: string): Promise<Key> {
  const [row] =
    await sql`select item_id from dpg.upsert_item(${owner}, ${network}, ${domain}, 't', ${OUR_URL}, 's')`;
  return { owner, network, domain, id: row?.item_id };
}

const define = (sql: Sql, network: string, domain: string, statuses: object[] | null) =>
  sql`select dpg.define_item(${network}, ${domain}, ${statuses && JSON.stringify(statuses)}::text::jsonb)`;

async function setStatus(sql: Sql, item: Key, status: string, expected: string | null = null) {
  const [row] = await sql`
    select i.item_status, i.updated_at::text as updated_at
    from dpg.set_item_status(${item.owner}, ${item.network}, ${item.domain}, 't', ${item.id}, ${status}, ${expected}::text::timestamptz) i`;
  return row as { item_status: string; updated_at: string };
}

const perform = (sql: Sql, source: Key, target: Key) => sql`
  select a.action_id, a.created_at::text as created_at
  from dpg.perform_action(
    ${source.owner}, 'connect',
    row(${source.network}, ${source.domain}, 't', ${source.id}::uuid)::dpg.item_ref,
    row(${target.network}, ${target.domain}, 't', ${target.id}::uuid)::dpg.item_ref
  ) a`;

const receive = (sql: Sql, target: Key) => sql`
  select a.action_id, a.created_at::text as created_at
  from dpg.receive_action(
    'connect', row('far', 'd', 't', gen_random_uuid())::dpg.item_ref, ${OTHER_URL}, 'someone',
    row(${target.network}, ${target.domain}, 't', ${target.id}::uuid)::dpg.item_ref
  ) a`;

const INERT = [
  { status: 'paused', acts: false },
  { status: 'draft', acts: false, found: false },
];

test(
  'no action begins or arrives while an item on a side of it is in a status that does not act',
  async () => {
    const network = 'race_dot';
    const { sql } = database;
    await sql`select dpg.ensure_item_partition(${network}, d) from unnest('{student,tutor}'::text[]) d`;
    await sql`select dpg.ensure_action_partition(${network}, 'connect'), dpg.ensure_action_event_partition(${network}, 'connect')`;
    for (const domain of ['student', 'tutor']) await define(sql, network, domain, INERT);
    // few, so that they meet
    const items: Key[] = [];
    for (const owner of OWNERS)
      for (const domain of ['student', 'tutor']) items.push(await newItem(sql, owner, network, domain));
    const changes = new Map(items.map((item) => [item.id, [{ updated_at: '', item_status: 'live' }]]));
    const sessions = await openSessions(database, 10);
    const until = Date.now() + soakSeconds(6) * 1000;
    const actions: { sides: Key[]; created_at: string }[] = [];
    const refused: PromiseSettledResult<unknown>[] = [];
    const of = <Value>(values: Value[]) => values[Math.floor(Math.random() * values.length)] as Value;

    await allOf(
      sessions.map(async ({ sql: session }, n) => {
        while (Date.now() < until) {
          const [one, other] = [of(items), of(items)];
          if (one === other) continue;
          if (n % 4 === 0) {
            const changed = await setStatus(session, one, of(['live', 'paused', 'live', 'draft']));
            changes.get(one.id)?.push(changed);
            continue;
          }
          const sides = n % 4 === 1 ? [other] : [one, other];
          const [result] = await Promise.allSettled([
            n % 4 === 1 ? receive(session, other) : perform(session, one, other),
          ]);
          if (result.status === 'fulfilled') actions.push({ sides, created_at: result.value[0]?.created_at });
          else refused.push(result);
        }
      }),
    );
    await closeSessions(sessions);

    // Both are taken under the lock: so the status of an item at the time of the action is that of the last change before.
    const wrong = actions.filter(({ sides, created_at }) =>
      sides.some((side) => {
        const before = (changes.get(side.id) ?? []).filter(({ updated_at }) => updated_at < created_at);
        const last = before.sort((a, b) => (a.updated_at < b.updated_at ? -1 : 1)).at(-1);
        return last?.item_status !== 'live';
      }),
    );
    expect(wrong).toEqual([]);
    expect(new Set(Object.keys(refusals(refused)).map((what) => what.slice(0, 5)))).toEqual(
      new Set(['DP015']),
    );
    expect(actions.length).toBeGreaterThan(50);
    expect(refused.length).toBeGreaterThan(50);
    // each action that is there was told to its caller, and no other
    const [row] =
      await sql`select count(*)::integer as n from dpg.item_actions where partition_network = ${network}`;
    expect(row?.n).toBe(actions.length);
  },
  soakTimeout(6),
);

test('an action that waits for a change of status obeys what it finds then', async () => {
  const [first, second] = (await openSessions(database, 2)) as [Session, Session];
  const source = await newItem(first.sql, 'asha', 'wait_dot', 'student');
  const target = await newItem(first.sql, 'ravi', 'wait_dot', 'tutor');
  await define(first.sql, 'wait_dot', 'tutor', INERT);
  await first.sql`select dpg.ensure_action_partition('wait_dot', 'connect'), dpg.ensure_action_event_partition('wait_dot', 'connect')`;
  for (const [status, outcome] of [
    ['paused', 'DP015'],
    ['live', 'done'],
  ] as const)
    for (const call of [() => perform(second.sql, source, target), () => receive(second.sql, target)]) {
      await setStatus(first.sql, target, status === 'live' ? 'paused' : 'live');
      let waiting: Promise<string> | undefined;
      await first.sql.begin(async (tx) => {
        await setStatus(tx, target, status);
        waiting = call().then(
          () => 'done',
          ({ code }: { code: string }) => code,
        );
        await untilWaiting(database.sql, [second.pid]);
      });
      expect(await waiting).toBe(outcome);
    }
  await closeSessions([first, second]);
});

test('a change of status waits for an action under way, but only where statuses do not act', async () => {
  const [first, second] = (await openSessions(database, 2)) as [Session, Session];
  await first.sql`select dpg.ensure_action_partition('popular_dot', 'connect'), dpg.ensure_action_event_partition('popular_dot', 'connect')`;
  const source = await newItem(first.sql, 'asha', 'popular_dot', 'student');
  const popular = await newItem(first.sql, 'ravi', 'popular_dot', 'tutor');
  await second.sql`set lock_timeout = '300ms'`;
  const outcomes = async () => {
    const found: string[] = [];
    await first.sql.begin(async (tx) => {
      await perform(tx, source, popular);
      await receive(tx, popular);
      for (const change of [
        () => setStatus(second.sql, popular, `status ${Math.random() < 0.5 ? 'a' : 'b'}`),
        () => setStatus(second.sql, popular, 'live'),
        () =>
          second.sql`
            select dpg.update_item('ravi', 'popular_dot', 'tutor', 't', ${popular.id}, jsonb_build_object('item_state', jsonb_build_object('at', clock_timestamp())))`,
        () =>
          second.sql`
            select dpg.upsert_item('ravi', 'popular_dot', 'tutor', 't', ${OUR_URL}, 's', jsonb_build_object('at', clock_timestamp()), item_id => ${popular.id})`,
      ])
        found.push(
          await change().then(
            () => 'done',
            ({ code }: { code: string }) => code,
          ),
        );
    });
    return found;
  };
  expect(await outcomes()).toEqual(['done', 'done', 'done', 'done']);
  // of the other side, and of other statuses
  await define(first.sql, 'popular_dot', 'student', INERT);
  await define(first.sql, 'popular_dot', 'tutor', [
    { status: 'status a', found: false },
    { status: 'status b', acts: true },
  ]);
  expect(await outcomes()).toEqual(['done', 'done', 'done', 'done']);
  await define(first.sql, 'popular_dot', 'tutor', [
    { status: 'status a', acts: false },
    { status: 'status b' },
  ]);
  // the status that is there already needs no write, but a look under the lock
  expect(await outcomes()).toEqual(['55P03', '55P03', '55P03', '55P03']);
  await closeSessions([first, second]);
});

test('two that define in a known network and then each in a new one: none deadlocks, and both new ones are known', async () => {
  const sessions = await openSessions(database, 2);
  const domains = ['student', 'tutor'] as const;
  for (const domain of domains) await define(database.sql, 'known_dot', domain, INERT);
  let count = 0;
  let haveBoth = () => {};
  const both = new Promise<void>((resolve) => {
    haveBoth = resolve;
  });
  await Promise.all(
    domains.map((domain, n) =>
      sessions[n]?.sql.begin(async (tx) => {
        await define(tx, 'known_dot', domain, []);
        count += 1;
        if (count === 2) haveBoth();
        await both;
        await define(tx, `new_${domain}_dot`, domain, INERT);
      }),
    ),
  );
  const [row] = await database.sql`select dpg_private.defined_networks() as networks`;
  expect(row?.networks).toEqual(expect.arrayContaining(['known_dot', 'new_student_dot', 'new_tutor_dot']));
  await closeSessions(sessions);
});

test('of ten that expect the same version one sets the status, and the others are told', async () => {
  const sessions = await openSessions(database, 10);
  const [first] = sessions as [Session];
  const item = await newItem(first.sql, 'asha', 'version_dot', 'student');
  let version = (await setStatus(first.sql, item, 'begun')).updated_at;
  for (let round = 0; round < 5; round += 1) {
    const results = await Promise.allSettled(
      sessions.map(({ sql }, n) => setStatus(sql, item, `round ${round}, ${n}`, version)),
    );
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(won).toHaveLength(1);
    const codes = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
    expect(new Set(codes)).toEqual(new Set(['DP007']));
    const [stored] = await first.sql`
      select i.item_status, i.updated_at::text as updated_at from dpg.get_item('version_dot', 'student', 't', ${item.id}) i`;
    expect({ ...stored }).toEqual({ ...won[0] });
    version = won[0]?.updated_at ?? '';
  }
  await closeSessions(sessions);
});

test('a status and another content at once: both are there afterwards', async () => {
  const sessions = await openSessions(database, 8);
  const [first] = sessions as [Session];
  const item = await newItem(first.sql, 'asha', 'both_dot', 'student');
  for (let round = 0; round < 20; round += 1) {
    await allOf(
      sessions.map(async ({ sql }, n) => {
        if (n === 0) await setStatus(sql, item, `round ${round}`);
        else
          await sql`
            select dpg.upsert_item('asha', 'both_dot', 'student', 't', ${OUR_URL}, 's', ${JSON.stringify({ round, n })}::text::jsonb, item_id => ${item.id})`;
      }),
    );
    const [stored] = await first.sql`
      select i.item_status, i.item_state ->> 'round' as round from dpg.get_item('both_dot', 'student', 't', ${item.id}) i`;
    expect({ ...stored }).toEqual({ item_status: `round ${round}`, round: String(round) });
  }
  await closeSessions(sessions);
});

test('definitions of many networks at once: each is obeyed at once', async () => {
  const sessions = await openSessions(database, 10);
  const networks = sessions.map((_, n) => `defined ${n}`);
  await allOf(
    sessions.map(async ({ sql }, n) => {
      const network = networks[n] ?? '';
      await newItem(sql, 'asha', network, 'student');
      await define(sql, network, 'student', [{ status: 'draft', found: false }]);
      const [row] = await sql`
        select (dpg.upsert_item('asha', ${network}, 'student', 't', ${OUR_URL}, 's', item_status => 'draft')).item_status`;
      expect(row?.item_status).toBe('draft');
      const [found] = await sql`select dpg.count_items(${network}, 'student')::integer as n`;
      expect(found?.n).toBe(1);
    }),
  );
  // in sessions that have asked before
  for (const { sql } of sessions)
    for (const network of networks) {
      const [row] =
        await sql`select dpg.count_items(${network}, 'student')::integer as n, dpg.count_items(${network})::integer as all`;
      expect({ ...row }).toEqual({ n: 1, all: 1 });
    }
  await closeSessions(sessions);
});

test('a definition that comes and goes under searches and upserts: each sees it or does not, and none fails', async () => {
  const network = 'coming_dot';
  const { sql } = database;
  for (let n = 0; n < 30; n += 1)
    await sql`
      select dpg.upsert_item('asha', ${network}, ${n % 2 ? 'student' : 'tutor'}, 't', ${OUR_URL}, 's', '{"kind": "kept"}', 10, 10,
        item_status => ${n % 3 ? 'live' : 'hidden'})`;
  const [watch, ...sessions] = (await openSessions(database, 12)) as [Session, ...Session[]];
  let isOver = false;
  const seen = new Set<number>();
  const searching = sessions.map(async ({ sql: session }, n) => {
    for (let round = 0; !isOver; round += 1) {
      const kept = session`'{"kind": ["kept"]}'::jsonb`;
      const asked = [
        session`(select count(*) from dpg.find_items(${network}, facets => ${kept}, page_size => 100))`,
        session`dpg.count_items(${network}, facets => ${kept})`,
        session`(select sum(m.item_count) from dpg.map_items(${network}, null, -90, -180, 90, 180, facets => ${kept}) m)`,
        session`(select c.item_count from dpg.count_facets(${network}, null, '{kind}') c where c.value = '"kept"')`,
        session`(select count(*) from dpg.nearest_items(${network}, null, 0, 0, facets => ${kept}, page_size => 100))`,
      ][n % 6];
      if (asked) {
        // twice in one statement: one snapshot
        const [row] = await session`select ${asked}::integer as one, ${asked}::integer as other`;
        expect(row?.one).toBe(row?.other);
        seen.add(row?.one);
      } else {
        await session`
          select dpg.upsert_item('ravi', ${network}, 'student', 't', ${OUR_URL}, 's', ${JSON.stringify({ round })}::text::jsonb, 10, 10)`;
      }
    }
  });
  for (let round = 0; round < 40; round += 1)
    await watch.sql.begin(async (tx) => {
      for (const domain of ['student', 'tutor'])
        await define(tx, network, domain, round % 2 ? null : [{ status: 'hidden', found: false }]);
    });
  isOver = true;
  await allOf(searching);
  // both domains with the definition or both without
  expect([...seen].sort()).toEqual([20, 30]);
  await closeSessions([watch, ...sessions]);
}, 120_000);
