// Readers that sleep past their lease and then go on as if nothing had happened: what they acknowledge, give back or fail
// ends no lease of the reader that has the events now. By the SDK, by follow and by mirror.

import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { createDpg, type FeedEvent, type Item } from '../../sdk/index.js';
import { type Batch, type Deliver, follow, mirror } from '../../sdk/mirror/index.js';
import { addUsers, student, tutor } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';
import { wait } from './traffic.js';

const LEASE = 0.05;
const database = await testDatabase();
const dpg = createDpg(database.connect({ role: 'dpg_app' }));
let source: Item;
let target: Item;

beforeAll(async () => {
  await addUsers(database.sql, 'asha', 'ravi');
  source = await dpg.as('asha').items.upsert(student());
  target = await dpg.as('ravi').items.upsert(tutor());
});

/** One action with as many events, in a network of its own; a subscription to it. */
async function story(events: number): Promise<string> {
  const action_type = `late ${randomUUID()}`;
  const action = await dpg.as('asha').actions.perform({ action_type, source, target });
  for (let n = 1; n < events; n++)
    await dpg.as('ravi').actions.transition(action, { action_status: `step ${n}` });
  await dpg.subscriptions.create({ subscription: action_type, action_type });
  return action_type;
}

const positions = (events: FeedEvent[]) => events.map(({ position }) => position);
const leaseOf = (events: FeedEvent[]) => (events[0] as FeedEvent).lease_id;

/** Who holds a lease now, by its name; null when nobody does. */
async function holder(subscription: string): Promise<string | null> {
  const [row] = await dpg.sql`
    select lease_id from dpg.subscriptions where subscription = ${subscription} and leased_until > clock_timestamp()`;
  return (row?.lease_id as string | undefined) ?? null;
}

test('the SDK: acknowledge, fail, settle and release of a late reader', async () => {
  const subscription = await story(5);
  const late = await dpg.subscriptions.read({ subscription, lease_seconds: LEASE, max_events: 3 });
  await wait(LEASE * 1000 + 20);
  const present = await dpg.subscriptions.read({ subscription, max_events: 3 });
  expect(positions(present)).toEqual(positions(late));
  expect(leaseOf(present)).not.toBe(leaseOf(late));

  const [first, second, third] = positions(late) as [bigint, bigint, bigint];
  const of = { subscription, lease_id: leaseOf(late) };
  expect(await dpg.subscriptions.acknowledge({ ...of, position: first })).toBe(first);
  expect(
    await dpg.subscriptions.fail({ ...of, position: second, error: 'late', max_attempts: 1 }),
  ).toMatchObject({
    attempts: 0,
    state: 'failing',
  });
  expect(await dpg.subscriptions.failures({ subscription })).toEqual([]);
  expect(await dpg.subscriptions.settle({ ...of, position: second })).toBe(false);
  expect(await dpg.subscriptions.release({ ...of, error: 'late' })).toMatchObject({
    lease_id: leaseOf(present),
    leased_position: third,
  });
  expect(await dpg.subscriptions.acknowledge({ ...of, position: third })).toBe(third);
  expect(await holder(subscription)).toBe(leaseOf(present));
  // a third reader, while the second works: events of one action do not overtake one another
  expect(await dpg.subscriptions.read({ subscription })).toEqual([]);

  const lease_id = leaseOf(present);
  expect(await dpg.subscriptions.acknowledge({ subscription, position: third, lease_id })).toBe(third);
  expect(await dpg.subscriptions.read({ subscription })).toHaveLength(2);
});

test('a lease that has ended and that nobody has taken since is still the one of its reader', async () => {
  const subscription = await story(1);
  const events = await dpg.subscriptions.read({ subscription, lease_seconds: 0.001 });
  await wait(10);
  const lease_id = leaseOf(events);
  expect(await dpg.subscriptions.release({ subscription, retry_seconds: 60, lease_id })).toMatchObject({
    lease_id: null,
    leased_position: null,
  });
  expect(await dpg.subscriptions.read({ subscription })).toEqual([]);
});

test('the SDK does not leave the lease out', async () => {
  const without = { subscription: 'any', position: 1n } as Parameters<typeof dpg.subscriptions.settle>[0];
  await expect(dpg.subscriptions.settle(without)).rejects.toMatchObject({
    code: 'DP001',
    detail: { argument: 'lease_id' },
  });
});

test.each(['acknowledges', 'leaves the loop'])('follow: a late reader that %s', async (what) => {
  const subscription = await story(4);
  const options = { dpg, subscription, idleMilliseconds: 20, maxEvents: 2 };
  let present: Batch | undefined;
  let holding: AsyncGenerator<Batch, void, undefined> | undefined;
  for await (const batch of follow({ ...options, leaseSeconds: LEASE })) {
    await wait(LEASE * 1000 + 20);
    holding = follow(options);
    present = (await holding.next()).value as Batch;
    expect(positions(present.events)).toEqual(positions(batch.events));
    if (what === 'acknowledges') await batch.acknowledge();
    break; // without it, the batch is given back
  }
  expect(await holder(subscription)).toBe(leaseOf((present as Batch).events));
  expect(await dpg.subscriptions.read({ subscription })).toEqual([]);
  await present?.acknowledge();
  expect(await holder(subscription)).toBeNull();
  await holding?.return(undefined);
});

test('mirror: one that is late with a delivery does not let a third deliver what the second has', async () => {
  const peer = `https://${randomUUID()}.example.com`;
  const action = await dpg.actions.receive({
    action_type: 'connect',
    source: { item_network: 'yellow_dot', item_domain: 'student', item_type: 'p', item_id: randomUUID() },
    source_item_instance_url: peer,
    source_item_owner: 'asha',
    target,
  });
  await dpg.as('ravi').actions.transition(action, { action_status: 'accepted' });

  const stop = new AbortController();
  let isLate: (() => void) | undefined;
  const late = new Promise<void>((resolve) => {
    isLate = resolve;
  });
  let goOn: (() => void) | undefined;
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let settled = 0;
  const deliver: Deliver = async () => {
    isLate?.();
    await held;
    throw new Error('no answer');
  };
  const running = mirror({
    dpg,
    deliver,
    signal: stop.signal,
    isServed: (url) => url === peer,
    subscriptionOf: (url) => url,
    leaseSeconds: 0.2,
    idleMilliseconds: 20,
    onHappening: () => {
      settled += 1;
    },
  });
  await late;
  await wait(250);
  const present = await dpg.subscriptions.read({ subscription: peer });
  expect(present).toHaveLength(2);
  goOn?.();
  while (settled === 0) await wait(5);
  stop.abort();
  await running;
  expect(await holder(peer)).toBe(leaseOf(present));
  expect(await dpg.subscriptions.failures({ subscription: peer })).toEqual([]);
  expect(await dpg.subscriptions.read({ subscription: peer })).toEqual([]);
});
