import { beforeAll, expect, test } from 'vitest';
import { createDpg, DuplicateDiffersError, InvalidArgumentError, type ItemBatch } from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, errorOf, student, tutor } from './story.js';

const database = await testDatabase();
const dpg = createDpg(database.connect({ role: 'dpg_app' }));
const asha = dpg.as('asha').items;

beforeAll(async () => {
  await addUsers(database.sql, 'asha', 'ravi');
});

test('a change is the item as it is, or its key when it is gone', async () => {
  const created = await dpg.subscriptions.createItemSubscription({ subscription: 'index' });
  expect(created).toMatchObject({ kind: 'items', item_network: null, acknowledged_position: 0n });
  const item = await asha.upsert(student());
  const [change, ...others] = await dpg.subscriptions.readItemChanges({ subscription: 'index' });
  expect(others).toEqual([]);
  const { lease_id } = change ?? { lease_id: '' };
  expect(change).toEqual({ position: 1n, lease_id, change: 'upserted', ...item });
  await dpg.subscriptions.acknowledge({ subscription: 'index', position: 1n, lease_id });

  await asha.delete(item);
  const [deleted] = await dpg.subscriptions.readItemChanges({ subscription: 'index', max_changes: 1 });
  const { item_network, item_domain, item_type, item_id } = item;
  expect(deleted).toEqual({
    ...{ position: 2n, lease_id: deleted?.lease_id, change: 'deleted' },
    ...{ item_network, item_domain, item_type, item_id },
    ...{ item_instance_url: null, item_schema_url: null, item_state: null, item_latitude: null },
    ...{ item_longitude: null, created_by: null, created_at: null, updated_at: null, item_status: null },
  });
  expect(await dpg.subscriptions.list({ subscription: 'index' })).toMatchObject([
    { kind: 'items', lag_events: 1n, is_leased: true },
  ]);
  expect((await dpg.subscriptions.drop({ subscription: 'index' })).kind).toBe('items');
});

test('what it is for the compiler: a state where it is there, none where it is gone', async () => {
  await dpg.subscriptions.createItemSubscription({ subscription: 'typed' });
  const item = await asha.upsert(student());
  for (const change of await dpg.subscriptions.readItemChanges<{ name: string }>({ subscription: 'typed' })) {
    if (change.change === 'deleted') {
      const nothing: null = change.item_state;
      expect(nothing).toBe('not reached');
    } else {
      const name: string = change.item_state.name;
      expect(name).toBe(item.item_state.name);
    }
  }
});

test('changes are followed batch after batch, and one that is left comes again at once', async () => {
  await dpg.subscriptions.createItemSubscription({ subscription: 'followed', item_domain: 'tutor' });
  const controller = new AbortController();
  const { signal } = controller;
  const items = [];
  for (let n = 0; n < 3; n++) items.push(await dpg.as('ravi').items.upsert(tutor()));
  await asha.upsert(student()); // of another domain
  const seen = (batch: ItemBatch) => batch.changes.map(({ item_id }) => item_id);

  for await (const batch of dpg.items.changes({ subscription: 'followed', maxChanges: 2, signal })) {
    expect(seen(batch)).toEqual(items.slice(0, 2).map(({ item_id }) => item_id));
    break; // not acknowledged
  }
  const batches = [];
  for await (const batch of dpg.items.changes({ subscription: 'followed', maxChanges: 2, signal })) {
    batches.push(seen(batch));
    expect(await batch.acknowledge()).toBe(batch.position);
    if (batches.length === 2) controller.abort();
  }
  expect(batches).toEqual([
    items.slice(0, 2).map(({ item_id }) => item_id),
    items.slice(2).map(({ item_id }) => item_id),
  ]);
});

test('a batch that was passed over is given back when the loop is ended by its signal', async () => {
  await dpg.subscriptions.createItemSubscription({ subscription: 'passed over', item_domain: 'tutor' });
  const controller = new AbortController();
  await dpg.as('ravi').items.upsert(tutor());
  let batches = 0;
  for await (const _ of dpg.items.changes({ subscription: 'passed over', signal: controller.signal })) {
    batches += 1;
    setTimeout(() => controller.abort(), 50); // while the next one is waited for
  }
  expect(batches).toBe(1);
  expect(await dpg.subscriptions.list({ subscription: 'passed over' })).toMatchObject([{ is_leased: false }]);
});

test('a subscription of one kind is not read as the other', async () => {
  await dpg.subscriptions.create({ subscription: 'events' });
  expect(await errorOf(dpg.subscriptions.readItemChanges({ subscription: 'events' }))).toBeInstanceOf(
    InvalidArgumentError,
  );
  expect(await errorOf(dpg.subscriptions.createItemSubscription({ subscription: 'events' }))).toBeInstanceOf(
    DuplicateDiffersError,
  );
});
