// A database without the data layer, or with a part of it: what to run, not only what is missing.

import { drizzle } from 'drizzle-orm/postgres-js';
import { describe, expect, test } from 'vitest';
import { ensureItemPartition } from '../../sdk/drizzle/index.js';
import { createDpg, type Dpg, NotMigratedError } from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, errorOf, student } from './story.js';

const empty = await testDatabase({ from: 'empty' });
const half = await testDatabase();

const CALLS: [string, (dpg: Dpg) => PromiseLike<unknown>][] = [
  ['a read', (dpg) => dpg.items.count({ item_network: 'yellow_dot', item_domain: 'student' })],
  ['a list', (dpg) => dpg.items.find({ item_network: 'yellow_dot', item_domain: 'student' })],
  ['a write', (dpg) => dpg.as('asha').items.upsert(student())],
  ['a view', (dpg) => dpg.partitions.list()],
  ['a reader of the feed', (dpg) => dpg.subscriptions.read({ subscription: 'all' })],
];

const notMigrated = (code: string) => ({
  name: 'NotMigratedError',
  code,
  message: expect.stringMatching(/^the database is not migrated, run npx dpg-database migrate: .+dpg/),
  hint: expect.stringContaining('Run: npx dpg-database migrate.'),
  cause: expect.objectContaining({ name: 'PostgresError', code }),
});

describe('a database that was never migrated', () => {
  test.each(CALLS)('%s', async (name, call) => {
    const error = await errorOf(call(createDpg(empty.sql)));
    expect(error).toBeInstanceOf(NotMigratedError);
    expect(error).toMatchObject(notMigrated(name === 'a view' ? '42P01' : '3F000'));
  });

  test('through drizzle', async () => {
    const error = await errorOf(ensureItemPartition(drizzle(empty.connect()), 'yellow_dot', 'student'));
    expect(error).toMatchObject(notMigrated('3F000'));
  });
});

describe('a database that lacks a part', () => {
  test.each([
    ['a function', 'drop function dpg.get_item', '42883'],
    ['a view', 'drop view dpg.partitions cascade', '42P01'],
    ['a private function', 'drop schema dpg_private cascade', '3F000'],
  ])('%s', async (_, plant, code) => {
    const { sql } = half;
    await addUsers(sql, `asha ${code}`);
    await sql
      .begin(async (tx) => {
        await tx.unsafe(plant);
        const dpg = createDpg(tx);
        const ref = { ...student(), item_id: '00000000-0000-4000-8000-000000000001' };
        const error = await errorOf(code === '42P01' ? dpg.partitions.list() : dpg.items.get(ref as never));
        expect(error).toMatchObject(notMigrated(code));
        throw new Error('rolled back');
      })
      .catch((error: Error) => expect(error.message).toBe('rolled back'));
  });

  test('what an application lacks itself is its own error', async () => {
    const { sql } = half;
    await addUsers(sql, 'meera');
    await sql.unsafe(`
      create function public.note() returns trigger language plpgsql as 'begin perform public.no_such(); return new; end';
      create trigger note before insert on dpg.items for each row execute function public.note();`);
    const error = await errorOf(createDpg(sql).as('meera').items.upsert(student()));
    expect(error).not.toBeInstanceOf(NotMigratedError);
    expect(error).toMatchObject({ name: 'PostgresError', code: '42883' });
  });
});
