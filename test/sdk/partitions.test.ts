import { beforeAll, expect, test } from 'vitest';
import { createDpg } from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const dpg = createDpg(database.sql);
const ofItems = { item_network: 'yellow_dot', item_domain: 'student' };
const ofActions = { partition_network: 'yellow_dot', action_type: 'connect' };

beforeAll(async () => {
  await dpg.partitions.ensureAction({ partition_network: 'green_dot', action_type: 'plant' });
});

test('partitions are made once, and named with their schema', async () => {
  for (const _ of ['made', 'found']) {
    expect(await dpg.partitions.ensureItem(ofItems)).toBe('dpg.i_p_yellowdot_student');
    expect(await dpg.partitions.ensureAction(ofActions)).toBe('dpg.a_p_yellowdot_connect');
    expect(await dpg.partitions.ensureActionEvent(ofActions)).toBe('dpg.e_p_yellowdot_connect');
  }
});

test('they are listed with exact keys, rows and bytes', async () => {
  await dpg.partitions.ensureItem({ item_network: 'Yellow "Dot"', item_domain: '日本' });
  const leaves = await dpg.partitions.list({ root: 'items', network: 'Yellow "Dot"' });
  expect(leaves).toEqual([
    {
      root: 'items',
      network: 'Yellow "Dot"',
      key: '日本',
      leaf: expect.stringMatching(/^dpg\.i_p_yellowdot__[0-9a-f]{8}$/),
      estimated_rows: 0n,
      bytes: expect.any(BigInt),
    },
  ]);
});

test('the list can be narrowed to a root and a network', async () => {
  const roots = async (filter?: Parameters<typeof dpg.partitions.list>[0]) =>
    [...new Set((await dpg.partitions.list(filter)).map((leaf) => `${leaf.network}/${leaf.root}`))].sort();
  expect(await roots({ network: 'green_dot', root: 'item_actions' })).toEqual(['green_dot/item_actions']);
  expect(await roots({ network: 'nowhere' })).toEqual([]);
  expect(await roots()).toContain('green_dot/item_actions');
});
