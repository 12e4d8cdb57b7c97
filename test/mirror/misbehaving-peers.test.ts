// One mirror, and peers that misbehave in more than twenty ways, one that does not among them. After a while all of them are
// right: then no event is lost, none has an attempt, and nothing is left open.

import { randomUUID } from 'node:crypto';
import type { RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Item } from '../../sdk/index.js';
import { type Happening, handler, httpDeliver, mirror, nodeListener } from '../../sdk/mirror/index.js';
import { soakSeconds, soakTimeout } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { type Behaviour, serve, type TestServer } from './servers.js';
import { type Instance, instance, requestFrom, SECRET, tutorAt, until } from './world.js';

const HERE = 'https://tutor.example.com';
const [databaseHere, databaseThere] = [await testDatabase(), await testDatabase()];
let here: Instance;
let there: Instance;
let ravi: Item;
let listen: RequestListener;

beforeAll(async () => {
  here = await instance(databaseHere, HERE, ['ravi'], []);
  there = await instance(databaseThere, 'https://elsewhere.example.com', ['asha'], [HERE]);
  ravi = await tutorAt(here, 'ravi');
});

const answering = (status: number, headers: Record<string, string>, body: string | Buffer): Behaviour => ({
  request: (incoming, outgoing) => {
    incoming.resume();
    outgoing.writeHead(status, headers).end(body);
  },
});
const json = { 'content-type': 'application/json' };

/** Sends more and more, as fast as it is taken or piece by piece. */
function endless(outgoing: ServerResponse, piece: string, milliseconds: number): void {
  const timer = setInterval(() => {
    while (outgoing.write(piece) && milliseconds === 0);
  }, milliseconds);
  outgoing.once('close', () => clearInterval(timer));
}
const onceAsked = (answer: (socket: Socket) => void) => ({
  socket: (socket: Socket) => void socket.once('data', () => answer(socket)),
});
/** A clock of yesterday: to it all messages come from the future. */
const ofYesterday: Behaviour = {
  request: (incoming, outgoing) => {
    const timestamp = Number(incoming.headers['dpg-timestamp']) + 86_400;
    incoming.headers['dpg-timestamp'] = String(timestamp);
    listen(incoming, outgoing);
  },
};

const behaviours: Record<string, Behaviour> = {
  'an answer without an end': {
    request: (_, outgoing) => endless(outgoing.writeHead(200, json), ' '.repeat(65_536), 0),
  },
  'an endless object': {
    request: (_, outgoing) => {
      outgoing.writeHead(200, json).write('{"a":"');
      endless(outgoing, 'x'.repeat(65_536), 0);
    },
  },
  'a body that drips': { request: (_, outgoing) => endless(outgoing.writeHead(200, json), ' ', 20) },
  'headers that drip': onceAsked((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    const timer = setInterval(() => socket.write('x-a: b\r\n'), 20);
    socket.once('close', () => clearInterval(timer));
  }),
  'no answer': { request: () => undefined },
  'half-open: it neither reads nor answers': { socket: (socket) => void socket.pause() },
  'a huge answer': answering(200, json, JSON.stringify({ a: 'x'.repeat(20_000_000) })),
  'an empty answer': answering(200, json, ''),
  null: answering(200, json, 'null'),
  'an empty object': answering(200, json, '{}'),
  'a health page': answering(200, { 'content-type': 'text/html' }, '<!doctype html><h1>all is well</h1>'),
  'the id of another event': answering(200, json, JSON.stringify({ event_id: randomUUID() })),
  'the id in another place': {
    request: (incoming, outgoing) => {
      incoming.on('data', (chunk) => outgoing.write(`[${chunk}]`)).on('end', () => outgoing.end());
    },
  },
  'a redirect to somebody else': answering(307, { location: 'http://127.0.0.1:1/dpg' }, ''),
  'a redirect to itself': answering(302, { location: '/dpg' }, ''),
  'nothing, with 204': {
    request: (incoming, outgoing) => {
      incoming.resume();
      outgoing.writeHead(204).end();
    },
  },
  'early hints, and then nothing': {
    request: (incoming, outgoing) => {
      incoming.resume();
      outgoing.writeEarlyHints({ link: '</a>; rel=preload' });
    },
  },
  'another protocol': onceAsked((socket) => socket.end('220 mail.example.com ESMTP\r\n')),
  'a malformed answer': onceAsked((socket) =>
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{}'),
  ),
  'a reset': onceAsked((socket) => void socket.resetAndDestroy()),
  'an end in the middle of the answer': onceAsked((socket) => {
    socket.write(
      'HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1000\r\n\r\n{"event_id":',
      () => socket.destroy(),
    );
  }),
  'a gzip bomb': answering(
    200,
    { ...json, 'content-encoding': 'gzip' },
    gzipSync(`{"a":"${'x'.repeat(50_000_000)}"}`),
  ),
  'what is no gzip': answering(200, { ...json, 'content-encoding': 'gzip' }, '{"a":1}'),
  'an answer to wrong signatures': answering(401, json, '{"message":"the signature is wrong"}'),
  'a page of a proxy with 400, as of TLS and plain': answering(
    400,
    { 'content-type': 'text/html' },
    '<h1>The plain HTTP request was sent to HTTPS port</h1>',
  ),
  'TLS where plain HTTP is expected': { socket: (socket) => void tls.emit('connection', socket) },
  forbidden: answering(403, {}, ''),
  'not found': answering(404, { 'content-type': 'text/html' }, '<h1>404</h1>'),
  'a method that is not allowed': answering(405, json, '{"message":"no"}'),
  'too many requests': answering(429, {}, ''),
  'a broken redeploy': answering(500, json, '{"message":"it failed"}'),
  'a gateway without an instance': answering(502, { 'content-type': 'text/html' }, '<h1>502</h1>'),
  'a partition that is not available': answering(503, json, '{"code":"DP010","message":"not now"}'),
  'a clock that is wrong': ofYesterday,
};
const tls = createTlsServer(() => undefined).on('tlsClientError', () => undefined);

