import { randomUUID } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { inspect } from 'node:util';
import type postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { createDpg, type Dpg, DpgError, OutcomeUnknownError } from '../../sdk/index.js';
import { untilWaiting } from '../concurrency/sessions.js';
import { addUsers, errorOf, OTHER_URL, student, tutor } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';
import { contents } from './calls.js';
import { cutDuring, cuttableSession, gone } from './cut.js';

const database = await testDatabase();
const dpg = createDpg(database.sql);
await addUsers(database.sql, 'asha', 'ravi');
const source = await dpg.as('asha').items.upsert(student());
const target = await dpg.as('ravi').items.upsert(tutor());
const spare = await dpg.as('asha').items.upsert(student());
const action = await dpg.as('asha').actions.perform({ action_type: 'connect', source, target });
const received = await dpg.actions.receive({
  action_type: 'connect',
  source: { item_network: 'blue_dot', item_domain: 'x', item_type: 'y', item_id: randomUUID() },
  ...{ source_item_instance_url: OTHER_URL, source_item_owner: 'somebody' },
  target,
});

/** As which a lost connection shows is up to the operating system. */
const CUT = expect.stringMatching(/^(CONNECTION_CLOSED|ECONNRESET|EPIPE)$/);
const ROWS = ['lock table dpg.items, dpg.item_actions, dpg.action_events in exclusive mode'];
const theirs = { source_item_instance_url: OTHER_URL, source_item_owner: 'somebody' };
const elsewhere = { item_network: 'blue_dot', item_domain: 'x', item_type: 'y', item_id: randomUUID() };

interface Writing {
  call(dpg: Dpg<postgres.Sql>): Promise<unknown>;
  locks?(): string[];
  /** What was sent, as far as it was given. */
  sent: object;
}

const ANY_ID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
/** Holds up whoever makes a partition: the maker of another. */
let held = 0;
const QUEUE = () => [`select dpg.ensure_item_partition('held', '${held++}')`];

const writing: Record<string, Writing> = {
  upsert_item: {
    call: ({ as }) => as('asha').items.upsert(student({ item_state: { secret: 'of Asha' } })),
    sent: { actor: 'asha', item_network: 'yellow_dot', item_state: { secret: 'of Asha' }, item_id: ANY_ID },
  },
  upsert_items: {
    call: ({ as }) => as('asha').items.upsertMany([student(), student()]),
    sent: { actor: 'asha', items: [{ item_id: ANY_ID }, { item_id: ANY_ID }] },
  },
  update_item: {
    call: ({ as }) => as('asha').items.update(source, { changes: { item_state: { changed: true } } }),
    sent: { item_id: source.item_id, changes: { item_state: { changed: true } } },
  },
  delete_item: {
    call: ({ as }) => as('asha').items.delete(spare),
    sent: { item_id: spare.item_id },
  },
  define_action: {
    call: (dpg) => dpg.actions.define({ partition_network: 'n', action_type: 't', transitions: [] }),
    locks: () => ['lock table dpg.action_definitions in exclusive mode'],
    sent: { partition_network: 'n', action_type: 't', transitions: [], initial_status: 'created' },
  },
  perform_action: {
    call: ({ as }) => as('asha').actions.perform({ action_type: 'connect', source, target }),
    sent: { actor: 'asha', action_type: 'connect', action_id: ANY_ID },
  },
  receive_action: {
    call: (dpg) => dpg.actions.receive({ action_type: 'connect', source: elsewhere, ...theirs, target }),
    sent: { action_type: 'connect', action_id: ANY_ID },
  },
  transition_action: {
    call: ({ as }) => as('ravi').actions.transition(action, { action_status: 'accepted' }),
    sent: { actor: 'ravi', action_id: action.action_id, action_status: 'accepted', event_id: ANY_ID },
  },
  transition_actions: {
    call: ({ as }) => {
      const { partition_network, action_type, action_id } = action;
      return as('ravi').actions.transitionMany([
        { partition_network, action_type, action_id, action_status: 'accepted' },
      ]);
    },
    sent: { actor: 'ravi', transitions: [{ action_status: 'accepted', event_id: ANY_ID }] },
  },
  receive_transition: {
    call: (dpg) =>
      dpg.actions.receiveTransition({
        ...{ partition_network: 'yellow_dot', action_type: 'connect', action_id: received.action_id },
        ...theirs,
        action_status: 'withdrawn',
      }),
    sent: { action_id: received.action_id, event_id: ANY_ID },
  },
  store_event: {
    call: (dpg) =>
      dpg.events.store({
        ...{ partition_network: 'yellow_dot', action_type: 'connect', event_id: randomUUID() },
        ...{ origin_instance_domain: OTHER_URL, action_id: randomUUID() },
        ...{ action_status: 'created', update_count: 0 },
        ...{ source_item_network: 'a', source_item_domain: 'b', source_item_type: 'c' },
        ...{ source_item_id: randomUUID(), ...theirs },
        ...{ target_item_network: 'yellow_dot', target_item_domain: 'b', target_item_type: 'c' },
        ...{ target_item_id: randomUUID(), target_item_instance_url: OTHER_URL, target_item_owner: 'x' },
        ...{ event_payload: {}, created_at: '2026-01-01T00:00:00Z' },
      }),
    sent: { event: { event_id: ANY_ID } },
  },
  ensure_item_partition: {
    call: (dpg) => dpg.partitions.ensureItem({ item_network: 'new', item_domain: `d${held}` }),
    locks: QUEUE,
    sent: { item_network: 'new', item_domain: expect.stringMatching(/^d/) },
  },
  ensure_action_partition: {
    call: (dpg) => dpg.partitions.ensureAction({ partition_network: 'new', action_type: `t${held}` }),
    locks: QUEUE,
    sent: { partition_network: 'new', action_type: expect.stringMatching(/^t/) },
  },
  ensure_action_event_partition: {
    call: (dpg) => dpg.partitions.ensureActionEvent({ partition_network: 'new', action_type: `t${held}` }),
    locks: QUEUE,
    sent: { partition_network: 'new', action_type: expect.stringMatching(/^t/) },
  },
};

