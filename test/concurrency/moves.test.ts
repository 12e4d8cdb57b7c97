// Items that go from one user to another while others write, move and erase. Whatever the order, each owner in an action or an
// event is the owner of the item, and nobody waits for nobody (40P01).

import { randomUUID } from 'node:crypto';
import type postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { createDpg, type Dpg, type Item } from '../../sdk/index.js';
import { addUsers, errorOf, OTHER_URL, OUR_URL, student, tutor } from '../sdk/story.js';
import { soak } from '../support/soak.js';
import { type TestDatabase, testDatabase } from '../support/test-database.js';
import { openSessions, refusals, type Session, untilWaiting } from './sessions.js';

const ROUNDS = soak(8, 500);
const database = await testDatabase();
const dpg = createDpg(database.sql);

const move = (sql: postgres.Sql, from: string, to: string) =>
  sql`select dpg.move_items('officer', ${from}, ${to}, 'signed up')`;
const erase = (sql: postgres.Sql, user: string) => sql`select dpg.erase_user('officer', ${user}, 'request')`;

/** An event of another instance about an action from an item of ours, as that instance knows it. */
const mirrored = (source: Item, action_id: string, update_count: number) => ({
  ...{ partition_network: 'yellow_dot', action_type: 'mirrored', action_id, update_count },
  ...{ event_id: action_id.replace(/^.{8}/, String(update_count).padStart(8, '0')) },
  ...{ origin_instance_domain: OTHER_URL, action_status: `s${update_count}` },
  ...{ source_item_network: source.item_network, source_item_domain: source.item_domain },
  ...{
    source_item_type: source.item_type,
    source_item_id: source.item_id,
    source_item_instance_url: OUR_URL,
  },
  source_item_owner: source.created_by,
  ...{ target_item_network: 'yellow_dot', target_item_domain: 'tutor', target_item_type: 'profile_1.0' },
  ...{ target_item_id: '88888888-8888-4888-8888-888888888888', target_item_instance_url: OTHER_URL },
  ...{ target_item_owner: 'far', event_payload: {}, created_at: '2026-01-01T00:00:00.000000Z' },
});

/** Owners in actions and events that are not those of the items, where these are of this instance and there. */
async function strayOwners({ sql }: TestDatabase) {
  return [
    ...(await sql`
      with sides as (
        select 'action' as of, action_id, source_item_id as item_id, source_item_owner as owner
        from dpg.item_actions where source_item_is_local
        union all
        select 'action', action_id, target_item_id, target_item_owner from dpg.item_actions
        union all
        select 'event', action_id, source_item_id, source_item_owner from dpg.action_events where source_item_is_local
        union all
        select 'event', action_id, target_item_id, target_item_owner from dpg.action_events where target_item_is_local
        union all
        select 'mirrored action', action_id, source_item_id, source_item_owner from dpg_private.mirrored_actions
      )
      select s.of, s.owner, i.created_by, count(*)::integer
      from sides s join dpg.items i using (item_id)
      where s.owner <> i.created_by
      group by 1, 2, 3`),
  ];
}

async function guestAndTutor(
  round: string,
): Promise<{ guest: string; user: string; item: Item; other: Item }> {
  const [guest, user, ravi] = [`guest ${round}`, `user ${round}`, `ravi ${round}`] as const;
  await addUsers(database.sql, guest, user, ravi);
  const item = await dpg.as(guest).items.upsert(student({ item_id: randomUUID() }));
  const other = await dpg.as(ravi).items.upsert(tutor({ item_id: randomUUID() }));
  return { guest, user, item, other };
}

test('writers, moves and erasures at once', async () => {
  const sessions = await openSessions(database, 8);
  for (const root of ['ensure_action_partition', 'ensure_action_event_partition'])
    for (const type of ['connect', 'mirrored'])
      await database.sql`select dpg.${database.sql.unsafe(root)}('yellow_dot', ${type})`;
  // what most of them need, and meet at
  const places = [
    'lock table public."user" in exclusive mode',
    'select from dpg.items for update',
    'select from dpg.item_actions for update',
    'select from dpg.action_events for update',
    'select from dpg_private.mirrored_actions for update',
  ];
  for (let round = 0; round < ROUNDS * places.length; round++) {
    const { guest, user, item, other } = await guestAndTutor(String(round));
    const remote = randomUUID();
    const perform = (by: Dpg, actor: string, source: Item, target: Item) =>
      by.as(actor).actions.perform({ action_type: 'connect', source, target });
    const there = await perform(dpg, guest, item, other);
    const back = await perform(dpg, other.created_by, other, item);
    await dpg.events.store(mirrored(item, remote, 0));

    const calls: ((session: Session) => Promise<unknown>)[] = [
      ({ sql }) => move(sql, guest, user),
      ({ sql }) => (round % 2 ? erase(sql, other.created_by) : move(sql, other.created_by, user)),
      (session) => perform(session, guest, item, other),
      (session) => perform(session, other.created_by, other, item),
      (session) => session.as(guest).actions.transition(there, { action_status: 'on' }),
      (session) => session.as(other.created_by).actions.transition(back, { action_status: 'on' }),
      (session) => session.events.store(mirrored(item, remote, 1)),
      (session) => session.events.store(mirrored(item, randomUUID(), 0)),
    ];
    let running: Promise<PromiseSettledResult<unknown>[]> | undefined;
    await database.sql.begin(async (tx) => {
      await tx.unsafe(places[round % places.length] as string);
      running = Promise.allSettled(sessions.map((session, i) => calls[i]?.(session)));
      await untilWaiting(database.sql, [sessions[0]?.pid ?? 0]); // the move of the guest
    });
    // who comes too late owns the item or the action no more
    const refused = Object.keys(refusals((await running) ?? [])).filter((text) => !/^DP00[35] /.test(text));
    expect(refused).toEqual([]);
    expect(await strayOwners(database)).toEqual([]);
    const owned = await database.sql`select created_by from dpg.items where item_id = ${item.item_id}`;
    expect(owned[0]?.created_by).toBe(user);
    const found = await dpg.as(user).actions.find({ action_type: 'mirrored', page_size: 100 });
    expect(found.rows).toHaveLength(2);
  }
});

