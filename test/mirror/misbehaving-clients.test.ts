import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HandlerOptions } from '../../sdk/mirror/index.js';
import { soak, soakTimeout } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { listen as listenOf, message, stored as storedIn } from './listening.js';
import { client, HERE, head, PEER, signed } from './messages.js';
import { type Instance, instance, until } from './world.js';

const database = await testDatabase();
let here: Instance;
let errors: unknown[];

beforeAll(async () => {
  here = await instance(database, HERE, ['asha'], [PEER]);
});
beforeEach(() => {
  errors = [];
});

const listen = (options: Partial<HandlerOptions> = {}) =>
  listenOf(here, (error) => errors.push(error), options);
const stored = (id: string) => storedIn(here, id);

describe('after a refusal the next request is answered, on the same connection or a new one:', () => {
  const long = 'x'.repeat(100_000);
  const cases: [string, string, number][] = [
    [
      'a body that is too long by what it says',
      head({ ...signed(long), 'content-length': long.length }) + long,
      413,
    ],
    [
      'a body that turns out to be too long',
      `${head({ ...signed(long), 'transfer-encoding': 'chunked' })}${long.length.toString(16)}\r\n${long}\r\n0\r\n\r\n`,
      413,
    ],
    ['no signature, and a long body', head({ 'content-length': long.length }) + long, 401],
    ['no signature, and a short body', `${head({ 'content-length': 5 })}hello`, 401],
    ['a method that is none', `${head({ 'content-length': 5 }, 'PUT /dpg HTTP/1.1')}hello`, 405],
  ];
  test.each(cases)('%s', async (_what, wire, status) => {
    const { port } = await listen();
    const keepAlive = await client(port);
    keepAlive.write(wire);
    const answer = await keepAlive.answer();
    expect(answer.status).toBe(status);
    const { id, wire: next } = message();
    if (answer.head.includes('connection: close')) {
      await keepAlive.closed;
      const another = await client(port);
      another.write(next);
      expect((await another.answer()).status).toBe(200);
    } else {
      keepAlive.write(next);
      expect((await keepAlive.answer()).status).toBe(200);
    }
    expect(await stored(id)).toBe(1);
    expect(errors).toEqual([]);
  });

  test('two good messages go over one connection', async () => {
    const server = await listen();
    const keepAlive = await client(server.port);
    for (let i = 0; i < 2; i++) {
      keepAlive.write(message().wire);
      expect((await keepAlive.answer()).status).toBe(200);
    }
    expect(server.connections.made).toBe(1);
  });
});

test('no body is read of who is not known, has another time or no signature', async () => {
  const { port } = await listen();
  const body = 'x'.repeat(1000);
  for (const headers of [
    signed(body, { sender: 'https://stranger.example.com' }),
    signed(body, { timestamp: Math.floor(Date.now() / 1000) - 3600 }),
    { ...signed(body), 'dpg-signature': 'v1=none' },
    { ...signed(body, { version: 1 }), 'dpg-version-signature': 'v1=none' },
  ]) {
    const stranger = await client(port);
    // the body does not come: the answer does
    stranger.write(head({ ...headers, 'content-length': body.length }));
    expect((await stranger.answer()).status).toBe(401);
  }
});

test('a body that does not come in time is 408, and the connection ends', async () => {
  const { port } = await listen({ bodyTimeoutMilliseconds: 50 });
  const slow = await client(port);
  slow.write(`${head({ ...signed('{}'), 'content-length': 1000 })}{`);
  expect(await slow.answer()).toMatchObject({ status: 408, body: '{"message":"the body is too slow"}' });
  slow.socket.end();
  await slow.closed;
  expect(errors).toEqual([]);
});

test('bodies are limited in their number: beyond it 503, and when one is done the next is taken', async () => {
  const { port } = await listen({ maxConcurrentBodies: 2 });
  const { wire } = message();
  const slow = [await client(port), await client(port)];
  for (const { write } of slow) write(wire.slice(0, -10));
  const waiting = await client(port);
  await until(async () => {
    waiting.write(`${head({ ...signed('{}'), 'content-length': 2 })}{}`);
    return (await waiting.answer()).status === 503;
  });
  for (const { write } of slow) write(wire.slice(-10));
  for (const { answer } of slow) expect((await answer()).status).toBe(200);
  const next = await client(port);
  next.write(wire);
  expect((await next.answer()).status).toBe(200);
});

test('strangers who claim to be a peer cannot have more buffered than is allowed', async () => {
  const { port } = await listen({ maxBytes: 2_000_000, maxBufferedBytes: 3_000_000 });
  const body = 'x'.repeat(1_900_000);
  const many = await Promise.all(Array.from({ length: 40 }, () => client(port)));
  let refused = 0;
  for (const { write } of many) {
    write(head({ ...signed('other'), 'transfer-encoding': 'chunked' }));
    write(`${body.length.toString(16)}\r\n${body}\r\n`); // and no end
  }
  for (const { answer } of many)
    answer().then(
      ({ status }) => {
        if (status === 503) refused += 1;
      },
      () => undefined,
    );
  // one is held until its time is over
  await until(() => refused >= 39);
  for (const { socket } of many) socket.destroy();
  await until(async () => {
    const good = await client(port);
    good.write(message().wire);
    return (await good.answer()).status === 200;
  });
});

describe('a client that goes away is no error of ours:', () => {
  test.each(['in its headers', 'in its body', 'before the answer'])(
    '%s',
    async (when) => {
      const server = await listen();
      const { wire } = message();
      for (let i = 0; i < soak(20, 2000); i++) {
        const aborting = await client(server.port);
        const bodyAt = wire.indexOf('\r\n\r\n') + 4;
        aborting.write(
          wire.slice(0, when === 'in its headers' ? 60 : when === 'in its body' ? bodyAt + 20 : undefined),
        );
        if (i % 2) aborting.socket.resetAndDestroy();
        else aborting.socket.destroy();
      }
      await until(() => server.connections.open === 0);
      const next = await client(server.port);
      next.write(message().wire);
      expect((await next.answer()).status).toBe(200);
      expect(errors).toEqual([]);
    },
    soakTimeout(1),
  );
});
