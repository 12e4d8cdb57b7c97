import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Action, FeedEvent, Item } from '../../sdk/index.js';
import {
  type Deliver,
  DeliveryRefusedError,
  type Happening,
  type MirrorOptions,
  mirror,
  PeerUnavailableError,
} from '../../sdk/mirror/index.js';
import { testDatabase } from '../support/test-database.js';
import { type Instance, instance, requestFrom, tutorAt, until } from './world.js';

const HERE = 'https://tutor.example.com';
const database = await testDatabase();
let here: Instance;
let ravi: Item;
let peer: string;
let happenings: Happening[];
let delivered: string[];
let stops: AbortController[];
let running: Promise<void>[];

beforeAll(async () => {
  here = await instance(database, HERE, ['ravi'], []);
  ravi = await tutorAt(here, 'ravi');
});

// a peer of its own for each test, and no mirror of another test for it
beforeEach(() => {
  peer = `https://${randomUUID()}.example.com`;
  [happenings, delivered, stops, running] = [[], [], [], []];
});
afterEach(async () => {
  for (const stop of stops) stop.abort();
  await Promise.all(running);
});

const brief = ({ action_id, update_count }: FeedEvent | Action) => `${action_id} ${update_count}`;
const take: Deliver = async (event) => {
  delivered.push(brief(event));
};

function start(deliver: Deliver, options: Partial<MirrorOptions> = {}): AbortController {
  const stop = new AbortController();
  stops.push(stop);
  running.push(
    mirror({
      dpg: here.dpg,
      deliver,
      signal: stop.signal,
      isServed: (url) => url === peer,
      subscriptionOf: (url) => url,
      idleMilliseconds: 20,
      backoff: { first: 10, most: 50 },
      onHappening: (happening) => happenings.push(happening),
      ...options,
    }),
  );
  return stop;
}

async function request(from = peer): Promise<Action> {
  const source = {
    item_network: 'yellow_dot',
    item_domain: 'student',
    item_type: 'p',
    item_id: randomUUID(),
  };
  return requestFrom(from, here, source, ravi);
}

async function moved(action: Action, times: number): Promise<string[]> {
  const briefs = [brief(action)];
  for (let i = 0; i < times; i++)
    briefs.push(brief(await here.dpg.as('ravi').actions.transition(action, { action_status: `step ${i}` })));
  return briefs;
}

const status = async () => (await here.dpg.subscriptions.list({ subscription: peer }))[0];

test('delivers each event of an action in its order, and what comes later too', async () => {
  const first = await moved(await request(), 5);
  const second = await moved(await request(), 5);
  start(take);
  await until(() => delivered.length === 12);
  const later = await moved(await request(), 1);
  await until(() => delivered.length === 14);
  for (const action of [first, second, later])
    expect(delivered.filter((event) => action.includes(event))).toEqual(action);
  await until(async () => (await status())?.lag_events === 0n);
});

test('an event that fails is tried again, and the later ones of its action wait for it', async () => {
  const events = await moved(await request(), 2);
  let failures = 0;
  start(async (event) => {
    if (brief(event) === events[1] && failures++ < 3) throw new Error('not today');
    delivered.push(brief(event));
  });
  await until(() => delivered.length === 3);
  expect(delivered).toEqual(events);
  expect(happenings.filter(({ what }) => what === 'failed')).toMatchObject([
    { attempts: 1, isDead: false },
    { attempts: 2, isDead: false },
    { attempts: 3, isDead: false },
  ]);
  await until(async () => (await status())?.lag_events === 0n);
  expect(await status()).toMatchObject({ last_error: 'not today', dead_events: 0n });
  expect(await here.dpg.subscriptions.failures({ subscription: peer })).toEqual([]);
});

