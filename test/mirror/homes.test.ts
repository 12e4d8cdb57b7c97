// Networks with several homes: the feed of each is delivered, in order over a move, and what is received goes to the right one.

import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Action, createDpg, type Dpg, InvalidArgumentError } from '../../sdk/index.js';
import { follow, type Happening, handler, httpDeliver, mirror } from '../../sdk/mirror/index.js';
import { move, sendAway } from '../sdk/homes-world.js';
import { addUsers, errorOf, tutor } from '../sdk/story.js';
import { temporaryDatabase, testDatabase } from '../support/test-database.js';
import { SECRET, until } from './world.js';

const [first, second, elsewhere] = [await testDatabase(), await testDatabase(), await testDatabase()];
const HERE = 'https://tutor.example.com';
const FAR = 'https://far.example.com';
const login = await first.createLogin('dpg_app');
const [firstUrl, secondUrl, elsewhereUrl] = [first, second, elsewhere].map(({ url }) => {
  const own = new URL(login);
  own.pathname = new URL(url).pathname;
  return own.href;
}) as [string, string, string];

let dpg: Dpg;
let peer: string;
let stop: AbortController;
let running: Promise<void> | undefined;
const all: Dpg[] = [];

/** Ended after the test, when nothing runs any more. */
function opened(one: Dpg): Dpg {
  all.push(one);
  return one;
}

beforeAll(async () => {
  for (const { sql } of [first, second, elsewhere]) await addUsers(sql, 'ravi');
});
beforeEach(() => {
  dpg = opened(createDpg({ homes: {}, default: firstUrl }));
  peer = `https://${randomUUID()}.example.com`;
  stop = new AbortController();
  running = undefined;
});
afterEach(async () => {
  stop.abort();
  await running;
  for (const one of all.splice(0)) await one.end({ timeout: 1 });
});

/** A request from the peer to an item in that network. */
async function request(network: string, at = dpg, url = HERE): Promise<Action> {
  const target = await at.as('ravi').items.upsert(tutor({ item_network: network, item_instance_url: url }));
  return at.actions.receive({
    action_type: 'connect',
    source: { item_network: network, item_domain: 'student', item_type: 'p', item_id: randomUUID() },
    source_item_instance_url: peer,
    source_item_owner: 'asha',
    target,
  });
}

async function transition({ partition_network, action_type, action_id }: Action, action_status: string) {
  await dpg.as('ravi').actions.transition({ partition_network, action_type, action_id }, { action_status });
}

describe('the sending side', () => {
  test('delivers both feeds of a network that has moved, each action in order, each event once', async () => {
    const network = `moving ${randomUUID()}`;
    const actions = await Promise.all(Array.from({ length: 5 }, () => request(network)));
    const others = await Promise.all(Array.from({ length: 5 }, () => request('staying')));
    for (const status of ['seen', 'accepted']) for (const action of actions) await transition(action, status);
    await move(network, first, second);
    for (const status of ['begun', 'done']) for (const action of actions) await transition(action, status);
    const later = await request(network);

    const delivered = new Map<string, number[]>();
    let isBusy = true;
    running = mirror({
      dpg,
      async deliver(event) {
        // the old feed is slow, and always has something
        if (event.update_count < 3) await new Promise((resolve) => setTimeout(resolve, 20));
        delivered.set(event.action_id, [...(delivered.get(event.action_id) ?? []), event.update_count]);
      },
      signal: stop.signal,
      isServed: (url) => url === peer,
      idleMilliseconds: 20,
      concurrency: 1,
    });
    const traffic = (async () => {
      for (let i = 0; isBusy && i < 200; i++) await transition(others[i % 5] as Action, `s${i}`);
    })();
    await until(() => actions.every(({ action_id }) => delivered.get(action_id)?.at(-1) === 4));
    isBusy = false;
    await traffic;
    await until(() => delivered.has(later.action_id));
    for (const { action_id } of actions) expect(delivered.get(action_id)).toEqual([0, 1, 2, 3, 4]);
    const status = await dpg.subscriptions.list();
    expect(status.length).toBeGreaterThan(1);
    expect(
      (await dpg.subscriptions.peers()).filter(({ instance_url }) => instance_url === peer),
    ).toHaveLength(1);
  });

  test('goes on with what is not affected, when a server cannot be reached any more', async () => {
    const { sql, url, drop, name } = await temporaryDatabase();
    const gone = new URL(login);
    gone.pathname = new URL(url).pathname;
    const both = opened(createDpg({ homes: { red: gone.href }, default: firstUrl }));
    const delivered: string[] = [];
    const happenings: Happening[] = [];
    running = mirror({
      dpg: both,
      deliver: async (event) => delivered.push(event.action_id),
      signal: stop.signal,
      isServed: (other) => other === peer,
      idleMilliseconds: 20,
      onHappening: (happening) => happenings.push(happening),
    });
    const before = await request('staying');
    await until(() => delivered.includes(before.action_id));
    await first.sql.unsafe(`alter database ${name} allow_connections false`);
    await first.sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
    await until(() => happenings.some(({ what }) => what === 'database'));
    const after = await request('staying');
    await until(() => delivered.includes(after.action_id));
    stop.abort();
    await running;
    await sql.end();
    await first.sql.unsafe(`alter database ${name} allow_connections true`);
    await drop();
  });
});

