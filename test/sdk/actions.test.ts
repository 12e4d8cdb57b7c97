import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type Action,
  ActionNotFoundError,
  createDpg,
  InvalidArgumentError,
  type Item,
  VersionConflictError,
} from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, errorOf, OTHER_URL, OUR_URL, student, tutor } from './story.js';

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

const connect = () =>
  asha.actions.perform({
    action_type: 'connect',
    source,
    target,
    requirements_snapshot: { subject: 'math', goal: 'board_exam' },
  });

const ref = ({ partition_network, action_type, action_id }: Action) => ({
  partition_network,
  action_type,
  action_id,
});

const eventsOf = async (action: Action) => {
  const { partition_network, action_type, action_id } = action;
  return (await asha.events.find({ partition_network, action_type, action_id })).rows;
};

describe('actions.perform', () => {
  test('returns the action as the database has it, with owners and places as they were', async () => {
    const action_id = randomUUID();
    const action = await asha.actions.perform({
      action_type: 'connect',
      source: {
        item_network: 'yellow_dot',
        item_domain: 'student',
        item_type: 'profile_1.0',
        item_id: source.item_id,
      },
      target,
      requirements_snapshot: { subject: 'math' },
      remarks: 'Evenings only',
      action_id,
    });
    expect(action).toEqual({
      partition_network: 'yellow_dot',
      action_type: 'connect',
      action_id,
      action_status: 'created',
      update_count: 0,
      requirements_snapshot: { subject: 'math' },
      remarks: 'Evenings only',
      source_item_network: 'yellow_dot',
      source_item_domain: 'student',
      source_item_type: 'profile_1.0',
      source_item_id: source.item_id,
      source_item_instance_url: OUR_URL,
      source_item_owner: 'asha',
      target_item_network: 'yellow_dot',
      target_item_domain: 'tutor',
      target_item_type: 'profile_1.0',
      target_item_id: target.item_id,
      target_item_instance_url: OUR_URL,
      target_item_owner: 'ravi',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      updated_at: action.created_at,
      source_item_latitude: 12.9716,
      source_item_longitude: 77.5946,
      target_item_latitude: 12.9352,
      target_item_longitude: 77.6245,
      source_item_is_local: true,
      source_local_item_id: source.item_id,
      performed_by: null,
    });
    const events = await eventsOf(action);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ update_count: 0, event_payload: { status: 'created' } });
  });

  test('with the same id and content is the same action', async () => {
    const request = { action_type: 'connect', source, target, action_id: randomUUID() };
    const action = await asha.actions.perform(request);
    expect(await asha.actions.perform(request)).toEqual(action);
    expect(await eventsOf(action)).toHaveLength(1);
  });
});

describe('actions.transition', () => {
  test('moves the action and appends an event', async () => {
    const action = await connect();
    const event_id = randomUUID();
    const accepted = await ravi.actions.transition(action, {
      action_status: 'accepted',
      expected_update_count: 0,
      event_payload: { status: 'accepted', fee: 300.5 },
      remarks: 'Welcome',
      event_id,
    });
    expect(accepted).toEqual({
      ...action,
      action_status: 'accepted',
      update_count: 1,
      remarks: 'Welcome',
      updated_at: accepted.updated_at,
    });
    const [event] = await eventsOf(action);
    expect(event).toMatchObject({
      event_id,
      update_count: 1,
      action_status: 'accepted',
      event_payload: { status: 'accepted', fee: 300.5 },
      remarks: 'Welcome',
      created_at: accepted.updated_at,
    });
  });

  test('with the same event id is the same transition', async () => {
    const action = await connect();
    const transition = { action_status: 'accepted', event_id: randomUUID() };
    const moved = await ravi.actions.transition(action, transition);
    expect(await ravi.actions.transition(action, transition)).toEqual(moved);
    expect(moved.update_count).toBe(1);
  });
});

