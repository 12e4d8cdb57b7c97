// What was moved is as good as what the functions of dpg write.

import { expect, test } from 'vitest';
import { adopt } from '../../sdk/cli/adopt/index.js';
import { createDpg } from '../../sdk/index.js';
import { errorOf } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';
import { OTHER_URL, OUR_URL } from './old-deployment.js';
import { action, copyOf, events, mirrored, oldStory, student, tutor } from './story.js';

const database = await testDatabase();
const { sql } = database;
const received = '88888888-8888-4888-8888-888888888888';

await oldStory(sql, { keys: false });
// an action that came from another instance, which the former tables held by its snapshot
await sql.unsafe(
  copyOf('item_actions', `action_id = '${action}'`, {
    action_id: `'${received}'`,
    update_count: '0',
    action_status: `'created'`,
    source_item_id: `'99999999-9999-4999-8999-999999999999'`,
    source_item_instance_url: `'${OTHER_URL}'`,
    source_item_owner: `'asha'`,
  }),
);
await adopt(sql, { execute: true });

const dpg = createDpg(database.connect({ role: 'dpg_app' }));
const asha = dpg.as('asha');
const ravi = dpg.as('ravi');
const ref = { partition_network: 'yellow_dot', action_type: 'connect', action_id: action };

test('items are found, by distance too, and updated by their owner', async () => {
  const { rows } = await dpg.items.find({
    item_network: 'yellow_dot',
    item_domain: 'tutor',
    item_state: { subject: 'math' },
  });
  expect(rows).toMatchObject([
    {
      item_id: tutor,
      item_instance_url: OUR_URL,
      created_by: 'ravi',
      created_at: '2025-01-01T10:00:00.000002Z',
      updated_at: '2025-01-02T10:00:00.000000Z',
    },
  ]);
  const near = await dpg.items.nearest({
    item_network: 'yellow_dot',
    item_domain: 'tutor',
    latitude: 12.9716,
    longitude: 77.5946,
  });
  expect(near.rows.map((row) => [row.item_id, Math.round(row.distance_meters)])).toEqual([[tutor, 1103]]);
  expect(
    await errorOf(
      asha.items.delete({
        item_network: 'yellow_dot',
        item_domain: 'student',
        item_type: 'profile_1.0',
        item_id: student,
      }),
    ),
  ).toMatchObject({ code: 'DP013' });
  const updated = await asha.items.update(
    { item_network: 'yellow_dot', item_domain: 'student', item_type: 'profile_1.0', item_id: student },
    { changes: { item_state: { name: 'Asha', goal: 'board_exam' } } },
  );
  expect(updated.item_state).toEqual({ name: 'Asha', goal: 'board_exam' });
});

test('events are found by the owners here, newest first, the mirrored one as well', async () => {
  const ofAsha = await asha.events.find();
  expect(ofAsha.rows.map((row) => [row.event_id, row.ownership_roles, row.created_at])).toEqual([
    [mirrored, ['initiated'], '2025-03-01T10:00:00.000000Z'],
    [events[1], ['initiated'], '2025-02-01T11:00:00.000000Z'],
    [events[0], ['initiated'], '2025-02-01T10:00:00.000000Z'],
  ]);
  const ofRavi = await ravi.events.find();
  expect(ofRavi.rows.map((row) => row.event_id)).toEqual([events[1], events[0]]);
});

test('actions are found by their parties of this instance, and those that live elsewhere', async () => {
  const ofAsha = await asha.actions.find();
  expect(ofAsha.rows.map((row) => [row.action_id, row.target_item_owner])).toEqual([
    ['66666666-6666-4666-8666-666666666666', 'mira'],
    [action, 'ravi'],
  ]);
  const ofRavi = await ravi.actions.find({ ownership_role: 'received' });
  expect(ofRavi.rows.map((row) => row.action_id).sort()).toEqual([action, received]);
});

test('both parties change an action; a stranger of the same name on another instance is no party', async () => {
  const accepted = await ravi.actions.transition(ref, {
    action_status: 'accepted',
    expected_update_count: 1,
  });
  expect(accepted).toMatchObject({ update_count: 2, action_status: 'accepted', remarks: 'Namaste' });
  const closed = await asha.actions.transition(ref, { action_status: 'closed', expected_update_count: 2 });
  expect(closed.update_count).toBe(3);
  const { rows } = await asha.events.find({ action_id: action });
  expect(
    rows.map((row) => [
      row.update_count,
      row.origin_instance_domain,
      row.source_item_latitude,
      row.target_item_longitude,
    ]),
  ).toEqual([
    [3, OUR_URL, 12.9716, 77.6],
    [2, OUR_URL, 12.9716, 77.6],
    [1, OUR_URL, 12.9716, 77.6],
    [0, OUR_URL, 12.9716, 77.6],
  ]);
  expect(await errorOf(asha.actions.get({ ...ref, action_id: received }))).toMatchObject({ code: 'DP005' });
  const moved = await dpg.actions.receiveTransition({
    ...ref,
    action_id: received,
    source_item_instance_url: OTHER_URL,
    source_item_owner: 'asha',
    action_status: 'withdrawn',
  });
  expect(moved).toMatchObject({ update_count: 1, action_status: 'withdrawn' });
});

test('a new action between moved items, and a mirrored event that comes again', async () => {
  const made = await asha.actions.perform({
    action_type: 'connect',
    source: {
      item_network: 'yellow_dot',
      item_domain: 'student',
      item_type: 'profile_1.0',
      item_id: student,
    },
    target: { item_network: 'yellow_dot', item_domain: 'tutor', item_type: 'profile_1.0', item_id: tutor },
  });
  expect(made).toMatchObject({ action_status: 'created', update_count: 0, target_item_owner: 'ravi' });
  const [event] = await sql`select (to_jsonb(e) - 'created_at') || jsonb_build_object('created_at',
    to_char(e.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as event
    from dpg.action_events e where event_id = ${mirrored}`;
  expect(await dpg.events.store(event?.event)).toMatchObject({ event_id: mirrored });
  expect(await errorOf(dpg.events.store({ ...event?.event, action_status: 'other' }))).toMatchObject({
    code: 'DP008',
  });
});

test('events stay immutable, and the feed begins with what happened since', async () => {
  expect(await errorOf(sql`delete from dpg.action_events where event_id = ${events[0]}`)).toMatchObject({
    code: 'DP012',
  });
  const [subscription] = await sql`select * from dpg.create_subscription('reader')`;
  expect(subscription?.subscription).toBe('reader');
  const read = await sql`select event_id, update_count, action_id from dpg.read_events('reader')`;
  expect(read.map((row) => [row.action_id === action, row.update_count])).toEqual([
    [true, 2],
    [true, 3],
    [false, 1],
    [false, 0],
  ]);
});