describe.each<
  [string, (sql: postgres.Sql, from: string, to: string) => PromiseLike<unknown>, string | undefined]
>([
  ['a move', move, undefined],
  ['an erasure', erase, 'dpg_erased_user'],
])('%s waits for an event that is being mirrored, and takes it along', (what, take, tombstone) => {
  test.each([
    ['the first of its action', 0, false],
    ['a later one', 1, false],
    ['a later one, whose source is deleted', 1, true],
  ])('%s', async (which, update_count, isDeleted) => {
    const { guest, user, item } = await guestAndTutor(`${what} ${which}`);
    const [writer, taker] = (await openSessions(database, 2)) as [Session, Session];
    const action_id = randomUUID();
    if (update_count > 0) await dpg.events.store(mirrored(item, action_id, 0));
    if (isDeleted) await dpg.as(guest).items.delete(item);
    let taking: Promise<unknown> | undefined;
    await writer.sql.begin(async (tx) => {
      await writer.with(tx).events.store(mirrored(item, action_id, update_count));
      taking = Promise.resolve(take(taker.sql, guest, user));
      await untilWaiting(database.sql, [taker.pid]);
    });
    await taking;
    const owner = tombstone ?? user;
    const events =
      await database.sql`select source_item_owner from dpg.action_events where action_id = ${action_id}`;
    expect(events.map(({ source_item_owner }) => source_item_owner)).toEqual(
      Array.from({ length: update_count + 1 }, () => owner),
    );
    const late = await dpg.events.store(mirrored(item, action_id, 2));
    expect(late.source_item_owner).toBe(owner);
  });
});

test('who still sees what was before the move ends in 40001, and so does the move', async () => {
  const { guest, user, item, other } = await guestAndTutor('snapshot');
  const action = await dpg.as(guest).actions.perform({ action_type: 'connect', source: item, target: other });
  const remote = randomUUID();
  await dpg.events.store(mirrored(item, remote, 0));
  const attempts: ((before: Dpg<postgres.TransactionSql>) => Promise<unknown>)[] = [
    (before) => before.as(guest).actions.perform({ action_type: 'connect', source: item, target: other }),
    (before) =>
      before.as(other.created_by).actions.perform({ action_type: 'connect', source: other, target: item }),
    (before) => before.as(guest).actions.transition(action, { action_status: 'on' }),
    (before) => before.as(guest).items.update(item, { changes: { item_state: { name: 'B' } } }),
    (before) =>
      before.as(guest).items.upsert({ ...student(), item_id: item.item_id, item_state: { name: 'C' } }),
    (before) => before.as(guest).items.delete(item),
    (before) => before.events.store(mirrored(item, remote, 1)),
    (before) => before.events.store(mirrored(item, randomUUID(), 0)),
  ];
  const sessions = await openSessions(database, attempts.length);
  let moved: () => void = () => {};
  const isMoved = new Promise<void>((resolve) => {
    moved = resolve;
  });
  const opened: Promise<unknown>[] = [];
  const running = sessions.map((session, i) => {
    let isOpen: (value: unknown) => void = () => {};
    opened.push(
      new Promise((resolve) => {
        isOpen = resolve;
      }),
    );
    return session.sql.begin('isolation level repeatable read', async (tx) => {
      isOpen(await tx`select count(*) from dpg.items`);
      await isMoved;
      return await attempts[i]?.(session.with(tx));
    });
  });
  await Promise.all(opened);
  await move(database.sql, guest, user);
  moved();
  const codes = (await Promise.allSettled(running)).map((result) =>
    result.status === 'rejected' ? (result.reason as { code?: string }).code : 'done',
  );
  expect(codes).toEqual(attempts.map(() => '40001'));
  expect(await strayOwners(database)).toEqual([]);

  for (const level of ['repeatable read', 'serializable'])
    expect(
      await errorOf(
        database.sql.begin(
          `isolation level ${level}`,
          (tx) => tx`select dpg.move_items('officer', ${user}, ${guest}, 'back')`,
        ),
      ),
    ).toMatchObject({ code: '25000', detail: expect.stringContaining('dpg.move_items') });
});