describe('the receiving side', () => {
  test('a message for a network that lives elsewhere waits, however long, and the others go on', async () => {
    const moved = `moved ${randomUUID()}`;
    const stays = `stays ${randomUUID()}`;
    await sendAway(moved, first, second);
    // the actions live elsewhere, and their sources here: `peer` is this instance
    const far = opened(createDpg(elsewhereUrl));
    for (const network of [moved, stays, moved, stays]) await request(network, far, FAR);

    const old = opened(createDpg(firstUrl));
    let receive = handler({ dpg: old, secretOf: () => SECRET });
    const errors: string[] = [];
    const happenings: Happening[] = [];
    running = mirror({
      dpg: far,
      deliver: httpDeliver({
        secretOf: () => SECRET,
        fetch: (async (url: string, init: RequestInit) => {
          const answer = await receive(new Request(url, init));
          if (answer.status !== 200)
            errors.push(`${answer.status} ${((await answer.clone().json()) as { code: string }).code}`);
          return new Response(answer.body, {
            status: answer.status,
            headers: { ...Object.fromEntries(answer.headers), 'retry-after': '0' },
          });
        }) as typeof fetch,
      }),
      signal: stop.signal,
      isServed: (url) => url === peer,
      idleMilliseconds: 20,
      backoff: { first: 2, most: 10 },
      maxAttempts: 2,
      batchSize: 2,
      onHappening: (happening) => happenings.push(happening),
    });
    const delivered = () =>
      happenings.flatMap((one) => (one.what === 'delivered' ? [one.event.partition_network] : []));
    await until(() => errors.length >= 8 && delivered().length >= 2);
    await request(stays, far, FAR);
    await until(() => errors.length >= 16 && delivered().length >= 3);
    expect([...new Set(errors)]).toEqual(['503 DP017']);
    expect([...new Set(delivered())]).toEqual([stays]);
    expect(happenings.filter(({ what }) => what === 'failed')).toEqual([]);
    expect(await far.subscriptions.failures({ subscription: `mirror ${peer}` })).toEqual([]);

    receive = handler({ dpg, secretOf: () => SECRET });
    await until(() => delivered().length === 5);
    expect(await far.subscriptions.failures({ subscription: `mirror ${peer}` })).toEqual([]);
    const count = async ({ sql }: typeof first) =>
      (await sql`select from dpg.action_events where partition_network = ${moved}`).length;
    expect([await count(first), await count(second)]).toEqual([0, 2]);
  });
});

