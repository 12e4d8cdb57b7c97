// Registering a network while others write to it: nobody waits for anybody, and every call meets one document or the other.

import { beforeAll, expect, test } from 'vitest';
import { NotInNetworkError } from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { closeSessions, openSessions, refusals, type Session } from './sessions.js';

const database = await testDatabase();
const place = { item_instance_url: 'https://example.com', item_schema_url: 'https://schemas.example.com' };
const item = (item_domain: string, item_type: string) => ({
  ...{ ...place, item_network: 'changing', item_domain, item_type },
});

/** Either document declares two pairs, which the other does not. */
const documents = [
  { name: 'changing', domains: ['red', 'blue'].map((name) => ({ name, item_schemas: { one: {} } })) },
  { name: 'changing', domains: ['red', 'blue'].map((name) => ({ name, item_schemas: { two: {} } })) },
] as const;

beforeAll(async () => {
  await database.sql`insert into public."user" (id, name, email) values ('asha', 'asha', 'asha@example.com')`;
  const [first] = await openSessions(database, 1);
  for (const item_domain of ['red', 'blue'])
    await first?.partitions.ensureItem({ item_network: 'changing', item_domain });
});

test('a registration that has not been committed holds up no writer, and is not met', async () => {
  const [admin, writer] = (await openSessions(database, 2)) as [Session, Session];
  await writer.sql`set statement_timeout = '10s'`;
  await admin.sql.begin(async (tx) => {
    await admin.with(tx).networks.register(documents[0]);
    await writer.as('asha').items.upsert(item('green', 'any'));
    await writer.as('asha').items.upsert(item('red', 'two'));
  });
  await expect(writer.as('asha').items.upsert(item('red', 'two'))).rejects.toBeInstanceOf(NotInNetworkError);
  await closeSessions([admin, writer]);
});

test('a writer that has not committed holds up no registration', async () => {
  const [admin, writer] = (await openSessions(database, 2)) as [Session, Session];
  await admin.networks.register(documents[0]);
  await admin.sql`set statement_timeout = '10s'`;
  await writer.sql.begin(async (tx) => {
    const { items } = writer.with(tx).as('asha');
    await items.upsert(item('red', 'one'));
    await admin.networks.register(documents[1]);
    await expect(
      tx.savepoint((inner) => writer.with(inner).as('asha').items.upsert(item('red', 'one'))),
    ).rejects.toMatchObject({
      code: 'DP014',
    });
    await items.upsert(item('red', 'two'));
  });
  await closeSessions([admin, writer]);
});

test('while documents take turns, an array is of one of them', async () => {
  const [admin, ...writers] = (await openSessions(database, 4)) as [Session, ...Session[]];
  const taken = { one: 0, two: 0, both: 0 };
  let going = true;
  const registering = (async () => {
    const isMet = () => taken.one > 0 && taken.two > 0;
    for (let turn = 0; turn < 60 || (!isMet() && turn < 10_000); turn++)
      await admin.networks.register(documents[turn % 2] as (typeof documents)[0]);
    going = false;
  })();
  const results = await Promise.allSettled(
    writers.map(async (writer) => {
      while (going)
        for (const types of [
          ['one', 'one'],
          ['two', 'two'],
          ['one', 'two'],
        ] as const) {
          try {
            await writer.as('asha').items.upsertMany([item('red', types[0]), item('blue', types[1])]);
            taken[types[0] === types[1] ? types[0] : 'both'] += 1;
          } catch (error) {
            if (!(error instanceof NotInNetworkError)) throw error;
          }
        }
    }),
  );
  await registering;
  expect(refusals(results)).toEqual({});
  expect(taken.both).toBe(0);
  expect(taken.one).toBeGreaterThan(0);
  expect(taken.two).toBeGreaterThan(0);
  await closeSessions([admin, ...writers]);
});
