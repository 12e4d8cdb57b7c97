import { createHmac, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Item, StoreEvent } from '../../sdk/index.js';
import { type Handler, handler, nodeListener, remoteInstance } from '../../sdk/mirror/index.js';
import { testDatabase } from '../support/test-database.js';
import { type Instance, instance, SECRET, studentAt } from './world.js';

const HERE = 'https://student.example.com';
const PEER = 'https://tutor.example.com';
const database = await testDatabase();
let here: Instance;
let asha: Item;
let handle: Handler;

beforeAll(async () => {
  here = await instance(database, HERE, ['asha'], [PEER]);
  asha = await studentAt(here, 'asha');
  handle = handler({
    dpg: here.dpg,
    secretOf: (peer) => (peer === PEER ? SECRET : undefined),
    maxBytes: 20_000,
  });
});

const event = (changes: Partial<StoreEvent> = {}): StoreEvent => ({
  partition_network: 'yellow_dot',
  action_type: 'connect',
  event_id: randomUUID(),
  origin_instance_domain: PEER,
  action_id: randomUUID(),
  action_status: 'created',
  update_count: 0,
  source_item_network: 'yellow_dot',
  source_item_domain: 'student',
  source_item_type: 'profile_1.0',
  source_item_id: asha.item_id,
  source_item_instance_url: HERE,
  source_item_owner: 'asha',
  target_item_network: 'yellow_dot',
  target_item_domain: 'tutor',
  target_item_type: 'profile_1.0',
  target_item_id: randomUUID(),
  target_item_instance_url: PEER,
  target_item_owner: 'ravi',
  event_payload: { status: 'created' },
  created_at: '2026-11-22T12:00:00.000001Z',
  ...changes,
});

interface Forged {
  body?: string;
  call?: string;
  sender?: string;
  secret?: string;
  timestamp?: number | string;
  /** Of a message that is sent otherwise than it was signed. */
  sent?: { body?: string; call?: string; sender?: string; timestamp?: string; signature?: string };
  method?: string;
}

