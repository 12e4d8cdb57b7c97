// Rules that count, when many act at once: never one too many, and nobody waits but those who are counted together.

import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { addUsers, OTHER_URL, OUR_URL } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';
import { allOf, closeSessions, openSessions, refusals, type Session, untilWaiting } from './sessions.js';

const database = await testDatabase();
await addUsers(database.sql, 'asha', 'ravi');

type Sql = postgres.Sql | postgres.TransactionSql;
const LEVELS = ['read committed', 'repeatable read', 'serializable'] as const;

/** A network with items: `student` is asha's, `tutor` ravi's. */
async function network(name: string, items = 4): Promise<{ student: string[]; tutor: string[] }> {
  const { sql } = database;
  await sql`select dpg.ensure_item_partition(${name}, d) from unnest('{student,tutor}'::text[]) d`;
  const of = async (domain: string, owner: string) =>
    (
      await sql`
        select (dpg.upsert_item(${owner}, ${name}, ${domain}, 't', ${OUR_URL}, 's')).item_id from generate_series(1, ${items})`
    ).map(({ item_id }) => item_id as string);
  return { student: await of('student', 'asha'), tutor: await of('tutor', 'ravi') };
}

const leaves = (name: string, ...types: string[]) => database.sql`
  select dpg.ensure_action_partition(${name}, t), dpg.ensure_action_event_partition(${name}, t) from unnest(${types}::text[]) t`;

const perform = (
  sql: Sql,
  name: string,
  source: string,
  target: string,
  type = 'connect',
  id: string | null = null,
) =>
  sql`
    select (dpg.perform_action(
      ${'asha'}, ${type}, row(${name}, 'student', 't', ${source}::uuid)::dpg.item_ref,
      row(${name}, 'tutor', 't', ${target}::uuid)::dpg.item_ref, action_id => ${id}::uuid
    )).action_id`;

const answer = (sql: Sql, name: string, source: string, target: string, type = 'connect') => sql`
  select (dpg.perform_action(
    ${'ravi'}, ${type}, row(${name}, 'tutor', 't', ${source}::uuid)::dpg.item_ref,
    row(${name}, 'student', 't', ${target}::uuid)::dpg.item_ref
  )).action_id`;

const receive = (sql: Sql, name: string, source: string, target: string) => sql`
  select (dpg.receive_action(
    'connect', row('far', 'student', 't', ${source}::uuid)::dpg.item_ref, ${OTHER_URL}, 'meera',
    row(${name}, 'tutor', 't', ${target}::uuid)::dpg.item_ref
  )).action_id`;

const rules = (name: string, type: string, value: object, transitions: object[] | null = null) =>
  database.sql`select dpg.define_action(${name}, ${type}, ${transitions && JSON.stringify(transitions)}::text::jsonb, rules => ${JSON.stringify(value)}::text::jsonb)`;

/** How many succeeded; the others were refused with one of these codes. */
function successes(results: PromiseSettledResult<unknown>[], ...codes: string[]): number {
  const others = Object.keys(refusals(results)).filter(
    (what) => !codes.some((code) => what.startsWith(code)),
  );
  expect(others).toEqual([]);
  return results.filter(({ status }) => status === 'fulfilled').length;
}

async function countOf(name: string): Promise<number> {
  const [row] =
    await database.sql`select count(*)::integer as n from dpg.item_actions where partition_network = ${name}`;
  return row?.n;
}

test('64 sessions between one pair at max_open_per_pair 1: one succeeds, 63 are DP016', async () => {
  const { student, tutor } = await network('pair_dot');
  await leaves('pair_dot', 'connect');
  await rules('pair_dot', 'connect', { max_open_per_pair: 1 });
  const sessions = await openSessions(database, 64);
  const [a, b] = [student[0] as string, tutor[0] as string];
  const results = await Promise.allSettled(
    sessions.map(({ sql }, n) =>
      n % 2 === 0 ? perform(sql, 'pair_dot', a, b) : answer(sql, 'pair_dot', b, a),
    ),
  );
  expect(successes(results, 'DP016')).toBe(1);
  expect(await countOf('pair_dot')).toBe(1);
  await closeSessions(sessions);
});

