// Erasures of users at once. A lock that each needs is held until all of them wait, so that they start from one line; in
// what order they go on is up to the server, so it is done again and again.

import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createDpg, type Item, type UpsertItem } from '../../sdk/index.js';
import { addUsers, student, tutor } from '../sdk/story.js';
import { migrateToCurrent } from '../support/migrations.js';
import { soak } from '../support/soak.js';
import { type TestDatabase, testDatabase } from '../support/test-database.js';
import { allOf, openSessions, refusals, type Session, untilWaiting } from './sessions.js';

const ROUNDS = soak(12, 1000);

/** Erases the user and deletes the row in one transaction, as an application would. */
const eraseAndDelete = (session: Session, actor: string, user: string) =>
  session.sql.begin(async (tx) => {
    await tx`select dpg.erase_user(${actor}, ${user}, 'request')`;
    await tx`delete from public."user" where id = ${user}`;
  });

/** Starts the calls while `held` holds what they need, and lets go when all of them wait. */
async function fromOneLine(
  database: TestDatabase,
  held: string,
  sessions: Session[],
  call: (session: Session, i: number) => Promise<unknown>,
): Promise<PromiseSettledResult<unknown>[]> {
  let running: Promise<PromiseSettledResult<unknown>[]> | undefined;
  await database.sql.begin(async (tx) => {
    await tx.unsafe(held);
    running = Promise.allSettled(sessions.map(call));
    await untilWaiting(
      database.sql,
      sessions.map((session) => session.pid),
    );
  });
  return (await running) ?? [];
}

/** PostgreSQL writes the indexes of a table in the order in which they were made: here the key comes last. */
async function databaseWithYoungKey(): Promise<TestDatabase> {
  const database = await testDatabase({ from: 'empty' });
  await database.sql.unsafe(`
    create table public."user" (
      id text not null, name text not null, email text not null unique, "emailVerified" boolean not null default false,
      "createdAt" timestamptz not null default now(), "updatedAt" timestamptz not null default now()
    );
    alter table public."user" add primary key (id)`);
  await migrateToCurrent(database.url);
  return database;
}

describe.each<[string, Promise<TestDatabase>]>([
  ['the table of users of the migration', testDatabase()],
  ['a table of users whose key is younger than the index on their addresses', databaseWithYoungKey()],
])('with %s', (_name, opening) => {
  test('8 first erasures at once make one tombstone', async () => {
    const database = await opening;
    const dpg = createDpg(database.sql);
    const sessions = await openSessions(database, 8);
    const users = sessions.map((_, i) => `user ${i}`);
    for (let round = 0; round < ROUNDS; round++) {
      await addUsers(database.sql, ...users);
      await allOf(users.map((user) => dpg.as(user).items.upsert(student())));
      const results = await fromOneLine(
        database,
        'lock table public."user" in exclusive mode',
        sessions,
        (session, i) => eraseAndDelete(session, 'officer', users[i] as string),
      );
      expect(refusals(results)).toEqual({});
      expect([...(await database.sql`select id, name, email from public."user"`)]).toEqual([
        { id: 'dpg_erased_user', name: 'Erased user', email: 'erased-user@invalid' },
      ]);
      expect([...(await database.sql`select created_by, item_state from dpg.items`)]).toEqual(
        Array.from({ length: 8 }, () => ({ created_by: 'dpg_erased_user', item_state: {} })),
      );
      // as before any erasure
      await database.sql`delete from dpg.items`;
      await database.sql`delete from public."user"`;
    }
    expect([
      ...(await database.sql`select actor, kind, count(*)::integer from dpg.redactions group by actor, kind`),
    ]).toEqual([{ actor: 'officer', kind: 'user', count: 8 * ROUNDS }]);
  });
});