describe('actions.transitionMany', () => {
  test('changes each on its own: a result or an error of its class, in the order given', async () => {
    const [one, two] = [await connect(), await connect()];
    const event_id = randomUUID();
    const results = await ravi.actions.transitionMany([
      { ...ref(one), action_status: 'accepted', expected_update_count: 0, event_id, performed_by: 'desk' },
      { ...ref(two), action_status: 'accepted', expected_update_count: 7 },
      { ...ref(two), action_status: '' },
      { ...ref(one), action_status: 'done', expected_update_count: 1, event_payload: { a: 1 } },
      { ...ref(one), action_id: randomUUID(), action_status: 'done' },
      { ...ref(two), action_id: 'x', action_status: 'done' },
    ]);
    expect(results).toEqual([
      { index: 0, action_id: one.action_id, action_status: 'accepted', update_count: 1, error: null },
      {
        index: 1,
        action_id: two.action_id,
        action_status: null,
        update_count: null,
        error: expect.any(VersionConflictError),
      },
      {
        index: 2,
        action_id: null,
        action_status: null,
        update_count: null,
        error: expect.any(InvalidArgumentError),
      },
      { index: 3, action_id: one.action_id, action_status: 'done', update_count: 2, error: null },
      {
        index: 4,
        action_id: expect.any(String),
        action_status: null,
        update_count: null,
        error: expect.any(ActionNotFoundError),
      },
      {
        index: 5,
        action_id: null,
        action_status: null,
        update_count: null,
        error: expect.any(InvalidArgumentError),
      },
    ]);
    // the place among those given, also where the SDK has refused some before
    expect(
      results.map(({ error }) => error?.detail && 'index' in error.detail && error.detail.index),
    ).toEqual([...[undefined, 1, 2, undefined, 4, 5]]);
    expect(results[1]?.error).toMatchObject({
      code: 'DP007',
      hint: expect.stringContaining('read it again'),
      detail: { expected_update_count: 7, update_count: 0 },
    });
    expect(await asha.actions.get(one)).toMatchObject({ update_count: 2, performed_by: null });
    const events = await eventsOf(one);
    expect(events.map((event) => [event.update_count, event.performed_by, event.acting_side])).toEqual([
      [2, null, 'target'],
      [1, 'desk', 'target'],
      [0, null, 'source'],
    ]);
    expect(events[1]?.event_id).toBe(event_id);
    const [again] = await ravi.actions.transitionMany([
      { ...ref(one), action_status: 'accepted', expected_update_count: 0, event_id, performed_by: 'desk' },
    ]);
    expect(again).toMatchObject({ action_status: 'done', update_count: 2, error: null });
  });

  test('takes 1 to 1,000, and asks nobody about what it refuses itself', async () => {
    const one = { ...ref(await connect()), action_status: 'x' };
    for (const many of [[], Array(1001).fill(one), one as never])
      expect(await errorOf(ravi.actions.transitionMany(many))).toMatchObject({
        code: 'DP001',
        detail: { argument: 'transitions' },
      });
    const [result] = await createDpg(database.connect({ max: 1, host: 'nowhere.invalid' }))
      .as('ravi')
      .actions.transitionMany([{ ...one, action_status: ' ' }]);
    expect(result?.error).toMatchObject({ code: 'DP001', detail: { argument: 'action_status', index: 0 } });
  });
});

describe('performed_by', () => {
  test('is who carried out the last change, and in each event who carried out that one', async () => {
    const request = {
      action_type: 'connect',
      source,
      target,
      performed_by: 'a school',
      action_id: randomUUID(),
    };
    const action = await asha.actions.perform(request);
    expect(action.performed_by).toBe('a school');
    const change = { action_status: 'accepted', performed_by: 'a service', event_id: randomUUID() };
    const accepted = await ravi.actions.transition(action, change);
    expect(accepted.performed_by).toBe('a service');
    expect(await ravi.actions.transition(action, change)).toEqual(accepted);
    const done = await asha.actions.transition(action, { action_status: 'done' });
    expect(done.performed_by).toBeNull();
    expect(await asha.actions.get(action)).toEqual(done);
    const events = await eventsOf(action);
    expect(events.map(({ performed_by, acting_side }) => [performed_by, acting_side])).toEqual([
      [null, 'source'],
      ['a service', 'target'],
      ['a school', 'source'],
    ]);
    expect(await asha.actions.perform(request)).toEqual(done);
  });

  test('is content of a repeated call', async () => {
    const request = {
      action_type: 'connect',
      source,
      target,
      performed_by: 'a school',
      action_id: randomUUID(),
    };
    const action = await asha.actions.perform(request);
    const change = { action_status: 'accepted', performed_by: 'a service', event_id: randomUUID() };
    await ravi.actions.transition(action, change);
    for (const performed_by of ['another', null, undefined]) {
      await expect(asha.actions.perform({ ...request, performed_by })).rejects.toMatchObject({
        code: 'DP008',
      });
      await expect(ravi.actions.transition(action, { ...change, performed_by })).rejects.toMatchObject({
        code: 'DP008',
      });
    }
  });

  test('is a key, or null', async () => {
    const request = { action_type: 'connect', source, target };
    for (const performed_by of ['', ' ', 'x'.repeat(121), 1])
      await expect(
        asha.actions.perform({ ...request, performed_by: performed_by as string }),
      ).rejects.toMatchObject({
        code: 'DP001',
        detail: { argument: 'performed_by' },
      });
  });
});

