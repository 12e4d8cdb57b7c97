// What the making of a partition locks of the tables that are there already: listed, so that nothing is added unseen.
// SHARE UPDATE EXCLUSIVE holds up no reader and no writer, SHARE ROW EXCLUSIVE no reader.

import { beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();

beforeAll(async () => {
  const { sql } = database;
  for (const network of ['alpha', 'beta']) {
    for (const key of ['one', 'two']) {
      await sql`
        select dpg.ensure_item_partition(${network}, ${key}), dpg.ensure_action_partition(${network}, ${key}),
          dpg.ensure_action_event_partition(${network}, ${key})`;
    }
  }
});

const UNDONE = new Error('undone');

/** The locks that hold up writers, or one another, on tables that were there before the call. */
async function locks(call: string): Promise<string[]> {
  const session = database.connect({ max: 1, role: 'dpg_app' });
  let found: string[] = [];
  await session
    .begin(async (sql) => {
      await sql.unsafe(`select ${call}`);
      const [row] = await sql`select pg_backend_pid() as pid`;
      // another session does not see the tables that this one has made
      const rows = await database.sql<{ lock: string }[]>`
        select distinct c.oid::regclass || ': ' || l.mode as lock
        from pg_locks l
        join pg_class c on c.oid = l.relation
        where l.pid = ${Number(row?.pid)}
          and l.locktype = 'relation'
          and l.database = (select oid from pg_database where datname = current_database())
          and c.relkind in ('r', 'p')
          and c.relnamespace <> 'pg_catalog'::regnamespace
          and c.oid <> 'dpg_private.partition_turn'::regclass -- whose turn it is to make one
          and l.mode not in ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
        order by 1`;
      found = rows.map(({ lock }) => lock);
      throw UNDONE;
    })
    .catch((error) => {
      if (error !== UNDONE) throw error;
    });
  await session.end();
  return found;
}

test('a new leaf of items', async () => {
  expect(await locks(`dpg.ensure_item_partition('alpha', 'new')`)).toEqual([
    '"user": ShareRowExclusiveLock',
    'dpg.a_p_alpha: ShareRowExclusiveLock',
    'dpg.i_p_alpha: ShareUpdateExclusiveLock',
  ]);
});

test('a new leaf of actions', async () => {
  expect(await locks(`dpg.ensure_action_partition('alpha', 'new')`)).toEqual([
    'dpg.a_p_alpha: ShareUpdateExclusiveLock',
    'dpg.i_p_alpha: ShareRowExclusiveLock',
    'dpg.i_p_alpha_one: ShareRowExclusiveLock',
    'dpg.i_p_alpha_two: ShareRowExclusiveLock',
  ]);
});

test('a new leaf of events', async () => {
  expect(await locks(`dpg.ensure_action_event_partition('alpha', 'new')`)).toEqual([
    'dpg.e_p_alpha: ShareUpdateExclusiveLock',
  ]);
});

test('a new network, made from either side', async () => {
  const roots = ['dpg.item_actions: ShareUpdateExclusiveLock', 'dpg.items: ShareUpdateExclusiveLock'];
  expect(await locks(`dpg.ensure_item_partition('new', 'new')`)).toEqual([
    '"user": ShareRowExclusiveLock',
    ...roots,
  ]);
  expect(await locks(`dpg.ensure_action_partition('new', 'new')`)).toEqual([
    '"user": ShareRowExclusiveLock',
    ...roots,
  ]);
});

test('a new network of events', async () => {
  expect(await locks(`dpg.ensure_action_event_partition('new', 'new')`)).toEqual([
    'dpg.action_events: ShareUpdateExclusiveLock',
  ]);
});

test('tables of the application that foreign keys tie to ours', async () => {
  await database.sql
    .unsafe(
      `create schema shop;
       create table shop.favourites (item_network text, item_domain text, item_type text, item_id uuid,
         foreign key (item_network, item_domain, item_type, item_id) references dpg.items) partition by list (item_domain);
       create table shop.favourites_one partition of shop.favourites for values in ('one');
       create table shop.places (place text primary key) partition by list (place);
       create table shop.places_here partition of shop.places for values in ('here');
       alter table dpg.items add column place text references shop.places`,
    )
    .simple();
  const tied = [
    'shop.favourites: ShareRowExclusiveLock',
    'shop.places: ShareRowExclusiveLock',
    'shop.places_here: ShareRowExclusiveLock',
  ];
  expect(await locks(`dpg.ensure_item_partition('alpha', 'new')`)).toEqual([
    '"user": ShareRowExclusiveLock',
    'dpg.a_p_alpha: ShareRowExclusiveLock',
    'dpg.i_p_alpha: ShareUpdateExclusiveLock',
    ...tied,
  ]);
  expect(await locks(`dpg.ensure_action_event_partition('alpha', 'new')`)).toEqual([
    'dpg.e_p_alpha: ShareUpdateExclusiveLock',
  ]);
  // what is listed is what is taken before anything is attached, all or nothing
  const [row] = await database.sql`select dpg_private.find_tied_tables('dpg.i_p_alpha')::text[] as tables`;
  expect(row?.tables.sort()).toEqual([
    '"user"',
    'dpg.a_p_alpha',
    'shop.favourites',
    'shop.places',
    'shop.places_here',
  ]);
  await database.sql`alter table dpg.items drop column place`;
  await database.sql`drop schema shop cascade`;
});

test('partitions that are there', async () => {
  expect(await locks(`dpg.ensure_item_partition('alpha', 'one')`)).toEqual([]);
  expect(await locks(`dpg.ensure_action_partition('alpha', 'one')`)).toEqual([]);
  expect(await locks(`dpg.ensure_action_event_partition('alpha', 'one')`)).toEqual([]);
});

test('under repeatable read a partition that another session made since the snapshot is a serialization failure', async () => {
  const calls = [
    `dpg.ensure_item_partition('later', 'one')`,
    `dpg.ensure_item_partition('later', 'two')`,
    `dpg.ensure_action_partition('later', 'one')`,
  ];
  for (const [i, call] of calls.entries()) {
    const made = call.replace('later', `later ${i}`);
    // made for the first call; only its network, or the network of its items, for the others
    const elsewhere = `dpg.ensure_item_partition('later ${i}', 'one')`;
    const outcome = await database
      .connect({ max: 1 })
      .begin('isolation level repeatable read', async (sql) => {
        await sql`select count(*) from dpg.partitions`;
        await database.sql.unsafe(`select ${elsewhere}`);
        // to the snapshot it is not there
        expect(await sql`select * from dpg.find_items(${`later ${i}`}, 'one')`).toHaveLength(0);
        await sql.unsafe(`select ${made}`);
      })
      .catch((error: { code?: string }) => error.code);
    expect(outcome, made).toBe('40001');
    // repeated, as any serialization failure is, it succeeds
    const [row] = await database.sql.unsafe(`select ${made}::text as leaf`);
    expect(row?.leaf).toMatch(/^dpg\.[ia]_p_later/);
  }
});
