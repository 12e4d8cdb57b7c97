// What an answer means: for the peer, whose events wait, or for the event, which has an attempt or is dead.

import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Action, Item } from '../../sdk/index.js';
import {
  type Happening,
  type HttpDeliverOptions,
  httpDeliver,
  type MirrorOptions,
  mirror,
} from '../../sdk/mirror/index.js';
import { testDatabase } from '../support/test-database.js';
import { type Instance, instance, requestFrom, SECRET, tutorAt, until } from './world.js';

const HERE = 'https://tutor.example.com';
const database = await testDatabase();
let here: Instance;
let ravi: Item;
let peer: string;
let happenings: Happening[];
let stop: AbortController;
let running: Promise<void>;

beforeAll(async () => {
  here = await instance(database, HERE, ['ravi'], []);
  ravi = await tutorAt(here, 'ravi');
});
beforeEach(() => {
  peer = `https://${randomUUID()}.example.com`;
  happenings = [];
});
afterEach(async () => {
  stop.abort();
  await running;
});

const request = (): Promise<Action> =>
  requestFrom(
    peer,
    here,
    { item_network: 'yellow_dot', item_domain: 'student', item_type: 'p', item_id: randomUUID() },
    ravi,
  );
const count = (what: Happening['what']) => happenings.filter((happening) => happening.what === what).length;
const failures = () => here.dpg.subscriptions.failures({ subscription: peer });
const lag = async () => (await here.dpg.subscriptions.list({ subscription: peer }))[0]?.lag_events;

type Answer = (event: { action_id: string; event_id: string }) => Response;
const taken: Answer = ({ event_id }) => Response.json({ event_id });

/** A mirror whose peer answers so. */
function start(answer: Answer, options: Partial<MirrorOptions> & Partial<HttpDeliverOptions> = {}): void {
  stop = new AbortController();
  const asked = async (_url: unknown, init: RequestInit) => answer(JSON.parse(String(init.body)));
  running = mirror({
    dpg: here.dpg,
    deliver: httpDeliver({ secretOf: () => SECRET, fetch: asked as typeof fetch, ...options }),
    signal: stop.signal,
    isServed: (url) => url === peer,
    subscriptionOf: (url) => url,
    idleMilliseconds: 20,
    backoff: { first: 2, most: 10 },
    maxAttempts: 3,
    onHappening: (happening) => happenings.push(happening),
    ...options,
  });
}

describe('the peer waits as a whole, and loses nothing when it is right again:', () => {
  test.each([301, 307, 401, 403, 404, 405, 408, 425, 426, 429, 500, 502, 503, 504, 507])(
    '%i',
    async (status) => {
      const actions = [await request(), await request(), await request()];
      let isRight = false;
      start((event) => (isRight ? taken(event) : Response.json({ message: 'no' }, { status })));
      await until(() => count('unavailable') >= 12);
      expect([count('failed'), count('delivered'), await failures()]).toEqual([0, 0, []]);
      expect(await lag()).toBe(BigInt(actions.length));
      isRight = true;
      await until(async () => (await lag()) === 0n);
      expect([count('failed'), count('delivered'), await failures()]).toEqual([0, 3, []]);
    },
  );

  test.each(['DP010', 'DP017'])('503 with %s', async (code) => {
    await request();
    let isRight = false;
    start((event) => (isRight ? taken(event) : Response.json({ code, message: 'no' }, { status: 503 })));
    await until(() => count('unavailable') >= 8);
    isRight = true;
    await until(async () => (await lag()) === 0n);
    expect([count('failed'), await failures()]).toEqual([0, []]);
  });

  test.each([400, 413, 422])('%i, when it is a page and not the instance that answers', async (status) => {
    await request();
    let isRight = false;
    start((event) => (isRight ? taken(event) : new Response('<h1>nginx</h1>', { status })));
    await until(() => count('unavailable') >= 8);
    isRight = true;
    await until(async () => (await lag()) === 0n);
    expect([count('failed'), await failures()]).toEqual([0, []]);
  });

  test('no secret for it, a secret that cannot be had, no URL', async () => {
    await request();
    let tries = 0;
    start(taken, {
      secretOf: () => {
        tries += 1;
        if (tries < 4) return undefined;
        if (tries < 8) throw new Error('the vault is sealed');
        return tries < 12 ? '' : SECRET;
      },
      endpointOf: () => (tries >= 12 && tries < 16 ? 'nowhere' : `${peer}/dpg`),
    });
    await until(() => count('delivered') === 1);
    const told = happenings.flatMap((one) =>
      one.what === 'unavailable' ? [`${one.peer} ${String(one.error)}`] : [],
    );
    expect(told.filter((line) => line.includes(`no secret is shared with ${peer}`)).length).toBeGreaterThan(
      4,
    );
    expect(told.join()).toContain('the vault is sealed');
    expect(told.join()).toContain('Invalid URL');
    expect(told.every((line) => line.startsWith(peer))).toBe(true);
    expect([count('failed'), await failures()]).toEqual([0, []]);
  });
});