describe('actions.define', () => {
  test('declares who may move what, and where actions begin', async () => {
    await dpg.actions.define({
      partition_network: 'yellow_dot',
      action_type: 'borrow',
      transitions: [{ from: 'asked', to: 'lent', by: 'target' }],
      initial_status: 'asked',
    });
    const action = await asha.actions.perform({ action_type: 'borrow', source, target });
    expect(action.action_status).toBe('asked');
    expect((await ravi.actions.transition(action, { action_status: 'lent' })).action_status).toBe('lent');
  });

  test('returns nothing, and null takes the declaration back', async () => {
    const declaration = { partition_network: 'yellow_dot', action_type: 'lend' };
    expect(
      await dpg.actions.define({ ...declaration, transitions: [], initial_status: 'new' }),
    ).toBeUndefined();
    expect(await dpg.actions.define({ ...declaration, transitions: null })).toBeUndefined();
    const action = await asha.actions.perform({ action_type: 'lend', source, target });
    expect(action.action_status).toBe('created');
  });
});

describe('actions.receive and actions.receiveTransition', () => {
  test('keep an action of another instance, and move it for its source', async () => {
    const action_id = randomUUID();
    const source_item_id = randomUUID();
    const action = await dpg.actions.receive({
      action_type: 'connect',
      source: {
        item_network: 'yellow_dot',
        item_domain: 'student',
        item_type: 'profile_1.0',
        item_id: source_item_id,
      },
      source_item_instance_url: OTHER_URL,
      source_item_owner: 'someone_there',
      target,
      action_id,
      source_item_latitude: 28.6139,
      source_item_longitude: 77.209,
      performed_by: 'an agency there',
    });
    expect(action).toMatchObject({
      action_id,
      source_item_id,
      source_item_instance_url: OTHER_URL,
      source_item_owner: 'someone_there',
      source_item_is_local: false,
      source_local_item_id: null,
      source_item_latitude: 28.6139,
      target_item_owner: 'ravi',
      performed_by: 'an agency there',
    });
    const withdrawn = await dpg.actions.receiveTransition({
      source_item_instance_url: OTHER_URL,
      source_item_owner: 'someone_there',
      partition_network: 'yellow_dot',
      action_type: 'connect',
      action_id,
      action_status: 'withdrawn',
      expected_update_count: 0,
      performed_by: 'a service there',
    });
    expect(withdrawn).toMatchObject({
      action_status: 'withdrawn',
      update_count: 1,
      performed_by: 'a service there',
    });
  });
});

