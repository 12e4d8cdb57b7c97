// createDpg(…, { onCall }): what somebody is told who measures calls, and what not.

import { AsyncLocalStorage } from 'node:async_hooks';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { EndedCall } from '../../sdk/calls.js';
import { createDpg } from '../../sdk/index.js';
import { projectFolder } from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';
import { sendAway } from './homes-world.js';

const database = await testDatabase();
const other = await testDatabase();
for (const { sql } of [database, other])
  await sql`insert into "user" (id, name, email) values ('asha', 'Asha', 'asha@example.com')`;

const key = { item_network: 'yellow_dot', item_domain: 'student', item_type: 'profile' } as const;
const item = { ...key, item_instance_url: 'https://here.example.com', item_schema_url: 's' };
const ID = '11111111-1111-4111-8111-111111111111';
const ref = { ...key, item_id: ID };

const nameOf = (url: string) => {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port}${pathname}`;
};

function noted(): { told: EndedCall[]; onCall: (call: EndedCall) => void; take(): unknown[] } {
  const told: EndedCall[] = [];
  const take = () =>
    told.splice(0).map(({ name, rows, code, server }) => [name, rows ?? code, server?.replace(/.*\//, '')]);
  return { told, onCall: (call) => void told.push(call), take };
}

test('each call of each kind of dpg is told once, with where it went', async () => {
  const { told, onCall, take } = noted();
  await using dpg = createDpg(database.url, { onCall });
  const named = database.name;
  await dpg.as('asha').items.upsert({ ...item, item_id: ID });
  expect(told).toEqual([
    {
      name: 'upsert_item',
      isReading: false,
      server: nameOf(database.url),
      milliseconds: expect.any(Number),
      rows: 1,
      code: undefined,
    },
  ]);
  expect(told[0]?.milliseconds).toBeGreaterThan(0);
  take();

  for await (const _ of dpg.items.find({ item_network: 'yellow_dot', page_size: 1 }));
  await dpg.partitions.list();
  await dpg.subscriptions.create({ subscription: 'told' });
  await dpg.subscriptions.read({ subscription: 'told' });
  expect(take()).toEqual([
    ['find_items', 1, named],
    ['find_items', 0, named],
    ['partitions', 1, named],
    ['create_subscription', 1, named],
    ['read_events', 0, named],
  ]);

  await dpg.sql.begin(async (tx) => {
    await dpg.with(tx).as('asha').items.get(ref);
    await tx.savepoint((inner) => dpg.with(tx).with(inner).at(null).items.get(ref));
  });
  await dpg.at(null).items.get(ref);
  await createDpg(database.sql, { onCall, numbers: 'exact' }).items.get(ref);
  expect(take()).toEqual(Array.from({ length: 4 }, () => ['get_item', 1, named]));

  // nothing is sent
  await expect(dpg.items.get({ ...ref, item_id: 'no uuid' })).rejects.toMatchObject({ code: 'DP001' });
  expect(take()).toEqual([]);
});

test('a call that is sent again is told each time', async () => {
  const { onCall, take } = noted();
  await using dpg = createDpg({ homes: {}, default: database.url }, { onCall });
  await createDpg(other.sql)
    .as('asha')
    .items.upsert({ ...item, item_network: 'red_dot', item_id: ID });
  await sendAway('red_dot', database, other);
  await dpg.items.get({ ...ref, item_network: 'red_dot' });
  await dpg.home('red_dot').items.get({ ...ref, item_network: 'red_dot' });
  await dpg.sql.begin((tx) => dpg.with(tx).items.get(ref));
  expect(take()).toEqual([
    ['get_item', 'DP017', database.name],
    ['get_item', 1, other.name],
    ['get_item', 1, other.name],
    ['get_item', 1, database.name],
  ]);
});

test('a refusal and a loss are told by their code', async () => {
  const { told, onCall, take } = noted();
  await using dpg = createDpg(database.url, { onCall, max: 1 });
  await dpg.items.get({ ...ref, item_id: '99999999-9999-4999-8999-999999999999' }).catch(() => undefined);
  await dpg.sql
    .begin(async (tx) => {
      await tx`set transaction read only`;
      await dpg.with(tx).as('asha').items.upsert(item);
    })
    .catch(() => undefined);
  expect(take()).toEqual([
    ['get_item', 'DP002', database.name],
    ['upsert_item', '25006', database.name],
  ]);

  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));
  await using lost = createDpg(`postgres://nobody:secret@127.0.0.1:${port}/nowhere`, { onCall, max: 1 });
  await lost.items.get(ref).catch(() => undefined);
  expect(told).toMatchObject([
    {
      name: 'get_item',
      rows: undefined,
      server: `127.0.0.1:${port}/nowhere`,
      code: 'ECONNREFUSED',
    },
  ]);
});

