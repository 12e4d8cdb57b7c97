// Trouble with one peer in this database: it is told, the peer pauses, and the others go on.

import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Item } from '../../sdk/index.js';
import { type Happening, mirror } from '../../sdk/mirror/index.js';
import { subscriptionOf } from '../../sdk/mirror/mirror.js';
import { testDatabase } from '../support/test-database.js';
import { type Instance, instance, requestFrom, tutorAt, until } from './world.js';

const HERE = 'https://tutor.example.com';
const database = await testDatabase();
let here: Instance;
let ravi: Item;
let happenings: Happening[];
let delivered: string[];
let stop: AbortController;
let running: Promise<void>;
let troubled: string;
let other: string;

beforeAll(async () => {
  here = await instance(database, HERE, ['ravi'], []);
  ravi = await tutorAt(here, 'ravi');
});
beforeEach(() => {
  [happenings, delivered] = [[], []];
  [troubled, other] = [`https://t-${randomUUID()}.example.com`, `https://o-${randomUUID()}.example.com`];
});
afterEach(async () => {
  stop.abort();
  await running;
});

const source = () => ({
  item_network: 'yellow_dot',
  item_domain: 'student',
  item_type: 'p',
  item_id: randomUUID(),
});
const request = (peer: string) => requestFrom(peer, here, source(), ravi);
const got = (peer: string) => delivered.filter((url) => url === peer).length;
const told = (peer: string | null) =>
  happenings.flatMap((one) =>
    one.what === 'database' && one.peer === peer ? [one.error as { code?: string }] : [],
  );

function start(dpg = here.dpg): void {
  stop = new AbortController();
  running = mirror({
    dpg,
    deliver: async (_event, { peer }) => delivered.push(peer),
    signal: stop.signal,
    isServed: (url) => url === troubled || url === other,
    idleMilliseconds: 20,
    onHappening: (happening) => happenings.push(happening),
  });
}

test('its subscription is dropped while it runs', async () => {
  await request(troubled);
  await request(other);
  start();
  await until(() => got(troubled) === 1 && got(other) === 1);
  const subscription = subscriptionOf(troubled);
  await here.dpg.subscriptions.drop({ subscription });
  await until(() => told(troubled).length === 1);
  await request(other);
  await until(() => got(other) === 2);
  // made again: from the first event on, so at least once
  await request(troubled);
  await until(() => got(troubled) === 3);
});

test.each(['57014', '55P03', '40P01', '40001', 'XX000', 'P0001', '42501'])(
  'its statements end in %s',
  async (sqlstate) => {
    await request(troubled);
    await request(other);
    start();
    await until(() => got(troubled) === 1 && got(other) === 1);
    // else what was delivered stays leased for a while
    await until(async () => {
      const subscriptions = await here.dpg.subscriptions.list();
      return subscriptions.every(({ lag_events }) => lag_events === 0n);
    });
    await here.sql.unsafe(`
    create or replace function public.trouble() returns trigger language plpgsql as $body$
    begin
      if new.subscription = ${`'${subscriptionOf(troubled)}'`} then raise exception 'trouble' using errcode = '${sqlstate}'; end if;
      return new;
    end $body$;
    create trigger trouble before update on dpg.subscriptions for each row execute function public.trouble()`);
    await request(troubled);
    await until(() => told(troubled).length > 2);
    expect(told(troubled)[0]?.code).toBe(sqlstate);
    await request(other);
    await until(() => got(other) === 2);
    expect(told(other)).toEqual([]);
    await here.sql`drop function public.trouble() cascade`;
    await until(() => got(troubled) === 2);
  },
);

test('another session holds its subscription, and statements have a limit of time', async () => {
  const dpg = here.dpg.with(
    database.connect({ role: 'dpg_app', max: 4, connection: { lock_timeout: 100 } as never }),
  );
  await request(troubled);
  await request(other);
  start(dpg as never);
  await until(() => got(troubled) === 1 && got(other) === 1);
  await request(troubled);
  await here.sql.begin(async (tx) => {
    await tx`select from dpg.subscriptions where subscription = ${subscriptionOf(troubled)} for update`;
    await request(other);
    await until(() => got(other) === 2);
  });
  await until(() => got(troubled) >= 2);
});

test('which peers there are cannot be read for a while', async () => {
  await request(troubled);
  start();
  await until(() => got(troubled) === 1);
  await here.sql`alter view dpg.peers rename to peers_away`;
  await until(() => told(null).length > 0);
  await request(troubled);
  await until(() => got(troubled) === 2);
  await here.sql`alter view dpg.peers_away rename to peers`;
  await request(other);
  await until(() => got(other) === 1);
});

describe('names of subscriptions', () => {
  test('of short and long URLs are as they were', () => {
    expect(subscriptionOf('https://a.example.com')).toBe('mirror https://a.example.com');
    const url = `https://${'a'.repeat(200)}.example.com`;
    expect(subscriptionOf(url)).toBe(`mirror https://${'a'.repeat(88)} 44be8cae0f40b0d9`);
    expect(subscriptionOf(url)).not.toBe(subscriptionOf(`${url}/`));
  });

  test('of any URL are keys: no character is cut in its middle', async () => {
    for (const filler of ['', 'a']) {
      troubled = `https://${filler}${'👋'.repeat(100)}.example.com`;
      await request(troubled);
      await request(other);
      delivered = [];
      start();
      await until(() => got(troubled) === 1 && delivered.length > 0);
      expect(told(troubled)).toEqual([]);
      stop.abort();
      await running;
    }
  });
});

test('connections that were ended end it, and so does a role that may not', async () => {
  start();
  stop.abort();
  await running;
  const stranger = here.dpg.with(database.connect({ role: 'dpg_readonly', max: 1 }));
  await request(other);
  start(stranger as never);
  const refused = running;
  running = Promise.resolve();
  await expect(refused).rejects.toMatchObject({ code: '42501' });
});
