// What is no message, what no database can store, and what has been read before: answered with what is wrong, and no alarm.

import { request as httpRequest } from 'node:http';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type HandlerOptions, handler, nodeListener } from '../../sdk/mirror/index.js';
import { testDatabase } from '../support/test-database.js';
import { listen as listenOf, message, stored as storedIn } from './listening.js';
import { client, event, HERE, head, PEER, signed } from './messages.js';
import { serve } from './servers.js';
import { type Instance, instance, SECRET } from './world.js';

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
