import { beforeAll, expect, test } from 'vitest';
import { createDpg, ItemNotFoundError, NotItemOwnerError, UserNotFoundError } from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, errorOf, student } from './story.js';

const database = await testDatabase();
const dpg = createDpg(database.sql);
const at = { item_network: 'yellow_dot', item_domain: 'student' };
const named = (name: string) => dpg.items.count({ ...at, item_state: { name } });

beforeAll(async () => {
  await addUsers(database.sql, 'asha', 'ravi');
  await dpg.partitions.ensureItem(at);
});

test('what is done on a transaction is seen by others when it commits, together with statements of one’s own', async () => {
  const item = await database.sql.begin(async (tx) => {
    const inside = dpg.with(tx);
    await tx`update public."user" set name = 'Asha R.' where id = 'asha'`;
    const made = await inside.as('asha').items.upsert(student({ item_state: { name: 'together' } }));
    expect(await inside.items.get(made)).toEqual(made);
    expect(await errorOf(dpg.items.get(made))).toBeInstanceOf(ItemNotFoundError);
    await inside.end();
    return made;
  });
  expect(await dpg.items.get(item)).toEqual(item);
});

test('a rollback takes all of it back', async () => {
  const error = await errorOf(
    database.sql.begin(async (tx) => {
      await createDpg(tx)
        .as('asha')
        .items.upsertMany([student({ item_state: { name: 'undone' } }), student()]);
      throw new Error('changed my mind');
    }),
  );
  expect(error).toEqual(new Error('changed my mind'));
  expect(await named('undone')).toBe(0n);
});

test('a refusal inside comes out of begin as its class, and nothing is written', async () => {
  const error = await errorOf(
    database.sql.begin(async (tx) => {
      const inside = dpg.with(tx);
      await inside.as('asha').items.upsert(student({ item_state: { name: 'refused' } }));
      await inside.as('nobody').items.upsert(student());
    }),
  );
  expect(error).toBeInstanceOf(UserNotFoundError);
  expect(await named('refused')).toBe(0n);
});

test('a savepoint confines a refusal', async () => {
  await database.sql.begin(async (tx) => {
    const mine = await dpg
      .with(tx)
      .as('asha')
      .items.upsert(student({ item_state: { name: 'kept' } }));
    const error = await errorOf(tx.savepoint((point) => dpg.with(point).as('ravi').items.delete(mine)));
    expect(error).toBeInstanceOf(NotItemOwnerError);
  });
  expect(await named('kept')).toBe(1n);
});

test('a list can be walked on a transaction, which sees one state in repeatable read', async () => {
  const items = Array.from({ length: 7 }, () => student({ item_state: { name: 'walked' } }));
  await dpg.as('asha').items.upsertMany(items);
  await database.sql.begin('isolation level repeatable read', async (tx) => {
    let count = 0;
    for await (const item of dpg
      .with(tx)
      .items.find({ ...at, item_state: { name: 'walked' }, page_size: 2 })) {
      if (++count === 1) await dpg.as('asha').items.delete(item);
    }
    expect(count).toBe(7);
  });
  expect(await named('walked')).toBe(6n);
});

test('statements of one transaction can be sent together', async () => {
  const rows = await database.sql.begin((tx) => {
    const { items } = dpg.with(tx).as('asha');
    return Promise.all([1, 2, 3].map((i) => items.upsert(student({ item_state: { name: 'at once', i } }))));
  });
  expect(rows.map((row) => row.item_state)).toEqual([1, 2, 3].map((i) => ({ name: 'at once', i })));
});