/** Signed by the rule that docs/mirror.md states, not by the code under test. */
async function send(forged: Forged = {}) {
  const { body = JSON.stringify(event()), call = 'store_event', sender = PEER, secret = SECRET } = forged;
  const timestamp = String(forged.timestamp ?? Math.floor(Date.now() / 1000));
  const signed = `${timestamp}\n${call}\n${encodeURIComponent(sender)}\n${body}`;
  const signature = `v1=${createHmac('sha256', secret).update(signed).digest('hex')}`;
  const sent = { body, call, sender, timestamp, signature, ...forged.sent };
  const response = await handle(
    new Request('https://student.example.com/dpg', {
      method: forged.method ?? 'POST',
      headers: {
        'dpg-call': sent.call,
        'dpg-instance': encodeURIComponent(sent.sender),
        'dpg-timestamp': sent.timestamp,
        'dpg-signature': sent.signature,
      },
      ...(forged.method === 'GET' ? {} : { body: sent.body }),
    }),
  );
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

const stored = async () => Number((await here.sql`select count(*) from dpg.action_events`)[0]?.count);
const now = () => Math.floor(Date.now() / 1000);

test('stores what its peer has signed, and answers with the row', async () => {
  const sent = event();
  const { status, answer } = await send({ body: JSON.stringify(sent) });
  expect(status).toBe(200);
  expect(answer).toMatchObject({
    event_id: sent.event_id,
    source_item_is_local: true,
    target_item_is_local: false,
  });
});

describe('what is not signed so is refused with 401, and nothing is stored', () => {
  const body = () => JSON.stringify(event());
  const cases: [string, () => Forged][] = [
    ['another secret', () => ({ secret: 'another secret of thirty-two chars' })],
    ['an empty secret', () => ({ secret: '' })],
    ['an instance that is not known', () => ({ sender: 'https://other.example.com' })],
    ['a body that was changed', () => ({ body: body(), sent: { body: body() } })],
    ['a call that was changed', () => ({ sent: { call: 'receive_action' } })],
    ['a call that there is not', () => ({ call: 'erase_user' })],
    ['a time that was changed', () => ({ sent: { timestamp: String(now() - 1) } })],
    ['a message of six minutes ago', () => ({ timestamp: now() - 360 })],
    ['a message from the future', () => ({ timestamp: now() + 360 })],
    ['a time that is none', () => ({ timestamp: 'now' })],
    ['a signature cut short', () => ({ sent: { signature: 'v1=00' } })],
    ['a signature of zeros', () => ({ sent: { signature: `v1=${'0'.repeat(64)}` } })],
    ['no signature', () => ({ sent: { signature: '' } })],
  ];
  test.each(cases)('%s', async (_what, forged) => {
    const before = await stored();
    const { status, answer } = await send(forged());
    expect([status, answer]).toEqual([401, { message: 'the signature is missing, too old or wrong' }]);
    expect(await stored()).toBe(before);
  });
});

describe('what is signed is still refused when', () => {
  const cases: [string, () => Forged, number, object][] = [
    [
      'its origin is another',
      () => ({ body: JSON.stringify(event({ origin_instance_domain: 'https://x' })) }),
      403,
      {},
    ],
    [
      'its origin is ours',
      () => ({ body: JSON.stringify(event({ origin_instance_domain: HERE })) }),
      403,
      {},
    ],
    [
      'an action is of another source',
      () => ({ call: 'receive_action', body: '{"source_item_instance_url":"https://x"}' }),
      403,
      {},
    ],
    [
      'an action has no id',
      () => ({ call: 'receive_action', body: JSON.stringify({ source_item_instance_url: PEER }) }),
      422,
      {},
    ],
    [
      'a transition has no id',
      () => ({ call: 'receive_transition', body: JSON.stringify({ source_item_instance_url: PEER }) }),
      422,
      {},
    ],
    ['it is no JSON', () => ({ body: 'hello' }), 400, {}],
    ['it is no object', () => ({ body: '[]' }), 400, {}],
    ['it is too long', () => ({ body: JSON.stringify(event({ remarks: 'x'.repeat(30_000) })) }), 413, {}],
    [
      'a field is missing',
      () => ({ body: JSON.stringify({ origin_instance_domain: PEER }) }),
      422,
      { code: 'DP001' },
    ],
    ['it is no POST', () => ({ method: 'GET' }), 405, {}],
  ];
  test.each(cases)('%s', async (_what, forged, status, answer) => {
    const before = await stored();
    const refused = await send(forged());
    expect(refused.status).toBe(status);
    expect(refused.answer).toMatchObject(answer);
    expect(await stored()).toBe(before);
  });

  test('it differs from what was stored', async () => {
    const first = event();
    expect((await send({ body: JSON.stringify(first) })).status).toBe(200);
    const other = { ...first, action_status: 'accepted' };
    expect(await send({ body: JSON.stringify(other) })).toMatchObject({
      status: 409,
      answer: { code: 'DP008' },
    });
  });
});

test('an old and a new secret are both good while one is exchanged for the other', async () => {
  const both = handler({ dpg: here.dpg, secretOf: () => ['the new secret, thirty-two characters', SECRET] });
  for (const secret of [SECRET, 'the new secret, thirty-two characters']) {
    const fetchBoth = ((url: string, init: RequestInit) => both(new Request(url, init))) as typeof fetch;
    const remote = remoteInstance({ endpoint: `${HERE}/dpg`, sender: PEER, secret, fetch: fetchBoth });
    const sent = event();
    expect(await remote.storeEvent(JSON.stringify(sent))).toMatchObject({ event_id: sent.event_id });
  }
});

test('what goes wrong inside stays inside', async () => {
  const errors: unknown[] = [];
  const broken = { ...here.dpg, events: { storeText: () => Promise.reject(new Error(`secret ${SECRET}`)) } };
  const failing = handler({
    dpg: broken as never,
    secretOf: () => SECRET,
    onError: (error) => errors.push(error),
  });
  const fetchIt = ((url: string, init: RequestInit) => failing(new Request(url, init))) as typeof fetch;
  const remote = remoteInstance({ endpoint: `${HERE}/dpg`, sender: PEER, secret: SECRET, fetch: fetchIt });
  await expect(remote.storeEvent(JSON.stringify(event()))).rejects.toMatchObject({
    status: 500,
    message: `${HERE}/dpg: it failed`,
  });
  expect(errors).toHaveLength(1);
});

test('Node’s own server', async () => {
  const server = createServer(nodeListener(handle));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const endpoint = `http://127.0.0.1:${port}/anywhere`;
  const remote = remoteInstance({ endpoint, sender: PEER, secret: SECRET });
  const sent = event({ remarks: 'नमस्ते 👋' });
  const { event_id, action_id } = sent;
  expect(await remote.storeEvent(JSON.stringify(sent))).toEqual({ event_id, action_id, update_count: 0 });
  const rows = await here.sql`select remarks from dpg.action_events where event_id = ${event_id}`;
  expect(rows[0]?.remarks).toBe('नमस्ते 👋');
  const long = remote.storeEvent(JSON.stringify(event({ remarks: 'x'.repeat(60_000) })));
  await expect(long).rejects.toMatchObject({ status: 413 });
  expect((await fetch(endpoint)).status).toBe(405);
});

test('a peer that does not answer in time is unavailable', async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const endpoint = `http://127.0.0.1:${port}/`;
  const remote = remoteInstance({ endpoint, sender: PEER, secret: SECRET, timeoutMilliseconds: 100 });
  await expect(remote.storeEvent('{}')).rejects.toMatchObject({ name: 'PeerUnavailableError' });
});
