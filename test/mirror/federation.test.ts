import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { type Action, eventText, type Item } from '../../sdk/index.js';
import { httpDeliver, mirror, RemoteError, remoteInstance } from '../../sdk/mirror/index.js';
import { testDatabase } from '../support/test-database.js';
import { type Instance, instance, log, SECRET, studentAt, tutorAt, until } from './world.js';

const A = 'https://student.example.com';
const B = 'https://tutor.example.com';
const [databaseA, databaseB] = [await testDatabase(), await testDatabase()];
let a: Instance;
let b: Instance;
let asha: Item;
let ravi: Item;

beforeAll(async () => {
  a = await instance(databaseA, A, ['asha', 'ravi'], [B]);
  b = await instance(databaseB, B, ['asha', 'ravi'], [A]);
  asha = await studentAt(a, 'asha');
  ravi = await tutorAt(b, 'ravi');
});

const bFromA = () => remoteInstance({ endpoint: `${B}/dpg`, sender: A, secret: SECRET, fetch: b.fetch });

test('an action across two instances: made, moved by both sides, found by both, equal to the byte', async () => {
  const action_id = randomUUID();
  const ask = () =>
    bFromA().receiveAction({
      action_type: 'connect',
      source: asha,
      source_item_owner: 'asha',
      source_item_latitude: 0.1 + 0.2,
      source_item_longitude: -77.12345678901234,
      target: ravi,
      requirements_snapshot: { subject: 'math' },
      action_id,
      remarks: 'नमस्ते 👋 "quoted" \\',
    });
  const made = await ask();
  expect(await ask()).toEqual(made);

  // what JavaScript would bend
  await b.sql`
    select dpg.transition_action('ravi', 'yellow_dot', 'connect', ${action_id}, 'accepted',
      event_payload => '{"amount": 12345678901234567890.10, "tiny": 1e-20, "text": "\\u2028 é 👋", "nested": [null, {"a": 1.0}]}')`;
  const event_id = randomUUID();
  const withdraw = () =>
    bFromA().receiveTransition({
      source_item_owner: 'asha',
      partition_network: 'yellow_dot',
      action_type: 'connect',
      action_id,
      action_status: 'withdrawn',
      event_id,
    });
  const withdrawn = await withdraw();
  expect(withdrawn).toMatchObject({ action_status: 'withdrawn', update_count: 2 });
  expect(await withdraw()).toEqual(withdrawn);

  const stop = new AbortController();
  const running = mirror({
    dpg: b.dpg,
    deliver: httpDeliver({ secretOf: () => SECRET, fetch: a.fetch }),
    signal: stop.signal,
    idleMilliseconds: 50,
  });
  await until(async () => (await log(a.sql, A)).length === 3);
  stop.abort();
  await running;

  const there = await log(b.sql, A);
  expect(await log(a.sql, A)).toEqual(there);
  expect(there.join()).toContain('12345678901234567890.10');
  const { rows } = await a.dpg.as('asha').events.find({ action_id });
  expect(rows.map(({ update_count, ownership_roles }) => [update_count, ownership_roles])).toEqual([
    [2, ['initiated']],
    [1, ['initiated']],
    [0, ['initiated']],
  ]);
  const seen = { ...withdrawn, requirements_snapshot: {}, source_item_is_local: true };
  expect(await a.dpg.as('asha').actions.get(withdrawn)).toEqual({
    ...seen,
    source_local_item_id: asha.item_id,
  });
  const found = await a.dpg.as('asha').actions.find();
  expect(found.rows).toMatchObject([
    { action_id, action_status: 'withdrawn', target_item_instance_url: B, ownership_roles: ['initiated'] },
  ]);
  // an owner there is nobody here
  expect((await a.dpg.as('ravi').actions.find()).rows).toEqual([]);
});

test('in any order, and repeated, they converge', async () => {
  const actions: Action[] = [];
  for (let i = 0; i < 5; i++) {
    const action = await bFromA().receiveAction({
      action_type: 'connect',
      source: asha,
      source_item_owner: 'asha',
      target: ravi,
      remarks: 'first',
    });
    for (const [action_status, remarks] of [
      ['seen', null],
      ['accepted', 'gladly'],
      ['done', null],
    ] as const)
      actions.push(await b.dpg.as('ravi').actions.transition(action, { action_status, remarks }));
  }
  await b.dpg.subscriptions.create({ subscription: 'shuffled', source_item_instance_url: A });
  const events = await b.dpg.subscriptions.read({ subscription: 'shuffled' });
  const deliveries = [...events, ...events, ...events].sort(() => Math.random() - 0.5);
  const remote = remoteInstance({ endpoint: `${A}/dpg`, sender: B, secret: SECRET, fetch: a.fetch });
  await Promise.all(deliveries.map((event) => remote.storeEvent(eventText(event))));

  expect(await log(a.sql, A)).toEqual(await log(b.sql, A));
  for (const at of actions.filter(({ update_count }) => update_count === 3)) {
    const { action_status, update_count, remarks, created_at, updated_at } = await b.dpg
      .as('ravi')
      .actions.get(at);
    expect(await a.dpg.as('asha').actions.get(at)).toMatchObject({
      action_status,
      update_count,
      remarks,
      created_at,
      updated_at,
    });
  }
});

test('a refusal comes back with its code', async () => {
  const stranger = bFromA().receiveTransition({
    source_item_owner: 'asha',
    partition_network: 'yellow_dot',
    action_type: 'connect',
    action_id: randomUUID(),
    action_status: 'withdrawn',
  });
  await expect(stranger).rejects.toThrow(RemoteError);
  await expect(stranger).rejects.toMatchObject({ status: 404, code: 'DP004' });
});
