import { request as httpRequest } from 'node:http';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type HandlerOptions, handler, nodeListener } from '../../sdk/mirror/index.js';
import { soak, soakTimeout } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';
import { client, event, HERE, head, PEER, signed } from './messages.js';
import { serve, type TestServer } from './servers.js';
import { type Instance, instance, SECRET, until } from './world.js';

const database = await testDatabase();
let here: Instance;
let errors: unknown[];

beforeAll(async () => {
  here = await instance(database, HERE, ['asha'], [PEER]);
});
beforeEach(() => {
  errors = [];
});

function listen(options: Partial<HandlerOptions> = {}): Promise<TestServer> {
  const handle = handler({
    dpg: here.dpg,
    secretOf: (peer) => (peer === PEER ? SECRET : undefined),
    maxBytes: 20_000,
    onError: (error) => errors.push(error),
    ...options,
  });
  return serve({ request: nodeListener(handle) });
}

const stored = async (id: string) =>
  (await here.sql`select event_id from dpg.action_events where event_id = ${id}`).length;

/** A message that is well signed, and how it goes over the wire. */
function message(changes = {}): { id: string; wire: string } {
  const sent = event(changes);
  const body = JSON.stringify(sent);
  return {
    id: sent.event_id,
    wire: head({ ...signed(body), 'content-length': Buffer.byteLength(body) }) + body,
  };
}

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

describe('what is no message is answered with 4xx:', () => {
  const cases: [string, string][] = [
    ['TRACE', head({}, 'TRACE /dpg HTTP/1.1')],
    ['GET', head({}, 'GET /dpg HTTP/1.1')],
    ['OPTIONS *', head({}, 'OPTIONS * HTTP/1.1')],
    ['a path of two slashes', head({ 'content-length': 0 }, 'POST // HTTP/1.1')],
    ['a path that is half a URL', head({ 'content-length': 0 }, 'POST http://[ HTTP/1.1')],
    ['a path with a wrong percent', head({ 'content-length': 0 }, 'POST /%zz HTTP/1.1')],
    ['a header that is no text', head({ 'dpg-call': 'é\u0080', 'content-length': 0 })],
    ['a sender that cannot be decoded', head({ ...signed(''), 'dpg-instance': '%', 'content-length': 0 })],
    [
      'a version that is none',
      head({ ...signed('', { version: 1 }), 'dpg-version': '1.0', 'content-length': 0 }),
    ],
    ['no body', head({ ...signed(''), 'content-length': 0 })],
    ['no HTTP', 'hello\r\n\r\n'],
  ];
  test.each(cases)('%s', async (_what, wire) => {
    const { port } = await listen();
    const strange = await client(port);
    strange.write(wire);
    const { status } = await strange.answer();
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(errors).toEqual([]);
  });
});

describe('what can be stored by no database is 422, and no alarm:', () => {
  const text = (payload: string, changes = {}) =>
    JSON.stringify(event(changes)).replace('{"status":"created"}', payload);
  const cases: [string, string][] = [
    ['NUL', text('{"a":"\\u0000"}')],
    ['a lone surrogate', text('{"a":"\\ud800"}')],
    ['a number out of range', text('{"a":1e400000}')],
    ['a count out of range', text('{}').replace('"update_count":0', '"update_count":1e99')],
    [
      'a latitude out of range',
      text('{}', { source_item_latitude: 1, source_item_longitude: 1 }).replace(
        '_latitude":1',
        '_latitude":1e999',
      ),
    ],
    ['objects in one another', text(`{"a":${'['.repeat(6000)}${']'.repeat(6000)}}`)],
    ['an id that is none', text('{}').replace(/"event_id":"[^"]*"/, '"event_id":"\\u0000"')],
  ];
  test.each(cases)('%s', async (_what, body) => {
    const { port } = await listen();
    const sending = await client(port);
    sending.write(head({ ...signed(body), 'content-length': Buffer.byteLength(body) }) + body);
    const { status, body: answer } = await sending.answer();
    expect([status, errors]).toEqual([422, []]);
    expect(Object.keys(JSON.parse(answer)).sort()).toEqual(['code', 'detail', 'hint', 'message']);
  });
  const action = (payload: string) =>
    JSON.stringify({
      source_item_instance_url: PEER,
      action_id: '00000000-0000-4000-8000-000000000000',
      action_type: 'connect',
      source: {
        item_network: 'n',
        item_domain: 'd',
        item_type: 't',
        item_id: '00000000-0000-4000-8000-000000000001',
      },
      source_item_owner: 'ravi',
      target: {
        item_network: 'n',
        item_domain: 'd',
        item_type: 't',
        item_id: '00000000-0000-4000-8000-000000000002',
      },
    }).replace(/}$/, `,"requirements_snapshot":${payload}}`);
  test.each([
    ['NUL', action('{"a":"\\u0000"}')],
    ['a number out of range', action('{"a":1e400000}')],
    ['objects in one another', action(`{"a":${'['.repeat(6000)}${']'.repeat(6000)}}`)],
  ])('%s in an action', async (_what, body) => {
    const { port } = await listen();
    const sending = await client(port);
    sending.write(
      head({ ...signed(body, { call: 'receive_action' }), 'content-length': body.length }) + body,
    );
    const { status, body: answer } = await sending.answer();
    expect([status, errors]).toEqual([422, []]);
    expect(Object.keys(JSON.parse(answer)).sort()).toEqual(['code', 'detail', 'hint', 'message']);
  });
});

test('an event of an action that lives elsewhere than where it was made is 422', async () => {
  const { port } = await listen();
  const { id, wire } = message({ target_item_instance_url: 'https://third.example.com' });
  const lying = await client(port);
  lying.write(wire);
  const { status, body } = await lying.answer();
  expect(status).toBe(422);
  expect(JSON.parse(body)).toMatchObject({
    code: 'DP001',
    detail: { argument: 'event.target_item_instance_url', value: 'https://third.example.com' },
  });
  expect(await stored(id)).toBe(0);
});

describe('a body that a framework has read is told, with what to do:', () => {
  test('by a middleware of Node', async () => {
    const handle = handler({ dpg: here.dpg, secretOf: () => SECRET, onError: (error) => errors.push(error) });
    const server = await serve({
      // what express.json() does
      request: async (incoming, outgoing) => {
        for await (const _ of incoming);
        nodeListener(handle)(incoming, outgoing);
      },
    });
    const body = JSON.stringify(event());
    const status = await new Promise((resolve, reject) => {
      const sending = httpRequest(server.url, { method: 'POST', headers: signed(body) }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sending.on('error', reject).end(body);
    });
    expect(status).toBe(500);
    expect(String(errors)).toContain('put the handler before express.json()');
  });

  test('by request.json()', async () => {
    const handle = handler({ dpg: here.dpg, secretOf: () => SECRET, onError: (error) => errors.push(error) });
    const body = JSON.stringify(event());
    const request = new Request('https://student.example.com/dpg', {
      method: 'POST',
      headers: signed(body),
      body,
    });
    await request.json();
    expect((await handle(request)).status).toBe(500);
    expect(String(errors)).toContain('the body of the message was read before the handler');
  });
});