describe('a reader of the feed', () => {
  test('gets the events of all servers, each once, over a move', async () => {
    const network = `read ${randomUUID()}`;
    const subscription = `reader ${randomUUID()}`;
    await dpg.subscriptions.create({ subscription });
    const action = await request(network);
    await transition(action, 'seen');
    const got: number[] = [];
    for await (const batch of follow({ dpg, subscription, signal: stop.signal, idleMilliseconds: 20 })) {
      for (const event of batch.events)
        if (event.action_id === action.action_id) got.push(event.update_count);
      await batch.acknowledge();
      if (got.length === 2) {
        await move(network, first, second);
        await transition(action, 'begun');
        await transition(action, 'done');
      }
      if (got.length === 4) break;
    }
    expect(got).toEqual([0, 1, 2, 3]);
    const lags = (await dpg.subscriptions.list({ subscription })).map(({ lag_events }) => lag_events);
    expect(lags).toHaveLength(2);
    expect((await dpg.subscriptions.drop({ subscription })).subscription).toBe(subscription);
    expect(await errorOf(dpg.subscriptions.drop({ subscription }))).toBeInstanceOf(InvalidArgumentError);
  });

  test('begins on servers that nobody has named as well', async () => {
    const network = `unnamed ${randomUUID()}`;
    const subscription = `reader ${randomUUID()}`;
    await sendAway(network, first, second);
    await dpg.subscriptions.create({ subscription, source_item_instance_url: peer });
    const action = await request(network);
    const got = [];
    for (let times = 0; times < 4; times++)
      got.push(...(await dpg.subscriptions.read({ subscription })).map(({ action_id }) => action_id));
    expect(got).toEqual([action.action_id]);
  });

  test('gives back and fails to the server that gave the lease', async () => {
    const subscription = `reader ${randomUUID()}`;
    await using both = createDpg({ homes: { far: secondUrl }, default: firstUrl });
    await both.subscriptions.create({ subscription, source_item_instance_url: peer });
    const [here, there] = [await request('near', both), await request('far', both)];
    const batches = [
      await both.subscriptions.read({ subscription }),
      await both.subscriptions.read({ subscription }),
    ].flat();
    expect(new Set(batches.map(({ action_id }) => action_id))).toEqual(
      new Set([here.action_id, there.action_id]),
    );
    expect(await both.subscriptions.read({ subscription })).toEqual([]);
    for (const { position, lease_id } of batches) {
      const failed = await both.subscriptions.fail({
        subscription,
        position,
        error: 'no',
        max_attempts: 1,
        lease_id,
      });
      expect(failed.state).toBe('dead');
      await both.subscriptions.acknowledge({ subscription, position, lease_id });
    }
    expect(await both.subscriptions.failures({ subscription })).toHaveLength(2);
    expect(await both.subscriptions.retry({ subscription })).toHaveLength(2);
    const retries = [
      await both.subscriptions.readRetries({ subscription }),
      await both.subscriptions.readRetries({ subscription }),
    ].flat();
    for (const { position, lease_id } of retries)
      expect(await both.subscriptions.settle({ subscription, position, lease_id })).toBe(true);
    expect(await both.subscriptions.failures({ subscription })).toEqual([]);

    const position = retries[0]?.position as bigint;
    for (const refused of [
      both.subscriptions.acknowledge({ subscription, position, lease_id: null }),
      both.subscriptions.release({ subscription, lease_id: randomUUID() }),
    ])
      expect(await errorOf(refused)).toMatchObject({ code: 'DP001', detail: { argument: 'lease_id' } });
    expect(await errorOf(both.subscriptions.retry({ subscription, position }))).toMatchObject({
      code: 'DP001',
      detail: { argument: 'position' },
    });
    expect(
      await both.home('far').subscriptions.acknowledge({ subscription, position: 0n, lease_id: null }),
    ).toBeGreaterThan(0n);
  });

  test('gets the changes of items of all servers', async () => {
    const subscription = `items ${randomUUID()}`;
    await using both = createDpg({ homes: { far: secondUrl }, default: firstUrl });
    await both.subscriptions.createItemSubscription({ subscription });
    const wanted = new Set<string>();
    for (const item_network of ['near', 'far'])
      wanted.add((await both.as('ravi').items.upsert(tutor({ item_network }))).item_id);
    for await (const batch of both.items.changes({
      subscription,
      signal: stop.signal,
      idleMilliseconds: 20,
    })) {
      for (const { item_id } of batch.changes) expect(wanted.delete(item_id)).toBe(true);
      await batch.acknowledge();
      if (wanted.size === 0) break;
    }
    expect(wanted.size).toBe(0);
    await both.subscriptions.createItemSubscription({
      subscription: `${subscription} of far`,
      item_network: 'far',
    });
  });
});
