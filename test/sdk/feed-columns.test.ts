// The SDK reads an event of the feed in another way than the rows of other calls: both must say the same.

import { beforeAll, expect, test } from 'vitest';
import { createDpg, type Item } from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, student, tutor } from './story.js';

const database = await testDatabase();
const dpg = createDpg(database.connect({ role: 'dpg_app' }));
let source: Item;
let target: Item;

beforeAll(async () => {
  await addUsers(database.sql, 'asha', 'ravi');
  source = await dpg.as('asha').items.upsert(student());
  target = await dpg.as('ravi').items.upsert(tutor());
});

test('each column of an event comes as find_events returns it', async () => {
  const here = { action_type: 'columns', source, target };
  const place = { item_latitude: -89.99999999999999, item_longitude: 180 };
  const placed = await dpg.as('asha').items.upsert({ ...student(), ...place });
  await dpg.as('asha').actions.perform({ ...here, remarks: 'two\nlines' });
  await dpg.as('asha').actions.perform({ ...here, source: placed });
  const remote = {
    ...here,
    source: { ...source, item_id: '0190163d-8694-739b-aea5-966c26f8ad91' },
    source_item_instance_url: 'https://elsewhere.example.com',
    source_item_owner: 'ünï',
  };
  await dpg.actions.receive(remote);
  const { action_id } = await dpg.actions.receive({
    ...remote,
    source_item_latitude: 5e-324,
    source_item_longitude: -0.1,
  });
  // a position that no number of JavaScript is
  const first = 9_007_199_254_740_993n;
  await database.sql`select setval('dpg_private.feed_positions_position_seq', ${String(first)}, false)`;
  for (let update_count = 1; update_count <= 17; update_count += 1)
    await dpg.as('ravi').actions.transition(
      { partition_network: 'yellow_dot', action_type: 'columns', action_id },
      {
        action_status: `${update_count}`,
      },
    );

  await dpg.subscriptions.create({ subscription: 'columns', action_type: 'columns' });
  const events = await dpg.subscriptions.read({ subscription: 'columns' });
  const found = await dpg.as('ravi').events.find({ action_type: 'columns', page_size: 1000 });
  expect(events).toHaveLength(21);
  const expected = found.rows.map(({ ownership_roles, next_page_token, ...columns }) => columns);
  for (const [place, { position, lease_id, ...columns }] of events.entries()) {
    expect(position).toBe(first + BigInt(place));
    expect(lease_id).toBe(events[0]?.lease_id);
    const stored = expected.find(({ event_id }) => event_id === columns.event_id);
    expect(columns).toEqual(stored);
    expect(Object.keys(columns)).toEqual(Object.keys(stored ?? {}));
  }
  expect(events[0]).toMatchObject({ remarks: 'two\nlines' });
  expect(events[1]).toMatchObject({ source_item_latitude: -89.99999999999999, source_item_longitude: 180 });
  expect(events[2]).toMatchObject({ source_item_latitude: null, source_item_longitude: null, remarks: null });
  expect(events[3]).toMatchObject({ source_item_latitude: 5e-324, source_item_is_local: false });
  expect(events[20]).toMatchObject({ update_count: 17, target_item_is_local: true });
  // as an instance that reads everything in its own way has it
  const raw = database.connect({ role: 'dpg_app', transform: { value: { from: String } } });
  await dpg.subscriptions.release({ subscription: 'columns', lease_id: null });
  const again = await createDpg(raw).subscriptions.read({ subscription: 'columns' });
  const lease_id = again[0]?.lease_id;
  expect(again).toEqual(events.map((event) => ({ ...event, lease_id })));
});
