// A leaf comes, and with it functions of ours, while a transaction is open that has called everything on leaves of before. The
// transaction sees the rows of the new leaf as soon as they are committed. It must not call functions that its session has
// not heard of.

import { beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const { sql, connect } = await testDatabase();
const ASHA = '00000000-0000-4000-8000-000000000001';
const RAVI = '00000000-0000-4000-8000-000000000002';

/** A domain and an action type, with two items and an action that was changed once. */
const leaves = (name: string) => `
  select dpg.upsert_item('asha', 'n', '${name}', 't', 'https://one.example.com', 's', '{}', 1, 1, item_id => '${ASHA}');
  select dpg.upsert_item('ravi', 'n', '${name}', 't', 'https://one.example.com', 's', '{}', 2, 2, item_id => '${RAVI}');
  select dpg.perform_action('asha', '${name}', row('n', '${name}', 't', '${ASHA}'), row('n', '${name}', 't', '${RAVI}'), action_id => '${ASHA}');
  select dpg.transition_action('ravi', 'n', '${name}', '${ASHA}', 'accepted')`;

beforeAll(async () => {
  await sql.unsafe(`
    insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com'), ('ravi', 'Ravi', 'ravi@example.com');
    select dpg.create_subscription('all');
    ${leaves('first')}; ${leaves('second')}`);
});

/** Each says how many rows it found of the leaf. */
const calls: Record<string, (name: string) => string> = {
  find_items: (name) => `select count(*) from dpg.find_items('n', '${name}')`,
  'find_items, all domains': (name) =>
    `select count(*) from dpg.find_items('n') where item_domain = '${name}'`,
  'find_items, a circle over all domains': (name) =>
    `select count(*) from dpg.find_items('n', latitude => 1.5, longitude => 1.5, radius_meters => 200000) where item_domain = '${name}'`,
  'find_items, two domains': (name) =>
    `select count(*) from dpg.find_items('n', item_domains => '{first,${name}}') where item_domain = '${name}'`,
  nearest_items: (name) => `select count(*) from dpg.nearest_items('n', '${name}', 0, 0)`,
  'nearest_items, all domains': (name) =>
    `select count(*) from dpg.nearest_items('n', null, 0, 0, page_size => 1000) where item_domain = '${name}'`,
  count_items: (name) =>
    `select dpg.count_items('n', '${name}', latitude => 1.5, longitude => 1.5, radius_meters => 200000)`,
  get_item: (name) => `select count(*) from dpg.get_item('n', '${name}', 't', '${ASHA}')`,
  find_actions: (name) => `select count(*) + 1 from dpg.find_actions('asha') where action_type = '${name}'`,
  find_events: (name) => `select count(*) from dpg.find_events('asha') where action_type = '${name}'`,
  'find_events of an action': (name) =>
    `select count(*) from dpg.find_events('asha', action_id => '${ASHA}') where action_type = '${name}'`,
  get_action: (name) => `select count(*) + 1 from dpg.get_action('asha', 'n', '${name}', '${ASHA}')`,
  read_events: (name) => `select count(*) from dpg.read_events('all', 100) where action_type = '${name}'`,
};

test.each(Object.entries(calls).map(([what, call], n) => ({ what, call, name: `domain ${n}` })))(
  '$what',
  async ({ what, call, name }) => {
    const client = connect({ max: 1 });
    const session = await client.reserve();
    try {
      await session`begin`;
      const before = Object.entries(calls).filter(([each]) => each === what || each !== 'read_events');
      for (let round = 0; round < 7; round += 1)
        for (const [, each] of before) await session.unsafe(each('first'));
      if (what === 'read_events') await session`select dpg.release_events('all', null)`;
      await sql.unsafe(leaves(name));
      const [row] = await session.unsafe(call(name));
      expect(Number(Object.values(row as object)[0])).toBe(what === 'get_item' ? 1 : 2);
      await session`commit`;
      if (what === 'read_events') await sql`select dpg.release_events('all', null)`;
    } finally {
      session.release();
      await client.end();
    }
  },
);

test('perform_action and transition_action', async () => {
  const client = connect({ max: 1 });
  const session = await client.reserve();
  try {
    await session`begin`;
    await session`select dpg.transition_action('ravi', 'n', 'first', ${ASHA}, 'seen')`;
    await sql.unsafe(leaves('third'));
    await session`select dpg.transition_action('ravi', 'n', 'third', ${ASHA}, 'seen')`;
    await session`select dpg.perform_action('asha', 'third', row('n', 'third', 't', ${ASHA})::dpg.item_ref,
      row('n', 'third', 't', ${RAVI})::dpg.item_ref)`;
    await session`commit`;
    const [row] =
      await sql`select count(*)::integer as events from dpg.action_events where action_type = 'third'`;
    expect(row?.events).toBe(4);
  } finally {
    session.release();
    await client.end();
  }
});

test('readers meet 12 new leaves of each table the moment they are committed', async () => {
  const readers = Array.from({ length: 4 }, () => connect({ max: 1 }));
  let made = 0;
  const reading = readers.map(async (reader, n) => {
    const statements = [
      `select count(*) from dpg.find_actions('asha', page_size => 1000) where action_type ~ '^new'`,
      `select count(*) / 2 from dpg.find_events('asha', page_size => 1000) where action_type ~ '^new'`,
      `select count(*) / 2 from dpg.find_items('n', page_size => 1000) where item_domain ~ '^new'`,
    ];
    for (let turn = n; made < 12; turn += 1) {
      const known = made;
      const [row] = await reader.unsafe(statements[turn % statements.length] as string);
      expect(Number(Object.values(row as object)[0])).toBeGreaterThanOrEqual(known);
    }
    await reader.end();
  });
  const writing = (async () => {
    try {
      for (let n = 1; n <= 12; n += 1) {
        await sql.begin((transaction) => transaction.unsafe(leaves(`new ${n}`)));
        made = n;
      }
    } finally {
      made = 12;
    }
  })();
  await Promise.all([...reading, writing]);
});
