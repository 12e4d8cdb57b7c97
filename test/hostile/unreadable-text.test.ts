// NUL and lone surrogates, which no database stores: refused by the SDK wherever they stand, and by PostgreSQL.

import { describe, expect, test } from 'vitest';
import { DpgError } from '../../sdk/index.js';
import { student } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';
import { application, outcome } from './application.js';

const database = await testDatabase();
const { sql, dpg } = await application(database);

describe('NUL and lone surrogates', () => {
  const BAD = ['\0', 'a\0b', '\ud800', 'a\udfff', '\udc00\ud800', '😀\ud83d'];
  const ref = {
    item_network: 'n',
    item_domain: 'd',
    item_type: 't',
    item_id: '11111111-1111-4111-8111-111111111111',
  };
  const action = {
    partition_network: 'n',
    action_type: 't',
    action_id: '33333333-3333-4333-8333-333333333333',
  };

  test.each(BAD)('%j is refused by the SDK wherever it stands', async (bad) => {
    expect(() => dpg.as(bad)).toThrow(DpgError);
    const asha = dpg.as('asha');
    for (const name of ['item_network', 'item_domain', 'item_type', 'item_instance_url', 'item_schema_url']) {
      expect(await outcome(asha.items.upsert(student({ [name]: bad })))).toBe('DP001');
      expect(await outcome(asha.items.upsertMany([student({ [name]: bad })]))).toBe('DP001');
      expect(await outcome(dpg.items.find({ item_network: 'n', item_domain: 'd', [name]: bad }))).toBe(
        'DP001',
      );
    }
    for (const item_state of [{ [bad]: 1 }, { a: bad }, { a: [{ b: [bad] }] }]) {
      expect(await outcome(asha.items.upsert(student({ item_state })))).toBe('DP001');
      expect(await outcome(asha.items.update(ref, { changes: { item_state } }))).toBe('DP001');
      expect(
        await outcome(
          asha.actions.perform({ action_type: 't', source: ref, target: ref, event_payload: item_state }),
        ),
      ).toBe('DP001');
      expect(
        await outcome(asha.actions.transition(action, { action_status: 's', event_payload: item_state })),
      ).toBe('DP001');
    }
    expect(await outcome(asha.actions.transition(action, { action_status: bad }))).toBe('DP001');
    expect(await outcome(asha.actions.transition(action, { action_status: 's', remarks: bad }))).toBe(
      'DP001',
    );
    expect(
      await outcome(dpg.actions.define({ ...action, initial_status: bad, transitions: null } as never)),
    ).toBe('DP001');
    expect(await outcome(asha.actions.find({ action_status: bad }))).toBe('DP001');
    expect(await outcome(asha.events.find({ action_type: bad }))).toBe('DP001');
  });

  test("in plain SQL they are PostgreSQL's own errors", async () => {
    for (const json of ['{"a": "\\u0000"}', '{"\\u0000": 1}'])
      expect(
        await outcome(sql`select dpg.upsert_item('asha', 'n', 'd', 't', 'u', 's', ${json}::text::jsonb)`),
      ).toBe('22P05');
    for (const json of ['{"a": "\\ud800"}', '{"a": "\\udc00\\ud800"}'])
      expect(
        await outcome(sql`select dpg.upsert_item('asha', 'n', 'd', 't', 'u', 's', ${json}::text::jsonb)`),
      ).toBe('22P02');
  });
});
