// sdk/rows.ts is written out of the database; that it is up to date is tested with the other generated files.

import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { createDpg } from '../../sdk/index.js';
import { rowTypesFile } from '../support/row-types.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, student } from './story.js';

const database = await testDatabase();
const dpg = createDpg(database.sql);

beforeAll(() => addUsers(database.sql, 'asha'));

describe('doubles come back bit by bit', () => {
  test.each([0, 5e-324, -5e-324, 0.1 + 0.2, -1 / 3, Math.PI, 1.7976931348623157e-300, 89.99999999999999, 90])(
    '%d',
    async (item_latitude) => {
      const item = await dpg.as('asha').items.upsert(student({ item_latitude }));
      expect(item.item_latitude).toBe(item_latitude);
      expect((await dpg.items.get(item)).item_latitude).toBe(item_latitude);
    },
  );

  test('also what no JavaScript literal writes', async () => {
    const { item_network, item_domain, item_type, item_id } = await dpg.as('asha').items.upsert(student());
    await database.sql`update dpg.items i set item_latitude = '-0' where i.item_id = ${item_id}`;
    const item = await dpg.items.get({ item_network, item_domain, item_type, item_id });
    expect(item.item_latitude).toBe(-0);
  });
});

test('a column that the SDK does not know is generated, and left out of rows until then', async () => {
  await database.sql`alter table dpg.failed_events add column colour text`;
  await database.sql`comment on column dpg.failed_events.colour is 'Colour in which it is shown.'`;
  const kept = await readFile(new URL('../../sdk/rows.ts', import.meta.url), 'utf8');
  const text = await rowTypesFile(database.sql);
  expect(text).toContain('  /** Colour in which it is shown. */\n  colour: string | null;\n}\n');
  expect(text).toContain("  colour: 'text',\n} as const;\n");
  expect(text.replace(/.*(colour:|Colour in).*\n/g, '')).toBe(kept);
  expect(await dpg.subscriptions.failures()).toEqual([]);
});

test('a composite type that lacks a column of its table is an error', async () => {
  const item = await dpg.as('asha').items.upsert(student());
  await database.sql`alter table dpg.items add column item_colour text`;
  await expect(rowTypesFile(database.sql)).rejects.toThrow(
    'dpg.found_item has no column item_colour of type text, as dpg.items has',
  );
  expect(await dpg.items.get(item)).toEqual(item);
});