const servers = new Map<string, TestServer>();
const closers: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closers) await close();
});

test(
  'a mirror of peers that misbehave loses nothing, and holds nothing',
  async () => {
    const handle = handler({ dpg: there.dpg, secretOf: () => SECRET });
    listen = nodeListener(handle);
    const right: Behaviour = { request: listen };
    const keep = ((close: () => Promise<void>) => closers.push(close)) as never;
    for (const [name, behaviour] of Object.entries({ ...behaviours, 'one that is right': right }))
      servers.set(name, await serve(behaviour, keep));
    const source = {
      item_network: 'yellow_dot',
      item_domain: 'student',
      item_type: 'p',
      item_id: randomUUID(),
    };
    for (const { url } of servers.values())
      for (let i = 0; i < 2; i++) {
        const action = await requestFrom(url, here, source, ravi);
        await here.dpg.as('ravi').actions.transition(action, { action_status: 'accepted' });
      }

    const happenings: Happening[] = [];
    const refused = new Map<string, number>();
    const stop = new AbortController();
    const running = mirror({
      dpg: here.dpg,
      deliver: httpDeliver({ secretOf: () => SECRET, timeoutMilliseconds: 1000 }),
      signal: stop.signal,
      idleMilliseconds: 100,
      backoff: { first: 20, most: 200 },
      maxAttempts: 3,
      onHappening: (happening) => {
        happenings.push(happening);
        if (happening.what === 'unavailable')
          refused.set(happening.peer, (refused.get(happening.peer) ?? 0) + 1);
      },
    });
    expect(servers.size).toBeGreaterThan(20);
    const bad = [...servers].filter(([name]) => name !== 'one that is right').map(([, server]) => server);
    const memory = () => {
      const { rss } = process.memoryUsage();
      return rss / 1024 / 1024;
    };
    const before = memory();
    const good = servers.get('one that is right')?.url;
    let most = before;
    const end = performance.now() + soakSeconds(0) * 1000;
    await until(
      () => {
        most = Math.max(most, memory());
        if (happenings.filter(({ what, peer }) => what === 'delivered' && peer === good).length < 4)
          return false;
        return bad.every(({ url }) => (refused.get(url) ?? 0) >= 5) && performance.now() >= end;
      },
      soakSeconds(40) * 1000 + 10_000,
    );
    // the one that is right was served meanwhile
    expect(happenings.filter(({ what, peer }) => what === 'delivered' && peer === good)).toHaveLength(4);
    const names = new Map([...servers].map(([name, { url }]) => [url, name]));
    const told = happenings.flatMap((one) =>
      // the one that is right may be slow on a machine that is busy
      (one.what === 'failed' && one.peer !== good) || one.what === 'database'
        ? [`${one.what}: ${names.get(one.peer ?? '')}: ${String(one.error)}`]
        : [],
    );
    expect(told).toEqual([]);
    expect(happenings.filter(({ what, peer }) => what === 'delivered' && peer !== good)).toEqual([]);
    // an endless answer sent at full speed for many tries would be gigabytes
    expect(most - before).toBeLessThan(400);
    for (const [name, { connections }] of servers) expect(connections.open, name).toBeLessThanOrEqual(8);

    for (const server of bad) server.become(right);
    await until(async () => {
      const statuses = await here.dpg.subscriptions.list();
      return statuses.length === servers.size && statuses.every(({ lag_events }) => lag_events === 0n);
    }, 40_000);
    stop.abort();
    await running;
    expect(await here.dpg.subscriptions.failures()).toEqual([]);
    const [counted] = await there.sql`select count(*)::integer as events from dpg.action_events`;
    expect(counted?.events).toBe(servers.size * 4);
  },
  soakTimeout(60, 60),
);