describe('a writing call whose connection is lost while the server works on it', () => {
  test.each(Object.entries(writing))('%s', async (name, { call, locks = () => ROWS, sent }) => {
    for (const how of ['terminated', 'unplugged'] as const) {
      const error = (await cutDuring(database, how, locks(), call)) as OutcomeUnknownError;
      expect(error).toBeInstanceOf(OutcomeUnknownError);
      expect(error).not.toBeInstanceOf(DpgError);
      expect(error).not.toHaveProperty('code');
      expect(error.name).toBe('OutcomeUnknownError');
      expect(error.message).toBe(
        `the connection was lost during dpg.${name}, so it is unknown whether it was done: repeat the call with the ids that were sent`,
      );
      expect(error.called).toBe(name);
      expect(error.sent).toMatchObject(sent);
      expect(error.cause).toMatchObject({ code: CUT });
    }
  });

  test('does all of it or nothing', async () => {
    const perform = ({ as }: Dpg<postgres.Sql>) =>
      as('asha').actions.perform({ action_type: 'connect', source, target });
    const before = await contents(database.sql);
    const lost = (await cutDuring(database, 'terminated', ROWS, perform)) as OutcomeUnknownError;
    expect(await contents(database.sql)).toEqual(before);
    const done = (await cutDuring(database, 'unplugged', ROWS, perform)) as OutcomeUnknownError;
    const eventsOf = async (id: unknown) => (await dpg.as('asha').events.find({ action_id: `${id}` })).rows;
    expect(await eventsOf(lost.sent.action_id)).toHaveLength(0);
    expect(await eventsOf(done.sent.action_id)).toHaveLength(1);
    // repeated with the id that was sent, either is there once
    for (const { sent } of [lost, done]) {
      const again = { action_type: 'connect', source, target, action_id: String(sent.action_id) };
      expect((await dpg.as('asha').actions.perform(again)).update_count).toBe(0);
      expect(await eventsOf(sent.action_id)).toHaveLength(1);
    }
  });

  test('keeps documents out of logs', async () => {
    const call = writing.upsert_item?.call as Writing['call'];
    const error = await cutDuring(database, 'terminated', ROWS, call);
    expect(inspect(error, { depth: 9 })).not.toContain('of Asha');
    expect(JSON.stringify(error)).not.toContain('of Asha');
  });
});