test.each(LEVELS)(
  'in %s never one too many: pairs, sources, a network, owners, other instances',
  async (level) => {
    const name = `all ${level}`;
    const { student, tutor } = await network(name);
    await leaves(name, 'connect', 'book');
    await rules(name, 'connect', { max_open_per_pair: 2, max_open_per_source: 5 });
    await database.sql`select dpg.define_network(${name}, '{"max_open_per_pair": 3, "max_items_per_owner": 6}')`;
    const sessions = await openSessions(database, 12);
    const pick = (ids: string[]) => ids[Math.floor(Math.random() * 2)] as string;
    const results = await Promise.allSettled(
      sessions.flatMap(({ sql }, n) =>
        Array.from({ length: 12 }, async (_, round) => {
          const [s, t] = [pick(student), pick(tutor)];
          await sql.begin(`isolation level ${level}`, async (tx) => {
            // the snapshot is older than what others do meanwhile
            await tx`select 1 from dpg.items limit 1`;
            await new Promise((go) => setTimeout(go, Math.random() * 10));
            const turn = (n + round) % 5;
            if (turn === 0) await answer(tx, name, t, s);
            else if (turn === 1) await receive(tx, name, s, t);
            else if (turn === 2) await perform(tx, name, s, t, 'book');
            else if (turn === 3)
              await tx`select dpg.upsert_item('asha', ${name}, 'student', 't', ${OUR_URL}, 's')`;
            else await perform(tx, name, s, t);
          });
        }),
      ),
    );
    expect(successes(results, 'DP016', '40001')).toBeGreaterThan(6);
    const [most] = await database.sql`
    select
      (
        select max(n)::integer from (
          select count(*) as n from dpg.item_actions a where a.partition_network = ${name} and a.action_type = 'connect'
          group by least(a.source_item_id, a.target_item_id), greatest(a.source_item_id, a.target_item_id), a.source_item_is_local
        ) p
      ) as of_pair,
      (
        select max(n)::integer from (
          select count(*) as n from dpg.item_actions a where a.partition_network = ${name} and a.action_type = 'connect'
          group by a.source_item_id, a.source_item_is_local
        ) p
      ) as of_source,
      (
        select max(n)::integer from (
          select count(*) as n from dpg.item_actions a where a.partition_network = ${name}
          group by least(a.source_item_id, a.target_item_id), greatest(a.source_item_id, a.target_item_id), a.source_item_is_local
        ) p
      ) as of_network,
      (select count(*)::integer from dpg.items i where i.item_network = ${name} and i.item_domain = 'student') as of_owner`;
    expect(most?.of_pair).toBeLessThanOrEqual(2);
    expect(most?.of_source).toBeLessThanOrEqual(5);
    expect(most?.of_network).toBeLessThanOrEqual(3);
    expect(most?.of_owner).toBeLessThanOrEqual(6);
    if (level === 'read committed')
      expect(most).toEqual({ of_pair: 2, of_source: most?.of_source, of_network: 3, of_owner: 6 });
    await closeSessions(sessions);
  },
);

test('nobody waits but those of the same pair or source', async () => {
  const { student, tutor } = await network('wait_dot');
  await leaves('wait_dot', 'connect', 'book');
  await rules('wait_dot', 'connect', { max_open_per_pair: 9 });
  await rules('wait_dot', 'book', { max_open_per_source: 9 });
  const sessions = await openSessions(database, 2);
  const [holder, other] = sessions as [Session, Session];
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let ready = () => {};
  const begun = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const holding = holder.sql.begin(async (tx) => {
    await perform(tx, 'wait_dot', student[0] as string, tutor[0] as string);
    await perform(tx, 'wait_dot', student[0] as string, tutor[0] as string, 'book');
    ready();
    await held;
  });
  await begun;
  await other.sql`set lock_timeout = '2s'`;
  await perform(other.sql, 'wait_dot', student[0] as string, tutor[1] as string);
  await perform(other.sql, 'wait_dot', student[1] as string, tutor[0] as string);
  await answer(other.sql, 'wait_dot', tutor[1] as string, student[1] as string);
  await perform(other.sql, 'wait_dot', student[1] as string, tutor[0] as string, 'book');
  await other.sql`select dpg.upsert_item('asha', 'wait_dot', 'student', 't', ${OUR_URL}, 's')`;
  await other.sql`set lock_timeout = 0`;
  // of the same pair, the other way round
  const waiting = answer(other.sql, 'wait_dot', tutor[0] as string, student[0] as string);
  waiting.catch(() => {});
  const answered = waiting.execute();
  await untilWaiting(database.sql, [other.pid]);
  release();
  await holding;
  await answered;
  await closeSessions(sessions);
});

test('a call that is repeated is answered, whatever the rule, also by many at once', async () => {
  const { student, tutor } = await network('again_dot');
  await leaves('again_dot', 'connect');
  await rules('again_dot', 'connect', { max_open_per_pair: 1 });
  const sessions = await openSessions(database, 16);
  const id = '33333333-3333-4333-8333-333333333333';
  await allOf(
    sessions.map(({ sql }) =>
      perform(sql, 'again_dot', student[0] as string, tutor[0] as string, 'connect', id),
    ),
  );
  expect(await countOf('again_dot')).toBe(1);
  await closeSessions(sessions);
});

