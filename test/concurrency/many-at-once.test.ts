// Many transitions in one call, and items that close their actions, against one another and everything else that changes
// actions. They lock many rows: a deadlock would be 40P01, which nobody here expects.

import { randomUUID } from 'node:crypto';
import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Action, createDpg, type Item } from '../../sdk/index.js';
import { addUsers, OTHER_URL, student, tutor } from '../sdk/story.js';
import { migrateToCurrent } from '../support/migrations.js';
import { soak } from '../support/soak.js';
import { type TestDatabase, testDatabase } from '../support/test-database.js';
import { allOf, openSessions, refusals, type Session, untilWaiting } from './sessions.js';

const SESSIONS = 8;
const ROUNDS = soak(30, 3000); // of each session
const NETWORK = 'yellow_dot';

const of = <Value>(values: Value[]) => values[Math.floor(Math.random() * values.length)] as Value;
const shuffled = <Value>(values: Value[]) =>
  values
    .map((value) => ({ value, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
const key = ({ partition_network, action_type, action_id }: Action) => ({
  partition_network,
  action_type,
  action_id,
});

/** Each action has an event for each update, the last one is the row, and each is queued for the feed once, in its order. */
async function allFits(sql: postgres.Sql): Promise<void> {
  expect([
    ...(await sql`
      select a.action_id, a.action_status, a.update_count, e.counts, e.queued
      from dpg.item_actions a
      left join lateral (
        select array_agg(e.update_count order by e.update_count) as counts, count(q.seq)::integer as queued,
          array_agg(e.update_count order by q.seq) as in_queue,
          (array_agg(e.action_status order by e.update_count desc))[1] as last_status, max(e.created_at) as last_at
        from dpg.action_events e
        left join dpg_private.event_queue q using (partition_network, action_type, event_id)
        where e.partition_network = a.partition_network and e.action_type = a.action_type and e.action_id = a.action_id
      ) e on true
      where e.counts is distinct from array(select generate_series(0, a.update_count))
        or e.in_queue is distinct from e.counts
        or e.queued <> a.update_count + 1
        or (e.last_status, e.last_at) is distinct from (a.action_status, a.updated_at)`),
  ]).toEqual([]);
}

/** The order of keys must be one and the same whatever the order of words in a database. */
describe.each([
  ['the usual collation', testDatabase()],
  ['a collation that sorts a before B', testDatabase({ from: 'empty', locale: 'en-US' })],
])('under %s', (name, opening) => {
  let database: TestDatabase;
  let sessions: Session[];
  const dpg = () => createDpg(database.sql);

  beforeAll(async () => {
    database = await opening;
    if (name !== 'the usual collation') await migrateToCurrent(database.url);
    await addUsers(database.sql, 'asha', 'ravi', 'officer');
    sessions = await openSessions(database, SESSIONS);
  });

  test(
    `${SESSIONS} sessions: no deadlock, and each change has its event`,
    async () => {
      const items: { item: Item; owner: string }[] = [];
      for (const [n, owner] of ['asha', 'asha', 'ravi', 'ravi'].entries())
        items.push({
          owner,
          item: await dpg()
            .as(owner)
            .items.upsert(student({ item_domain: n % 2 ? 'a' : 'B' })),
        });
      // reopened actions are counted
      for (const action_type of ['a', 'B'])
        await dpg().actions.define({
          ...{ partition_network: NETWORK, action_type, transitions: null },
          rules: { final_statuses: ['done', 'closed'], max_open_per_pair: 5, max_open_per_source: 8 },
        });
      const actions: Action[] = [];
      const perform = async (session: Session) => {
        const [source, target] = shuffled(items).slice(0, 2) as [(typeof items)[0], (typeof items)[0]];
        const request = { source: source.item, target: target.item, action_type: of(['a', 'B', 'c']) };
        actions.push(await session.as(source.owner).actions.perform(request));
      };
      for (let i = 0; i < 20; i++) await perform(sessions[0] as Session).catch(() => undefined);
      const status = () => of(['created', 'accepted', 'done']);
      const undone = (session: Session, statement: string) =>
        session.sql.begin(async (tx) => {
          await tx.unsafe(statement);
          await tx`select 1 / 0`;
        });

      const results: PromiseSettledResult<unknown>[] = [];
      const inResults: Record<string, number> = {};
      await Promise.all(
        sessions.map(async (session, n) => {
          for (let round = 0; round < ROUNDS; round++) {
            const dice = Math.random();
            let call: Promise<unknown>;
            if (dice < 0.5) {
              const some = shuffled([...actions, ...actions]).slice(0, 1 + Math.floor(Math.random() * 30));
              call = session
                .as(of(['asha', 'ravi']))
                .actions.transitionMany(some.map((action) => ({ ...key(action), action_status: status() })))
                .then((many) => {
                  for (const { error } of many)
                    inResults[error?.code ?? 'done'] = (inResults[error?.code ?? 'done'] ?? 0) + 1;
                });
            } else if (dice < 0.7) {
              call = session
                .as(of(['asha', 'ravi']))
                .actions.transition(of(actions), { action_status: status() });
            } else if (dice < 0.82) {
              const { owner, item } = of(items);
              call = session.as(owner).items.setStatus(item, {
                ...{ item_status: of(['live', 'retired']), close_actions_as: ['closed'] },
              });
            } else if (dice < 0.92) call = perform(session);
            else if (dice < 0.95)
              call = session.as('asha').items.update(items[0]?.item as Item, {
                changes: { item_state: { n, round } },
              });
            else if (dice < 0.97)
              call = undone(session, `select dpg.erase_user('officer', 'ravi', 'a test')`);
            else
              call = dpg().actions.define({
                ...{ partition_network: NETWORK, action_type: 'B', transitions: null },
                rules: { max_open_per_pair: of([4, 5]) },
              });
            results.push(...(await Promise.allSettled([call])));
          }
        }),
      );
      const codes = Object.keys(refusals(results)).map((what) => what.slice(0, 5));
      // a party that is none (of two items of one owner), a rule, what was rolled back on purpose
      expect(codes.filter((code) => !['DP005', 'DP016', '22012'].includes(code))).toEqual([]);
      expect(Object.keys(inResults).filter((code) => !['done', 'DP005', 'DP016'].includes(code))).toEqual([]);
      expect(inResults.done).toBeGreaterThan(SESSIONS * ROUNDS);
      await allFits(database.sql);
      const tooMany = await database.sql`
        select action_type, count(*)
        from dpg.item_actions
        where action_type in ('a', 'B') and action_status not in ('done', 'closed')
        group by action_type, least(source_item_id, target_item_id), greatest(source_item_id, target_item_id)
        having count(*) > 5`;
      expect([...tooMany]).toEqual([]);
    },
    soak(120_000, 3_600_000),
  );

  test('both sides of an action retire at once: each action is closed once', async () => {
    for (let round = 0; round < soak(6, 300); round++) {
      const source = await dpg().as('asha').items.upsert(student());
      const target = await dpg().as('ravi').items.upsert(tutor());
      for (let n = 0; n < 12; n++)
        await dpg()
          .as('asha')
          .actions.perform({ action_type: `t${n % 3}`, source, target });
      const change = { item_status: 'retired', close_actions_as: ['closed', 'done'] };
      await allOf([
        (sessions[0] as Session).as('asha').items.setStatus(source, change),
        (sessions[1] as Session).as('ravi').items.setStatus(target, change),
      ]);
      const rows = await database.sql`
        select action_status, update_count, count(*)::integer as count
        from dpg.item_actions
        where target_item_id = ${target.item_id}
        group by action_status, update_count`;
      expect([...rows]).toEqual([{ action_status: 'closed', update_count: 1, count: 12 }]);
    }
    await allFits(database.sql);
  });
});

describe('an item that retires', async () => {
  const database = await testDatabase();
  const dpg = createDpg(database.sql);
  const close = { item_status: 'retired', close_actions_as: ['closed'] };
  let sessions: [Session, Session];
  let source: Item;
  let target: Item;
  const statuses = async () => {
    const rows = await database.sql`
      select action_status from dpg.item_actions where target_item_id = ${target.item_id} order by created_at`;
    return rows.map((row) => row.action_status);
  };
  const perform = (session: Session) =>
    session.as('asha').actions.perform({ action_type: 'connect', source, target });

  beforeAll(async () => {
    await addUsers(database.sql, 'asha', 'ravi');
    sessions = (await openSessions(database, 2)) as [Session, Session];
    await dpg.items.define({
      ...{ item_network: NETWORK, item_domain: 'tutor' },
      statuses: [{ status: 'retired', acts: false }],
    });
  });

  test('no action slips through: one that is being made is closed, one that comes later is refused', async () => {
    source = await dpg.as('asha').items.upsert(student());
    target = await dpg.as('ravi').items.upsert(tutor());
    const [one, other] = sessions;
    await perform(one);

    await one.sql`begin`;
    await perform(one);
    const retiring = Promise.allSettled([other.as('ravi').items.setStatus(target, close)]);
    await untilWaiting(database.sql, [other.pid]);
    await one.sql`commit`;
    expect(refusals(await retiring)).toEqual({});
    expect(await statuses()).toEqual(['closed', 'closed']);

    await other.as('ravi').items.setStatus(target, { item_status: 'live' });
    await other.sql`begin`;
    await other.as('ravi').items.setStatus(target, close);
    const late = Promise.allSettled([perform(one)]);
    await untilWaiting(database.sql, [one.pid]);
    await other.sql`commit`;
    expect(Object.keys(refusals(await late)).map((what) => what.slice(0, 5))).toEqual(['DP015']);
    expect(await statuses()).toEqual(['closed', 'closed']);
  });

  test('an action of a new type, whose leaf comes while it waits, is closed as well', async () => {
    source = await dpg.as('asha').items.upsert(student());
    target = await dpg.as('ravi').items.upsert(tutor());
    const [one, other] = sessions;
    await one.sql`begin`;
    await one.as('asha').actions.perform({ action_type: `new ${randomUUID()}`, source, target });
    const retiring = Promise.allSettled([other.as('ravi').items.setStatus(target, close)]);
    await untilWaiting(database.sql, [other.pid]);
    await one.sql`commit`;
    expect(refusals(await retiring)).toEqual({});
    expect(await statuses()).toEqual(['closed']);
  });

  test('the event of an action from another instance is in the feed for it', async () => {
    target = await dpg.as('ravi').items.upsert(tutor());
    await dpg.subscriptions.create({ subscription: 'to them', source_item_instance_url: OTHER_URL });
    const action = await dpg.actions.receive({
      ...{
        action_type: 'connect',
        source_item_instance_url: OTHER_URL,
        source_item_owner: 'somebody',
        target,
      },
      source: { item_network: 'blue_dot', item_domain: 'x', item_type: 'y', item_id: randomUUID() },
    });
    await dpg.as('ravi').items.setStatus(target, close);
    const rows = await database.sql`
      select action_id, action_status, update_count, acting_side from dpg.read_events('to them') order by "position"`;
    expect([...rows]).toEqual([
      { action_id: action.action_id, action_status: 'created', update_count: 0, acting_side: 'source' },
      { action_id: action.action_id, action_status: 'closed', update_count: 1, acting_side: 'target' },
    ]);
  });

  test('closes nothing under an older snapshot, in which it could not see all actions', async () => {
    target = await dpg.as('ravi').items.upsert(tutor());
    const [one] = sessions;
    for (const isolation of ['repeatable read', 'serializable']) {
      await one.sql.unsafe(`begin isolation level ${isolation}`);
      const results = await Promise.allSettled([one.as('ravi').items.setStatus(target, close)]);
      expect(results[0]).toMatchObject({ status: 'rejected', reason: { code: '25000' } });
      await one.sql`rollback`;
    }
  });
});