describe('what is no unknown outcome is thrown as postgres.js throws it', () => {
  const plain = async (promise: PromiseLike<unknown>, code: string) => {
    const error = await errorOf(promise);
    expect(error).not.toBeInstanceOf(OutcomeUnknownError);
    expect(error).toMatchObject({ code });
  };
  const upsert = (on: Dpg<postgres.Sql>) => on.as('asha').items.upsert(student());

  test('a reading call that is cut', async () => {
    const locks = ['lock table dpg.items, dpg.item_actions, dpg.action_events in access exclusive mode'];
    const at = { item_network: 'yellow_dot', item_domain: 'student' };
    const reads: ((dpg: Dpg<postgres.Sql>) => PromiseLike<unknown>)[] = [
      (dpg) => dpg.items.get(source),
      (dpg) => dpg.items.find(at),
      (dpg) => dpg.items.count(at),
      (dpg) => dpg.items.nearest({ ...at, latitude: 1, longitude: 2 }),
      (dpg) => dpg.as('asha').actions.get(action),
      (dpg) => dpg.as('asha').actions.find(),
      (dpg) => dpg.as('asha').events.find(),
    ];
    for (const read of reads) {
      for (const how of ['terminated', 'unplugged'] as const) {
        const error = await cutDuring(database, how, locks, read);
        expect(error).not.toBeInstanceOf(OutcomeUnknownError);
        expect(error).toMatchObject({ code: CUT });
      }
    }
  });

  test('a call on a transaction, of which nothing stays', async () => {
    const before = await contents(database.sql);
    let inside: unknown;
    // postgres.js 3.4.9 sends a rollback to the lost connection and throws where nobody can catch it
    // (github.com/porsager/postgres/issues/1208)
    const uncaught = await uncaughtDuring(async () => {
      const outcome = await cutDuring(database, 'terminated', ROWS, (session) =>
        session.sql.begin(async (tx) => {
          inside = await errorOf(session.with(tx).as('asha').items.upsert(student()));
          throw inside;
        }),
      );
      expect(outcome).toMatchObject({ code: CUT });
    });
    for (const error of uncaught) expect(error.message).toMatch(/reading 'write'/);
    expect(inside).toMatchObject({ code: CUT });
    expect(inside).not.toBeInstanceOf(OutcomeUnknownError);
    expect(await contents(database.sql)).toEqual(before);
  });

  test('no server there', async () => {
    const url = new URL(database.url);
    url.port = '1';
    await plain(upsert(createDpg(database.connect({ url: url.href }))), 'ECONNREFUSED');
  });

  test('no such database', async () => {
    const url = new URL(database.url);
    url.pathname = '/nothing_there';
    await plain(upsert(createDpg(database.connect({ url: url.href }))), '3D000');
  });

  test('a server that hangs up, or says nothing', async () => {
    const sockets: Socket[] = [];
    let hangUp = false;
    const mute = createServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      if (hangUp) socket.resetAndDestroy();
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as { port: number };
    const url = `postgres://asha@127.0.0.1:${port}/any`;
    await plain(upsert(createDpg(database.connect({ url, connect_timeout: 1 }))), 'CONNECT_TIMEOUT');
    hangUp = true;
    await plain(upsert(createDpg(database.connect({ url, connect_timeout: 1 }))), 'ECONNRESET');
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => mute.close(resolve));
  });

  test('a call that still waited for a connection when the connections were ended', async () => {
    const session = await cuttableSession(database);
    const held = database.connect({ max: 1 });
    await held.begin(async (tx) => {
      await tx.unsafe(ROWS[0] as string);
      const first = errorOf(upsert(session.dpg));
      await untilWaiting(database.sql, [session.pid]);
      const second = errorOf(session.dpg.sql.reserve().then(() => undefined)); // the pool is full from here on
      const third = errorOf(upsert(session.dpg));
      await session.dpg.sql.end({ timeout: 0 });
      expect(await first).toBeInstanceOf(OutcomeUnknownError);
      expect(((await first) as Error).cause).toMatchObject({ code: 'CONNECTION_DESTROYED' });
      await Promise.allSettled([second, third]);
      const late = await errorOf(upsert(session.dpg));
      expect(late).toMatchObject({ code: 'CONNECTION_ENDED' });
      expect(late).not.toBeInstanceOf(OutcomeUnknownError);
    });
    await gone(database, session.pid);
  });

  test('a statement that took too long: the server has said so, and nothing was written', async () => {
    const hasty = createDpg(database.connect({ max: 1, connection: { statement_timeout: 300 } }));
    const before = await contents(database.sql);
    await database.sql.begin(async (tx) => {
      await tx.unsafe(ROWS[0] as string);
      await plain(upsert(hasty), '57014');
    });
    expect(await contents(database.sql)).toEqual(before);
  });
});

/** What is thrown outside of every promise while this runs. */
async function uncaughtDuring(run: () => Promise<void>): Promise<Error[]> {
  const errors: Error[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => errors.push(error));
  try {
    await run();
    await new Promise((resolve) => setTimeout(resolve, 50));
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
  return errors;
}
