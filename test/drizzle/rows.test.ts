// Who may read and write rows through the reference tables, and what a row lacks that was inserted there and not by a
// function.

import { eq, sql } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { action_events, item_actions, items } from '../../sdk/drizzle/index.js';
import { createDpg, ItemInUseError } from '../../sdk/index.js';
import { addUsers, errorOf, OUR_URL, student, tutor } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const dpg = createDpg(database.sql);
const pools: pg.Pool[] = [];

function connect(url: string): NodePgDatabase {
  const pool = new pg.Pool({ connectionString: url });
  pools.push(pool);
  return drizzle(pool);
}

const owner = connect(database.url);
let application: NodePgDatabase;
let administrator: NodePgDatabase;

const item = {
  item_network: 'yellow_dot',
  item_domain: 'student',
  item_type: 'profile_1.0',
  item_instance_url: 'https://unheard-of.example.com',
  item_schema_url: 'https://schemas.example.com/student_profile_v1.json',
  item_state: { name: 'Asha' },
  created_by: 'asha',
};
const ends = {
  partition_network: 'yellow_dot',
  action_type: 'connect',
  action_status: 'created',
  source_item_network: 'yellow_dot',
  source_item_domain: 'student',
  source_item_type: 'profile_1.0',
  source_item_id: '11111111-1111-4111-8111-111111111111',
  source_item_instance_url: OUR_URL,
  source_item_owner: 'asha',
  target_item_network: 'yellow_dot',
  target_item_domain: 'tutor',
  target_item_type: 'profile_1.0',
  target_item_id: '22222222-2222-4222-8222-222222222222',
  target_item_instance_url: OUR_URL,
  target_item_owner: 'ravi',
};
const event = {
  ...ends,
  origin_instance_domain: OUR_URL,
  action_id: '33333333-3333-4333-8333-333333333333',
};

beforeAll(async () => {
  application = connect(await database.createLogin('dpg_app'));
  administrator = connect(await database.createLogin('dpg_admin'));
  await addUsers(database.sql, 'asha', 'ravi');
  await dpg.as('asha').items.upsert(student({ item_id: ends.source_item_id }));
  await dpg.as('ravi').items.upsert(tutor({ item_id: ends.target_item_id }));
  await dpg.subscriptions.create({ subscription: 'everything' });
  await dpg.as('asha').actions.perform({
    action_type: 'connect',
    source: { ...student(), item_id: ends.source_item_id },
    target: { ...tutor(), item_id: ends.target_item_id },
    action_id: '44444444-4444-4444-8444-444444444444',
  });
});
afterAll(() => Promise.all(pools.map((pool) => pool.end())));

const counts = async () => [
  await owner.$count(items),
  await owner.$count(item_actions),
  await owner.$count(action_events),
];

describe('an application (dpg_app)', () => {
  test.each([
    ['items', () => application.insert(items).values(item)],
    ['item_actions', () => application.insert(item_actions).values(ends)],
    ['action_events', () => application.insert(action_events).values(event)],
  ])('may not insert into %s', async (table, insert) => {
    const before = await counts();
    expect(await errorOf(insert())).toMatchObject({
      cause: { code: '42501', message: `permission denied for table ${table}` },
    });
    expect(await counts()).toEqual(before);
  });

  test('reads items', async () => {
    const rows = await application
      .select({ item_id: items.item_id })
      .from(items)
      .where(eq(items.created_by, 'ravi'));
    expect(rows).toEqual([{ item_id: ends.target_item_id }]);
  });

  test('reads the actions and events of the user in the setting dpg.actor, and none without it', async () => {
    expect(await application.select().from(item_actions)).toEqual([]);
    expect(await application.select().from(action_events)).toEqual([]);
    const read = (actor: string) =>
      application.transaction(async (tx) => {
        await tx.execute(sql`select set_config('dpg.actor', ${actor}, true)`);
        return [await tx.$count(item_actions), await tx.$count(action_events)];
      });
    expect(await read('asha')).toEqual([1, 1]);
    expect(await read('ravi')).toEqual([1, 1]);
    expect(await read('mallory')).toEqual([0, 0]);
  });
});

test('dpg_admin may not insert either, and reads everything', async () => {
  const before = await counts();
  expect(await errorOf(administrator.insert(items).values(item))).toMatchObject({ cause: { code: '42501' } });
  expect(await counts()).toEqual(before);
  expect(await administrator.select().from(action_events)).toHaveLength(1);
});

test('nobody changes or removes an event, not even the owner of the table', async () => {
  const before = await owner.select().from(action_events);
  expect(await errorOf(owner.update(action_events).set({ remarks: 'otherwise' }))).toMatchObject({
    cause: { code: 'DP012' },
  });
  expect(await errorOf(owner.delete(action_events))).toMatchObject({ cause: { code: 'DP012' } });
  expect(await owner.select().from(action_events)).toEqual(before);
});

test('microseconds are kept', async () => {
  await database.sql`update dpg.items set updated_at = '2026-01-02 03:04:05.678901+00' where created_by = 'ravi'`;
  const [row] = await owner.select().from(items).where(eq(items.created_by, 'ravi'));
  expect(row?.updated_at).toContain('.678901');
  // as an argument of a function's, too
  const [same] = await owner
    .select({ item_id: items.item_id })
    .from(items)
    .where(eq(items.updated_at, String(row?.updated_at)));
  expect(same).toEqual({ item_id: ends.target_item_id });
});

describe('what the owner inserts here, and not by a function,', () => {
  test('is an item whose keys nobody has checked, and whose URL does not become one of this instance', async () => {
    const [row] = await owner
      .insert(items)
      .values({ ...item, item_type: '   ' })
      .returning();
    expect(row).toMatchObject({ created_by: 'asha', item_type: '   ', item_state: { name: 'Asha' } });
    const urls = await database.sql`select instance_url from dpg.instance_urls`;
    expect(urls.map(({ instance_url }) => instance_url)).toEqual([OUR_URL]);
  });

  test('is an action without an event, which does not hold its source', async () => {
    const source = await dpg.as('asha').items.upsert(student());
    const [action] = await owner
      .insert(item_actions)
      .values({ ...ends, source_item_id: source.item_id })
      .returning();
    expect(
      await errorOf(dpg.as('ravi').items.delete({ ...tutor(), item_id: ends.target_item_id })),
    ).toBeInstanceOf(ItemInUseError);
    await dpg.as('asha').items.delete(source);
    const { rows } = await dpg.as('asha').events.find({ action_id: action?.action_id });
    expect(rows).toEqual([]);
  });

  test('is an event that no subscription hears of', async () => {
    await owner.insert(action_events).values(event);
    const heard = await dpg.subscriptions.read({ subscription: 'everything' });
    expect(heard.map(({ action_id }) => action_id)).toEqual(['44444444-4444-4444-8444-444444444444']);
  });
});