test('nothing of what a call says is told, whether it succeeds or fails', async () => {
  const { told, onCall } = noted();
  await using dpg = createDpg(database.url, { onCall });
  const secret = (name: string) => `secret-${name}`;
  const upsert = {
    ...item,
    item_state: { [secret('field')]: secret('value') },
    item_schema_url: secret('url'),
  };
  await dpg
    .as(secret('actor'))
    .items.upsert({ ...upsert, item_network: secret('network') })
    .catch(() => undefined);
  await dpg.as('asha').items.upsert({ ...upsert, item_latitude: 1, item_longitude: 2 });
  await dpg.items.find({ item_network: secret('network'), item_state: { a: secret('state') } });
  await dpg.items.get({ ...ref, item_type: secret('type') }).catch(() => undefined);
  await dpg.events.store({ [secret('event')]: secret('content') } as never).catch(() => undefined);
  await dpg.subscriptions.read({ subscription: secret('subscription') }).catch(() => undefined);
  expect(told.length).toBeGreaterThanOrEqual(5);
  const { password } = new URL(database.url);
  for (const text of ['secret', password]) expect(JSON.stringify(told)).not.toContain(text);
  for (const call of told)
    expect(Object.keys(call).sort()).toEqual(['code', 'isReading', 'milliseconds', 'name', 'rows', 'server']);
});

test('who is told is called in the context of the caller, and breaks nothing', async () => {
  const unhandled: unknown[] = [];
  const listen = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', listen);
  const request = new AsyncLocalStorage<number>();
  const requests: unknown[] = [];
  await using dpg = createDpg(database.url, {
    max: 2,
    onCall: ({ name }) => {
      requests.push([name, request.getStore()]);
      if (requests.length % 2 === 0) throw new Error('a log that is full');
      return Promise.reject(new Error('a log that is away')) as never;
    },
  });
  // more callers than connections, so that answers come while others wait
  const calls = Array.from({ length: 8 }, (_, i) =>
    request.run(i, async () => [
      (await dpg.items.get(ref)).item_id,
      (await dpg.items.find({ item_network: 'yellow_dot', item_domain: 'student' })).rows.length,
      await dpg.items.get({ ...ref, item_type: 'none' }).catch(({ code }) => code),
    ]),
  );
  for (const [id, count, code] of await Promise.all(calls)) {
    expect([id, code]).toEqual([ID, 'DP002']);
    expect(count).toBeGreaterThan(0);
  }
  const each = Array.from({ length: 8 }, (_, i) => [
    ['find_items', i],
    ['get_item', i],
    ['get_item', i],
  ]).flat();
  expect(requests.map(String).sort()).toEqual(each.map(String).sort());
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', listen);
  expect(unhandled).toEqual([]);
});

test('onCall is a function', () => {
  expect(() => createDpg(database.url, { onCall: 'log' as never })).toThrow(/Pass a function|onCall/);
});

test('the SDK tells every listener in the one way that lets it break nothing', async () => {
  const sdk = join(projectFolder, 'sdk');
  const files = (await readdir(sdk, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const found: string[] = [];
  for (const file of files)
    for (const [call] of (await readFile(join(sdk, file), 'utf8')).matchAll(
      /\bon[A-Z]\w*(?<!onReceiver)(\?\.)?\(/g,
    ))
      found.push(`${file}: ${call}`);
  expect(files.length).toBeGreaterThan(100);
  expect(found).toEqual([]);
});