test('two users are erased at once, each on behalf of the other: the later is out of the record of the earlier', async () => {
  const database = await testDatabase();
  const dpg = createDpg(database.sql);
  const sessions = await openSessions(database, 2);
  for (let round = 0; round < ROUNDS; round++) {
    const users = [`asha ${round}`, `ravi ${round}`] as [string, string];
    await addUsers(database.sql, ...users);
    await dpg.as(users[0]).items.upsert(student());
    await dpg.as(users[1]).items.upsert(tutor());
    const results = await fromOneLine(
      database,
      'lock table public."user" in exclusive mode',
      sessions,
      (session, i) => eraseAndDelete(session, users[1 - i] as string, users[i] as string),
    );
    expect(refusals(results)).toEqual({});
    // One came before the other: the later erasure takes its user out of the record of the earlier one.
    const records = await database.sql<{ actor: string }[]>`
      select actor from dpg.redactions order by redaction_id desc limit 2`;
    expect(records.map(({ actor }) => (users.includes(actor) ? 'a user' : actor)).sort()).toEqual([
      'a user',
      'dpg_erased_user',
    ]);
  }
});

test('two users who deal with one another are erased at once', async () => {
  const database = await testDatabase();
  const dpg = createDpg(database.sql);
  const sessions = await openSessions(database, 2);
  await addUsers(database.sql, 'mina');
  const bystander = await dpg.as('mina').items.upsert(tutor({ item_id: randomUUID() }));
  // what both need first, or meet at later
  const places = [
    'lock table public."user" in exclusive mode',
    'select from dpg.items for update',
    'select from dpg.item_actions for update',
    'select from dpg.action_events for update',
  ];
  for (let round = 0; round < 2 * ROUNDS; round++) {
    const users = [`asha ${round}`, `ravi ${round}`] as [string, string];
    await addUsers(database.sql, ...users);
    const items: [Item, Item][] = [];
    for (const user of users)
      items.push([
        await dpg.as(user).items.upsert(student({ item_id: randomUUID() })),
        await dpg.as(user).items.upsert(tutor({ item_id: randomUUID() })),
      ]);
    const [[ashas, ashasOther], [ravis, ravisOther]] = items as [[Item, Item], [Item, Item]];
    const perform = (actor: string, action_type: string, source: Item, target: Item | UpsertItem) =>
      dpg.as(actor).actions.perform({ action_type, source, target: target as Item });
    for (const action_type of ['connect', 'visit'])
      for (let i = 0; i < 5; i++) {
        const there = await perform(users[0], action_type, ashas, ravisOther);
        const back = await perform(users[1], action_type, ravis, ashasOther);
        await dpg.as(users[1]).actions.transition(there, { action_status: 'accepted' });
        await dpg.as(users[0]).actions.transition(back, { action_status: 'accepted' });
      }
    await perform(users[0], 'connect', ashas, bystander);
    await perform('mina', 'connect', bystander, ravis);

    const results = await fromOneLine(
      database,
      places[round % places.length] as string,
      sessions,
      (session, i) => eraseAndDelete(session, 'officer', users[i] as string),
    );
    expect(refusals(results)).toEqual({});

    const of = (table: string) =>
      database.sql.unsafe(
        `select source_item_owner as source, target_item_owner as target, count(*)::integer from ${table}
         where source_item_id = any ($1) or target_item_id = any ($1) group by 1, 2 order by 1, 2`,
        [items.flat().map(({ item_id }) => item_id)],
      );
    const erased = 'dpg_erased_user';
    expect([...(await of('dpg.item_actions'))]).toEqual([
      { source: erased, target: erased, count: 20 },
      { source: erased, target: 'mina', count: 1 },
      { source: 'mina', target: erased, count: 1 },
    ]);
    expect([...(await of('dpg.action_events'))]).toEqual([
      { source: erased, target: erased, count: 40 },
      { source: erased, target: 'mina', count: 1 },
      { source: 'mina', target: erased, count: 1 },
    ]);
    expect([
      ...(await database.sql`
        select item_domain, item_state, item_latitude, created_by from dpg.items
        where item_id = any (${items.flat().map(({ item_id }) => item_id)}) order by item_domain`),
    ]).toEqual(
      ['student', 'student', 'tutor', 'tutor'].map((item_domain) => ({
        item_domain,
        item_state: {},
        item_latitude: null,
        created_by: erased,
      })),
    );
    expect([...(await database.sql`select id from public."user" order by id`)]).toEqual([
      { id: erased },
      { id: 'mina' },
    ]);
    expect([
      ...(await database.sql`select from dpg_private.party_leaves where owner = any (${users}::text[])`),
    ]).toEqual([]);
  }
  expect(await dpg.items.get(bystander)).toEqual(bystander);
});
