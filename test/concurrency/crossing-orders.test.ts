// Calls that lock several rows, in crossing orders. Another session holds all of these rows until every call waits, so
// that they start from one line; in what order they go on is up to the server, so it is done again and again. A deadlock
// would be 40P01, which nobody here expects.

import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { createDpg, type Item, type UpsertItem } from '../../sdk/index.js';
import { addUsers, student, tutor } from '../sdk/story.js';
import { migrateToCurrent } from '../support/migrations.js';
import { soak } from '../support/soak.js';
import { type TestDatabase, testDatabase } from '../support/test-database.js';
import { attachedLeaves, openSessions, refusals, type Session, until, untilWaiting } from './sessions.js';

const ROUNDS = soak(12, 1000);
const SESSIONS = 8;

/** The order of keys must be one and the same whatever the order of words in a database. */
const databases: [name: string, Promise<TestDatabase>][] = [
  ['the usual collation', testDatabase()],
  ['a collation that sorts a before B', englishDatabase()],
];

async function englishDatabase(): Promise<TestDatabase> {
  const database = await testDatabase({ from: 'empty', locale: 'en-US' });
  await migrateToCurrent(database.url);
  return database;
}

describe.each(databases)('under %s', (_name, opening) => {
  let database: TestDatabase;
  let sessions: Session[];
  let items: Item[];
  const dpg = () => createDpg(database.sql);

  beforeAll(async () => {
    database = await opening;
    await addUsers(database.sql, 'asha', 'ravi', 'officer');
    sessions = await openSessions(database, SESSIONS);
    // in domains whose order depends on the collation
    items = [
      await dpg()
        .as('asha')
        .items.upsert(student({ item_domain: 'a' })),
      await dpg()
        .as('asha')
        .items.upsert(tutor({ item_domain: 'B' })),
    ];
    await dpg().partitions.ensureAction({ partition_network: 'yellow_dot', action_type: 'connect' });
    await dpg().partitions.ensureActionEvent({ partition_network: 'yellow_dot', action_type: 'connect' });
  });

  /** Runs the calls from one starting line: all of them wait for rows that are then let go at once. */
  async function fromOneLine(
    rows: string,
    calls: ((session: Session) => Promise<unknown>)[],
  ): Promise<Record<string, number>> {
    const all: Record<string, number> = {};
    for (let round = 0; round < ROUNDS; round++) {
      const used = sessions.slice(0, calls.length);
      let running: Promise<PromiseSettledResult<unknown>[]> | undefined;
      await database.sql.begin(async (tx) => {
        await tx.unsafe(`select from ${rows} for update`);
        running = Promise.allSettled(calls.map((call, i) => call(used[i] as Session)));
        await untilWaiting(
          database.sql,
          used.map((session) => session.pid),
        );
      });
      for (const [what, count] of Object.entries(refusals((await running) ?? [])))
        all[what.slice(0, 5)] = (all[what.slice(0, 5)] ?? 0) + count;
    }
    return all;
  }

  const turned = <Value>(values: Value[], i: number) => (i % 2 ? values : values.toReversed());

  test('perform_action from A to B against B to A, and against the erasure of their owner', async () => {
    const pair = () => items as [Item, Item];
    const refused = await fromOneLine('dpg.items', [
      ...Array.from({ length: 4 }, (_, i) => (session: Session) => {
        const [source, target] = turned(pair(), i) as [Item, Item];
        return session.as('asha').actions.perform({ action_type: 'connect', source, target });
      }),
      // undone in the end, so that the next round finds the same
      ...[0, 1].map(
        () => (session: Session) =>
          session.sql.begin(async (tx) => {
            await tx`select dpg.erase_user('officer', 'asha', 'a test')`;
            await tx`select 1 / 0`;
          }),
      ),
    ]);
    expect(refused).toEqual({ '22012': 2 * ROUNDS });
  });

  test('upsert_items of the same items in opposite orders', async () => {
    const many = Array.from({ length: 40 }, (_, i) =>
      student({ item_domain: i % 2 ? 'a' : 'B', item_id: randomUUID() }),
    );
    await dpg().as('asha').items.upsertMany(many);
    let version = 0;
    const refused = await fromOneLine(
      'dpg.items',
      Array.from({ length: SESSIONS }, (_, i) => (session: Session) => {
        version += 1;
        const changed = many.map((item) => ({ ...item, item_state: { version } }));
        return session.as('asha').items.upsertMany(turned(changed, i));
      }),
    );
    expect(refused).toEqual({});
  });

  test('upsert_items of the same new items in opposite orders', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const many = Array.from({ length: 40 }, (_, i) =>
        student({ item_domain: i % 2 ? 'a' : 'B', item_id: randomUUID() }),
      );
      const results = await Promise.allSettled(
        sessions.map((session, i) => session.as('asha').items.upsertMany(turned(many, i))),
      );
      expect(refusals(results)).toEqual({});
    }
  });

  // Who waits for a row that is being changed queues at its old version, and then follows the chain to the new one. While
  // somebody shares the key (an action that is being made), the old version counts as being changed even after the change
  // is committed. Whoever has locked the new version and comes back to the old one, as a statement with an older snapshot
  // does, would wait for the queue, and the queue for him.
  test('upsert_items, twice, of an item that an action keeps and somebody has just changed', async () => {
    const ids = ['0', '1', '8', 'f'].map((digit) => `${digit.repeat(8)}-0000-4000-8000-000000000001`);
    const [itemOfOne, itemOfOther, both, last] = ids.map((item_id) =>
      student({ item_domain: 'a', item_id }),
    ) as [UpsertItem, UpsertItem, UpsertItem, UpsertItem];
    await dpg().as('asha').items.upsertMany([itemOfOne, itemOfOther, both, last]);
    const [keeper, changer, holdsOne, holdsOther, holdsLast, one, other] = sessions as [
      Session,
      Session,
      Session,
      Session,
      Session,
      Session,
      Session,
    ];
    const begin = async (session: Session, statement: string, item: UpsertItem) => {
      await session.sql`begin`;
      await session.sql.unsafe(statement, [String(item.item_id)]);
    };
    const lock = 'select from dpg.items where item_id = $1 for no key update';
    const upsert = (session: Session, version: number, ...items: UpsertItem[]) =>
      session.as('asha').items.upsertMany(items.map((item) => ({ ...item, item_state: { version } })));
    const untilBlocked = (session: Session, by: Session) =>
      until(`${session.pid} waits for ${by.pid}`, async () => {
        const [row] =
          await database.sql`select ${by.pid} = any (pg_blocking_pids(${session.pid})) as is_blocked`;
        return isRefused || row?.is_blocked === true;
      });
    let isRefused = false;

    await begin(keeper, 'select from dpg.items where item_id = $1 for key share', both);
    await begin(holdsOne, lock, itemOfOne);
    await begin(holdsOther, lock, itemOfOther);
    await begin(holdsLast, lock, last);
    const calls = [upsert(one, 1, itemOfOne, both, last), upsert(other, 2, itemOfOther, both)];
    for (const call of calls) {
      call.catch(() => {
        isRefused = true;
      });
    }
    await untilWaiting(database.sql, [one.pid, other.pid]);
    await begin(changer, `update dpg.items set item_state = '{"version": 3}' where item_id = $1`, both);
    await holdsOne.sql`commit`;
    await untilBlocked(one, changer);
    await holdsOther.sql`commit`;
    await untilBlocked(other, one);
    await changer.sql`commit`;
    await untilBlocked(one, holdsLast);
    await untilBlocked(other, one);
    await holdsLast.sql`commit`;
    const results = await Promise.allSettled(calls);
    await keeper.sql`commit`;
    expect(refusals(results)).toEqual({});
  });

  // Who makes a leaf of actions waits for the writers of the network's items; those may wait for rows, and must not wait
  // for rows that he holds. The queue for new partitions is held up here, so that the first action of a type waits in it.
  test.each([
    ['erase_user', (session: Session) => session.sql`select dpg.erase_user('officer', 'ravi', 'a test')`],
    [
      'delete_item',
      (session: Session, item: UpsertItem) =>
        session.as('ravi').items.delete(item as UpsertItem & { item_id: string }),
    ],
  ])('the first action of a type against %s of its target', async (name, call) => {
    const item_network = `first against ${name}`;
    const [source, other, target] = [
      student({ item_network, item_id: randomUUID() }),
      student({ item_network, item_domain: 'a', item_id: randomUUID() }),
      tutor({ item_network, item_id: randomUUID() }),
    ] as [UpsertItem & { item_id: string }, UpsertItem, UpsertItem & { item_id: string }];
    await dpg().as('asha').items.upsert(source);
    await dpg().as('ravi').items.upsertMany([other, target]);
    const [queue, performer, eraser] = sessions as [Session, Session, Session];
    let performed: Promise<PromiseSettledResult<unknown>[]> | undefined;
    await queue.sql.begin(async (tx) => {
      await tx`select dpg.ensure_action_event_partition(${`held up by ${name}`}, 'connect')`;
      performed = Promise.allSettled([
        performer.as('asha').actions.perform({ action_type: 'first', source, target }),
      ]);
      await untilWaiting(database.sql, [performer.pid]);
      // not held up: the action that is to come has locked nothing of the network yet
      await call(eraser, target);
    });
    const refused = refusals((await performed) ?? []);
    expect(Object.keys(refused).map((what) => what.slice(0, 5))).toEqual(
      name === 'delete_item' ? ['DP002'] : [],
    );
  });

  /** A network whose document no longer declares the type `old`: items of it that are there go on. */
  async function withOldItems(
    item_network: string,
    ...changes: Partial<UpsertItem>[]
  ): Promise<UpsertItem[]> {
    const old = changes.map((change) => student({ item_network, item_id: randomUUID(), ...change }));
    await dpg().as('ravi').items.upsertMany(old);
    const item_schemas = { new: {} };
    await dpg().networks.register({
      name: item_network,
      domains: ['student', 'tutor'].map((name) => ({ name, item_schemas })),
      instances: [],
      actions: {},
    });
    return old;
  }

  // The same for a leaf of items, which an array makes that also has an item of a type that is declared no longer: the
  // array is held up in the queue for new partitions, and must not hold that item.
  test.each([
    ['erase_user', (session: Session) => session.sql`select dpg.erase_user('officer', 'ravi', 'a test')`],
    [
      'delete_item',
      (session: Session, item: UpsertItem) =>
        session.as('ravi').items.delete(item as UpsertItem & { item_id: string }),
    ],
  ])('upsert_items of an undeclared item and the first of a domain, against %s', async (name, call) => {
    const item_network = `undeclared against ${name}`;
    const [old] = (await withOldItems(item_network, { item_type: 'old' })) as [UpsertItem];
    const [queue, writer, eraser] = sessions as [Session, Session, Session];
    let written: Promise<PromiseSettledResult<unknown>[]> | undefined;
    await queue.sql.begin(async (tx) => {
      await tx`select dpg.ensure_action_event_partition(${`undeclared held up by ${name}`}, 'connect')`;
      written = Promise.allSettled([
        writer.as('ravi').items.upsertMany([old, tutor({ item_network, item_type: 'new' })]),
      ]);
      await untilWaiting(database.sql, [writer.pid]);
      // not held up: the array has locked nothing yet
      await call(eraser, old);
    });
    // it is another's now, or gone: who is not declared does not come back
    const refused = refusals((await written) ?? []);
    expect(Object.keys(refused).map((what) => what.slice(0, 5))).toEqual([
      name === 'delete_item' ? 'DP014' : 'DP003',
    ]);
    expect(await attachedLeaves(database.sql, item_network)).toEqual([
      `items: FOR VALUES IN ('${item_network}') > FOR VALUES IN ('student')`,
    ]);
    expect((await dpg().items.find({ item_network, item_domain: 'student' })).rows).toHaveLength(
      name === 'delete_item' ? 0 : 1,
    );
  });

  test('upsert_items of a declared and an undeclared item against the erasure of their owner', async () => {
    const ids = ['1', '2', '3'].map((digit) => `${digit.repeat(8)}-0000-4000-8000-000000000002`);
    const items = await withOldItems(
      'undeclared against erasure',
      { item_type: 'new', item_id: ids[0] },
      { item_type: 'new', item_id: ids[1] },
      { item_type: 'old', item_id: ids[2] },
    );
    const [first, second, third] = items as [UpsertItem, UpsertItem, UpsertItem];
    const [holder, eraser, writer] = sessions as [Session, Session, Session];
    let running: Promise<PromiseSettledResult<unknown>[]> | undefined;
    // the erasure has the first and waits for the second; the array needs the first and the third
    await holder.sql.begin(async (tx) => {
      await tx`select from dpg.items where item_id = ${second.item_id as string} for update`;
      const erasing = eraser.sql`select dpg.erase_user('officer', 'ravi', 'a test')`.then(() => 'erased');
      await untilWaiting(database.sql, [eraser.pid]);
      const writing = writer
        .as('ravi')
        .items.upsertMany([{ ...first, item_state: { name: 'changed' } }, third]);
      running = Promise.allSettled([erasing, writing]);
      await untilWaiting(database.sql, [eraser.pid, writer.pid]);
    });
    const [erased, written] = (await running) ?? [];
    expect(erased).toEqual({ status: 'fulfilled', value: 'erased' });
    expect(written).toMatchObject({ status: 'rejected', reason: { code: 'DP003' } });
  });

  test('transitions against deletes of the items, erasure of a party and redaction of the events', async () => {
    const [source, target] = items as [Item, Item];
    const action = await dpg().as('asha').actions.perform({ action_type: 'connect', source, target });
    const second = await dpg()
      .as('asha')
      .actions.perform({ action_type: 'connect', source: target, target: source });
    const [event] = (await dpg().as('asha').events.find({ action_id: action.action_id })).rows;
    const undone = (session: Session, statement: string) =>
      session.sql.begin(async (tx) => {
        await tx.unsafe(statement);
        await tx`select 1 / 0`;
      });
    const refused = await fromOneLine('dpg.items, dpg.item_actions', [
      (session) => session.as('asha').actions.transition(action, { action_status: 'accepted' }),
      (session) => session.as('asha').actions.transition(second, { action_status: 'accepted' }),
      (session) => session.as('asha').items.delete(source),
      (session) => session.as('asha').items.delete(target),
      (session) => undone(session, `select dpg.erase_user('officer', 'asha', 'a test')`),
      (session) =>
        undone(
          session,
          `select dpg.redact_event('officer', 'yellow_dot', 'connect', '${event?.event_id}', 'a test')`,
        ),
      (session) => session.as('asha').items.update(source, { changes: { item_state: { at: Date.now() } } }),
      (session) =>
        session.as('asha').actions.perform({ action_type: 'connect', source: target, target: source }),
    ]);
    expect(refused).toEqual({ '22012': 2 * ROUNDS, DP013: 2 * ROUNDS });
  });

  test('any mix of these at any time', async () => {
    const many = Array.from({ length: 10 }, () => student({ item_domain: 'a', item_id: randomUUID() }));
    await dpg().as('asha').items.upsertMany(many);
    const [source, target] = items as [Item, Item];
    const action = await dpg().as('asha').actions.perform({ action_type: 'connect', source, target });
    const random = (below: number) => Math.floor(Math.random() * below);
    const one = () => many[random(many.length)] as (typeof many)[0] & { item_type: string; item_id: string };
    const calls: ((session: Session) => Promise<unknown>)[] = [
      (session) => session.as('asha').items.upsertMany(many.toSorted(() => random(3) - 1)),
      (session) => session.as('asha').items.upsert({ ...one(), item_state: { n: random(1000) } }),
      (session) => session.as('asha').items.delete(one()),
      (session) => session.as('asha').actions.perform({ action_type: 'connect', source: one(), target }),
      (session) =>
        session.as('asha').actions.perform({ action_type: 'connect', source: target, target: one() }),
      (session) => session.as('asha').actions.transition(action, { action_status: `${random(1000)}` }),
      (session) => session.sql`select dpg.erase_user('officer', 'ravi', 'a test')`,
    ];
    const results = await Promise.allSettled(
      sessions.flatMap((session) =>
        Array.from({ length: 10 * ROUNDS }, () =>
          (calls[random(calls.length)] as (typeof calls)[0])(session),
        ),
      ),
    );
    // deleted meanwhile, in use meanwhile; 40001 when deleted in the very moment of its replacement
    const expected = ['DP002', 'DP013', '40001'];
    expect(Object.keys(refusals(results)).filter((what) => !expected.includes(what.slice(0, 5)))).toEqual([]);
  });
});