test.each(LEVELS.slice(1))(
  '%s: rules that are newer than the snapshot end the call in 40001',
  async (level) => {
    const name = `late ${level}`;
    const { student, tutor } = await network(name);
    await leaves(name, 'connect');
    const [session] = (await openSessions(database, 1)) as [Session];
    const first = session.sql.begin(`isolation level ${level}`, async (tx) => {
      await tx`select 1 from dpg.items limit 1`;
      await rules(name, 'connect', { max_open_per_pair: 1 });
      await perform(tx, name, student[0] as string, tutor[0] as string);
    });
    await expect(first).rejects.toMatchObject({ code: '40001' });
    // and of items
    const second = session.sql.begin(`isolation level ${level}`, async (tx) => {
      await tx`select 1 from dpg.items limit 1`;
      await database.sql`select dpg.define_network(${name}, '{"max_items_per_owner": 1}')`;
      await tx`select dpg.upsert_item('asha', ${name}, 'student', 't', ${OUR_URL}, 's')`;
    });
    await expect(second).rejects.toMatchObject({ code: '40001' });
    const third = session.sql.begin(`isolation level ${level}`, async (tx) => {
      await tx`select 1 from dpg.items limit 1`;
      await database.sql`select dpg.define_network(${name}, '{"max_open_per_pair": 1}')`;
      await perform(tx, name, student[0] as string, tutor[0] as string);
    });
    await expect(third).rejects.toMatchObject({ code: '40001' });
    await closeSessions([session]);
  },
);

test.each(LEVELS.slice(1))(
  '%s: so does a graph that is newer, since it says which statuses are final',
  async (level) => {
    const name = `graph ${level}`;
    const { student, tutor } = await network(name);
    const [a, b] = [student[0] as string, tutor[0] as string];
    await leaves(name, 'connect');
    const resume = { from: 'paused', to: 'created', by: 'either' };
    const pause = { from: 'created', to: 'paused', by: 'either' };
    await rules(name, 'connect', { max_open_per_pair: 1 }, [pause, resume]);
    const [action] = await perform(database.sql, name, a, b);
    await database.sql`select dpg.transition_action('asha', ${name}, 'connect', ${action?.action_id}, 'paused')`;
    const [session] = (await openSessions(database, 1)) as [Session];
    const resumed = session.sql.begin(`isolation level ${level}`, async (tx) => {
      await tx`select 1 from dpg.items limit 1`;
      // from here on an action that is paused is not open, so there may be another
      await database.sql`select dpg.define_action(${name}, 'connect', ${JSON.stringify([pause])}::text::jsonb)`;
      await perform(database.sql, name, a, b);
      await tx`select dpg.transition_action('asha', ${name}, 'connect', ${action?.action_id}, 'created')`;
    });
    await expect(resumed).rejects.toMatchObject({ code: '40001' });
    await closeSessions([session]);
  },
);

test('who changes the rules and who changed the graph first do not wait for one another', async () => {
  const [one, other] = (await openSessions(database, 2)) as [Session, Session];
  await database.sql`select dpg.define_action('order_dot', 'connect', '[]')`;
  let waiting: Promise<unknown> = Promise.resolve();
  await one.sql.begin(async (tx) => {
    await tx`select dpg.define_action('order_dot', 'connect', '[{"from": "created", "to": "closed", "by": "either"}]')`;
    waiting = other.sql`select dpg.define_action('order_dot', 'connect', null, rules => '{"max_open_per_pair": 1}')`;
    waiting.catch(() => {});
    await untilWaiting(database.sql, [other.pid]);
    await tx`select dpg.define_action('order_dot', 'connect', null, rules => '{"max_open_per_pair": 2}')`;
  });
  await waiting;
  const [row] =
    await database.sql`select d.rules from dpg.action_definitions d where d.partition_network = 'order_dot'`;
  expect(row?.rules).toEqual({ max_open_per_pair: 1 });
  await closeSessions([one, other]);
});

test('rules and graphs that many define at once are all there', async () => {
  const sessions = await openSessions(database, 8);
  await allOf(
    sessions.map(async ({ sql }, n) => {
      for (let round = 0; round < 10; round += 1) {
        const type = `type ${round % 3}`;
        if (n % 2 === 0)
          await sql`select dpg.define_action('many_dot', ${type}, '[{"from": "created", "to": "closed", "by": "either"}]')`;
        else
          await sql`select dpg.define_action('many_dot', ${type}, null, rules => '{"max_open_per_pair": 2}')`;
        await sql`select dpg.define_network(${`many ${n}`}, '{"max_open_per_pair": 2}')`;
      }
    }),
  );
  const rows = await database.sql`
    select d.transitions is not null as graph, d.rules, d.final_statuses
    from dpg.action_definitions d where d.partition_network = 'many_dot'`;
  expect(rows).toHaveLength(3);
  for (const row of rows)
    expect(row).toEqual({ graph: true, rules: { max_open_per_pair: 2 }, final_statuses: ['closed'] });
  const [ruled] = await database.sql`select dpg_private.ruled_networks() as networks`;
  for (let n = 0; n < 8; n += 1) expect(ruled?.networks).toContain(`many ${n}`);
  await closeSessions(sessions);
});