test('after so many attempts it is dead; the others go on, and an operator has it tried again', async () => {
  const [poison = '', ...rest] = await moved(await request(), 2);
  let isPoisonous = true;
  start(
    async (event) => {
      if (brief(event) === poison && isPoisonous) throw new Error('indigestible');
      delivered.push(brief(event));
    },
    { maxAttempts: 3 },
  );
  await until(() => delivered.length === 2);
  expect(delivered).toEqual(rest);
  const [dead, ...others] = await here.dpg.subscriptions.failures({ subscription: peer, state: 'dead' });
  expect(dead).toMatchObject({ attempts: 3, last_error: 'indigestible' });
  expect(others).toEqual([]);
  await until(async () => (await status())?.lag_events === 0n);
  expect(await status()).toMatchObject({ dead_events: 1n });

  isPoisonous = false;
  expect(await here.dpg.subscriptions.retry({ subscription: peer })).toMatchObject([
    { position: dead?.position },
  ]);
  await until(() => delivered.length === 3);
  expect(delivered.at(-1)).toBe(poison);
  await until(async () => (await here.dpg.subscriptions.failures({ subscription: peer })).length === 0);
});

test('what the peer refuses for good is dead at once', async () => {
  await request();
  start(async () => {
    throw new DeliveryRefusedError('other content');
  });
  await until(() => happenings.length > 0);
  expect(happenings).toMatchObject([{ what: 'failed', attempts: 1, isDead: true }]);
});

test('a peer that is away costs its events nothing, and holds up no other', async () => {
  const away = await moved(await request(), 1);
  const other = `https://${randomUUID()}.example.com`;
  let isAway = true;
  start(
    async (event, { peer: url }) => {
      if (url === peer && isAway) throw new PeerUnavailableError('connection refused');
      delivered.push(brief(event));
    },
    { isServed: (url) => url === peer || url === other, maxAttempts: 2 },
  );
  await until(() => happenings.filter(({ what }) => what === 'unavailable').length > 4);
  const there = await moved(await request(other), 1);
  await until(() => delivered.length === 2);
  expect(delivered).toEqual(there);
  expect(await here.dpg.subscriptions.failures({ subscription: peer })).toEqual([]);
  expect(await status()).toMatchObject({ lag_events: 2n, last_error: 'connection refused' });
  isAway = false;
  await until(() => delivered.length === 4);
  expect(delivered.slice(2)).toEqual(away);
});

test('the signal stops it in mid-delivery: nothing stays leased, and another goes on', async () => {
  const events = await moved(await request(), 3);
  const stop = start(
    (event, { signal }) =>
      brief(event) === events[1]
        ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        : take(event, { peer, text: '', signal }),
    { leaseSeconds: 600 },
  );
  await until(() => delivered.length === 1);
  stop.abort();
  await Promise.all(running);
  expect(await status()).toMatchObject({ is_leased: false, lag_events: 3n, last_error: null });
  start(take);
  await until(() => delivered.length === 4);
  expect(delivered).toEqual(events);
});

test('one that died keeps its lease until it ends; then another delivers again what was not acknowledged', async () => {
  const events = await moved(await request(), 2);
  await here.dpg.subscriptions.create({ subscription: peer, source_item_instance_url: peer });
  expect(await here.dpg.subscriptions.read({ subscription: peer, lease_seconds: 0.6 })).toHaveLength(3);
  const started = performance.now();
  start(take);
  await until(() => delivered.length === 3);
  expect(performance.now() - started).toBeGreaterThan(400);
  expect(delivered).toEqual(events);
});

test('several at once deliver everything, in order, and hardly anything twice', async () => {
  const actions = await Promise.all(Array.from({ length: 10 }, async () => moved(await request(), 9)));
  for (let i = 0; i < 3; i++) start(take, { batchSize: 7 });
  await until(async () => (await status())?.lag_events === 0n);
  for (const action of actions) expect(delivered.filter((event) => action.includes(event))).toEqual(action);
});

test('a subscription of that name that is for something else: that peer waits and is told, the others go on', async () => {
  await request();
  await here.dpg.subscriptions.create({ subscription: peer, action_type: 'other' });
  const other = `https://${randomUUID()}.example.com`;
  const there = await moved(await request(other), 1);
  start(take, { isServed: (url) => url === peer || url === other });
  await until(() => delivered.length === 2);
  expect(delivered).toEqual(there);
  await until(() => happenings.some(({ what }) => what === 'database'));
  const [told] = happenings.filter(({ what }) => what === 'database');
  expect(told).toMatchObject({ peer, error: { code: 'DP008' } });
});