describe('actions.get and actions.find', () => {
  test('show an action to its parties', async () => {
    const action = await connect();
    expect(await asha.actions.get(action)).toEqual(action);
    expect(await ravi.actions.get(action)).toEqual(action);
  });

  test('find by role, latest change first, and by any filter', async () => {
    const [first, second] = [await connect(), await connect()];
    const third = await asha.actions.perform({ action_type: 'visit', source, target });
    await ravi.actions.transition(first, { action_status: 'accepted' });
    const ids = async (actor: typeof asha, filter?: Parameters<typeof asha.actions.find>[0]) => {
      const { rows } = await actor.actions.find(filter);
      const letters = new Map([first, second, third].map((action, i) => [action.action_id, 'abc'[i]]));
      return rows.flatMap((row) => letters.get(row.action_id) ?? []).join('');
    };
    expect(await ids(asha)).toBe('acb');
    expect(await ids(asha, { ownership_role: 'initiated' })).toBe('acb');
    expect(await ids(asha, { ownership_role: 'received' })).toBe('');
    expect(await ids(ravi, { ownership_role: 'received' })).toBe('acb');
    expect(await ids(ravi, { partition_network: 'yellow_dot', action_type: 'connect' })).toBe('ab');
    expect(await ids(ravi, { action_status: 'accepted' })).toBe('a');
    expect(await ids(asha, { ownership_role: 'initiated', item_id: source.item_id })).toBe('acb');
    expect(await ids(asha, { ownership_role: 'initiated', item_id: target.item_id })).toBe('');
    expect(await ids(dpg.as('nobody'))).toBe('');
  });

  test('rows say in which roles the actor has them', async () => {
    const own = await asha.items.upsert(tutor());
    const action = await asha.actions.perform({ action_type: 'merge', source, target: own });
    const { rows } = await asha.actions.find({ action_type: 'merge' });
    const content = {
      source_item_state: null,
      source_item_status: null,
      target_item_state: null,
      target_item_status: null,
    };
    expect(rows).toEqual([
      { ...action, ...content, ownership_roles: expect.anything(), next_page_token: expect.any(String) },
    ]);
    expect([...(rows[0]?.ownership_roles ?? [])].sort()).toEqual(['initiated', 'received']);
    expect(Object.keys(rows[0] ?? {})).toEqual([
      ...Object.keys(action),
      'ownership_roles',
      ...Object.keys(content),
      'next_page_token',
    ]);
  });

  test('by several types and statuses, by id, the oldest first, with both items', async () => {
    const at = { source, target };
    const first = await asha.actions.perform({ action_type: 'tab_lend', ...at });
    const second = await asha.actions.perform({ action_type: 'tab_give', ...at });
    const third = await asha.actions.perform({ action_type: 'tab_lend', ...at });
    await ravi.actions.transition(second, { action_status: 'accepted' });
    await ravi.actions.transition(third, { action_status: 'declined' });
    const ids = async (filter: Parameters<typeof ravi.actions.find>[0]) =>
      (await ravi.actions.find({ action_types: ['tab_lend', 'tab_give'], ...filter })).rows.map(
        (row) => row.action_id,
      );
    const [a, b, c] = [first.action_id, second.action_id, third.action_id];
    expect(await ids({})).toEqual([c, b, a]);
    expect(await ids({ oldest_first: true })).toEqual([a, b, c]);
    expect(await ids({ action_statuses: ['created', 'accepted'] })).toEqual([b, a]);
    expect(await ids({ action_statuses: [] })).toEqual([]);
    expect(await ids({ action_types: [] })).toEqual([]);
    expect(await ids({ action_id: b })).toEqual([b]);
    const { rows } = await ravi.actions.find({ action_id: c, with_items: true });
    expect(rows[0]).toMatchObject({
      source_item_state: source.item_state,
      source_item_status: 'live',
      target_item_state: target.item_state,
      target_item_status: 'live',
    });
    expect(await ravi.actions.counts({ ownership_role: 'received', action_type: 'tab_lend' })).toEqual([
      {
        ownership_role: 'received',
        partition_network: 'yellow_dot',
        action_type: 'tab_lend',
        action_status: 'created',
        action_count: 1n,
        latest_at: first.updated_at,
      },
      {
        ownership_role: 'received',
        partition_network: 'yellow_dot',
        action_type: 'tab_lend',
        action_status: 'declined',
        action_count: 1n,
        latest_at: (await ravi.actions.get(third)).updated_at,
      },
    ]);
    const counts = await dpg.actions.itemCounts([target, source]);
    expect(counts.filter(({ action_type }) => action_type === 'tab_give')).toEqual(
      [
        [target, 'received'],
        [source, 'initiated'],
      ].map(([item, ownership_role]) => ({
        item_network: (item as Item).item_network,
        item_domain: (item as Item).item_domain,
        item_type: (item as Item).item_type,
        item_id: (item as Item).item_id,
        ownership_role,
        partition_network: 'yellow_dot',
        action_type: 'tab_give',
        action_status: 'accepted',
        action_count: 1n,
        latest_at: expect.any(String),
      })),
    );
    expect(await dpg.actions.itemCounts([])).toEqual([]);
  });

  test('are walked page by page', async () => {
    for (let i = 0; i < 5; i++) await asha.actions.perform({ action_type: 'walk', source, target });
    const seen = new Set<string>();
    for await (const action of ravi.actions.find({ action_type: 'walk', page_size: 2 }))
      seen.add(action.action_id);
    expect(seen.size).toBe(5);
  });
});
