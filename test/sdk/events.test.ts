import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { createDpg, type Item, type StoreEvent } from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, OTHER_URL, OUR_URL, student, tutor } from './story.js';

const database = await testDatabase();
const dpg = createDpg(database.sql);
const asha = dpg.as('asha');
const ravi = dpg.as('ravi');
let source: Item;
let target: Item;

beforeAll(async () => {
  await addUsers(database.sql, 'asha', 'ravi');
  source = await asha.items.upsert(student());
  target = await ravi.items.upsert(tutor());
});

describe('events.find', () => {
  test('returns the event as the database has it', async () => {
    const action = await asha.actions.perform({
      action_type: 'visit',
      source,
      target,
      remarks: 'May I come?',
      performed_by: 'a booking service',
    });
    const { rows, next_page_token } = await asha.events.find({ action_type: 'visit' });
    expect(next_page_token).toBeNull();
    expect(rows).toEqual([
      {
        partition_network: 'yellow_dot',
        action_type: 'visit',
        event_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        origin_instance_domain: OUR_URL,
        action_id: action.action_id,
        action_status: 'created',
        update_count: 0,
        source_item_network: 'yellow_dot',
        source_item_domain: 'student',
        source_item_type: 'profile_1.0',
        source_item_id: source.item_id,
        source_item_instance_url: OUR_URL,
        source_item_owner: 'asha',
        source_item_latitude: 12.9716,
        source_item_longitude: 77.5946,
        target_item_network: 'yellow_dot',
        target_item_domain: 'tutor',
        target_item_type: 'profile_1.0',
        target_item_id: target.item_id,
        target_item_instance_url: OUR_URL,
        target_item_owner: 'ravi',
        target_item_latitude: 12.9352,
        target_item_longitude: 77.6245,
        event_payload: { status: 'created' },
        remarks: 'May I come?',
        created_at: action.created_at,
        source_item_is_local: true,
        target_item_is_local: true,
        performed_by: 'a booking service',
        acting_side: 'source',
        ownership_roles: ['initiated'],
        next_page_token: expect.any(String),
      },
    ]);
  });

  test('is newest first, by any filter, and walked page by page', async () => {
    const action = await asha.actions.perform({ action_type: 'connect', source, target });
    const { partition_network, action_type, action_id } = action;
    for (const action_status of ['seen', 'accepted', 'done']) {
      await ravi.actions.transition(action, { action_status });
    }
    const counts = async (filter: object) => {
      const seen: number[] = [];
      for await (const event of ravi.events.find({
        partition_network,
        action_type,
        action_id,
        ...filter,
        page_size: 3,
      }))
        seen.push(event.update_count);
      return seen.join('');
    };
    expect(await counts({})).toBe('3210');
    expect(await counts({ ownership_role: 'received' })).toBe('3210');
    expect(await counts({ ownership_role: 'initiated' })).toBe('');
    expect(await counts({ action_status: 'seen' })).toBe('1');
    expect(await counts({ update_count: 2 })).toBe('2');
    expect(await counts({ ownership_role: 'received', item_id: target.item_id })).toBe('3210');
    expect(await counts({ ownership_role: 'received', item_id: source.item_id })).toBe('');
  });
});

describe('events.store', () => {
  const there = (): StoreEvent => ({
    partition_network: 'blue_dot',
    action_type: 'hire',
    event_id: randomUUID(),
    origin_instance_domain: OTHER_URL,
    action_id: randomUUID(),
    action_status: 'accepted',
    update_count: 3,
    source_item_network: 'yellow_dot',
    source_item_domain: 'student',
    source_item_type: 'profile_1.0',
    source_item_id: source.item_id,
    source_item_instance_url: OUR_URL,
    source_item_owner: 'asha',
    source_item_latitude: 12.9716,
    source_item_longitude: 77.5946,
    target_item_network: 'blue_dot',
    target_item_domain: 'employer',
    target_item_type: 'job',
    target_item_id: randomUUID(),
    target_item_instance_url: OTHER_URL,
    target_item_owner: 'someone_there',
    event_payload: { status: 'accepted', salary: 25_000 },
    remarks: 'Monday, nine',
    created_at: '2026-11-21T23:59:59.999999+05:30',
    performed_by: 'an agency',
    acting_side: 'target',
  });

  test('keeps an event of another instance as it is, and the same again', async () => {
    const event = there();
    const stored = await dpg.events.store(event);
    expect(stored).toEqual({
      ...event,
      target_item_latitude: null,
      target_item_longitude: null,
      created_at: '2026-11-21T18:29:59.999999Z',
      source_item_is_local: true,
      target_item_is_local: false,
    });
    expect(await dpg.events.store(event)).toEqual(stored);
    // the whole row, as the other instance reads it
    const row = { ...event, source_item_is_local: false, target_item_is_local: true };
    expect(await dpg.events.store(row)).toEqual(stored);
    const { rows } = await asha.events.find({ action_type: 'hire' });
    expect(rows.map((row) => row.event_id)).toEqual([event.event_id]);
    const { rows: actions } = await asha.actions.find({ action_type: 'hire' });
    expect(actions.map((row) => row.performed_by)).toEqual(['an agency']);
  });

  test('of a sender of before who carried it out, has none, and is the same with it', async () => {
    const { performed_by, acting_side, ...event } = there();
    const stored = await dpg.events.store(event);
    expect(stored).toMatchObject({ performed_by: null, acting_side: null });
    expect(await dpg.events.store({ ...event, performed_by, acting_side })).toEqual(stored);
  });

  test('with another one who carried it out is another event', async () => {
    const event = there();
    await dpg.events.store(event);
    for (const other of [
      { performed_by: 'another' },
      { performed_by: null },
      { acting_side: 'source' as const },
    ])
      await expect(dpg.events.store({ ...event, ...other })).rejects.toMatchObject({ code: 'DP008' });
  });
});