describe('what is about one event, while events of other actions are taken, is an attempt:', () => {
  test.each([500, 503, 403, 404, 200])('%i', async (status) => {
    const poison = await request();
    const others = [await request(), await request()];
    start((event) =>
      event.action_id === poison.action_id ? Response.json({ message: 'no' }, { status }) : taken(event),
    );
    // as long as there are others: each attempt needs that the peer has taken something meanwhile
    await until(async () => {
      others.push(await request());
      return happenings.some((one) => one.what === 'failed' && one.isDead);
    });
    const failed = happenings.filter((one) => one.what === 'failed');
    expect(failed.map(({ attempts }) => attempts)).toEqual([1, 2, 3]);
    expect(failed.every(({ event }) => event.action_id === poison.action_id)).toBe(true);
    // more answers than attempts: the first ones might have been about the peer
    expect(count('unavailable')).toBeGreaterThanOrEqual(2);
    await until(async () => (await lag()) === 0n);
    expect(count('delivered')).toBe(others.length);
    expect(await failures()).toMatchObject([{ state: 'dead', attempts: 3 }]);
  });

  test('two such events do not hide each other, nor a batch that has one action only', async () => {
    const poisons = [await request(), await request()].map(({ action_id }) => action_id);
    const first = poisons[0] ?? '';
    for (let i = 0; i < 3; i++)
      await here.dpg
        .as('ravi')
        .actions.transition(
          { partition_network: 'yellow_dot', action_type: 'connect', action_id: first },
          { action_status: `step ${i}` },
        );
    const good = await request();
    start((event) => (poisons.includes(event.action_id) ? new Response('', { status: 500 }) : taken(event)), {
      batchSize: 1,
    });
    await until(() => count('delivered') === 1);
    expect(happenings.find(({ what }) => what === 'delivered')).toMatchObject({
      event: { action_id: good.action_id },
    });
  });
});

test('409 is an attempt', async () => {
  await request();
  start(() => Response.json({ code: 'DP008', message: 'other content' }, { status: 409 }));
  await until(() => count('failed') === 3);
  expect([count('unavailable'), await failures()]).toMatchObject([0, [{ state: 'dead', attempts: 3 }]]);
});

test.each([
  [400, {}],
  [413, {}],
  [422, { code: 'DP014' }],
  [422, { code: '22P05' }],
])('%i of an instance is dead at once, and an operator revives it', async (status, code) => {
  await request();
  let isRight = false;
  start((event) => (isRight ? taken(event) : Response.json({ message: 'never', ...code }, { status })));
  await until(() => count('failed') === 1);
  expect(await failures()).toMatchObject([{ state: 'dead', attempts: 1 }]);
  isRight = true;
  await here.dpg.subscriptions.retry({ subscription: peer });
  await until(async () => (await failures()).length === 0);
});

test('Retry-After is waited for, up to an hour; without it the pauses grow to their limit', async () => {
  await request();
  const headers = ['7', new Date(Date.now() + 60_000).toUTCString(), '999999', undefined];
  for (const header of headers) {
    happenings = [];
    start(() => new Response('', { status: 503, headers: header ? { 'retry-after': header } : {} }));
    await until(() => count('unavailable') >= 1);
    stop.abort();
    await running;
    await here.sql`update dpg.subscriptions set leased_until = null`;
    const [told] = happenings;
    const wait = told?.what === 'unavailable' ? told.nextTryMilliseconds : 0;
    const [least, most] = { '7': [7000, 7700], '999999': [3_600_000, 3_960_000] }[header ?? ''] ?? [
      header ? 50_000 : 0,
      header ? 66_000 : 10,
    ];
    expect([header, wait >= (least ?? 0) && wait <= (most ?? 0)]).toEqual([header, true]);
  }
});
