// A transaction that made no partition stays open while new partitions are asked for. Sessions that read and write
// all the time go on meanwhile. How long they wait is seen from outside, in pg_locks, by a session that does nothing
// else: the time of their calls would say more about how busy this machine is.

import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createDpg,
  type DpgError,
  type Item,
  type Partitions,
  PartitionUnavailableError,
} from '../../sdk/index.js';
import { addUsers, student, tutor } from '../sdk/story.js';
import { catalogue, differences } from '../support/catalogue.js';
import { testDatabase } from '../support/test-database.js';
import { openSessions, type Session } from './sessions.js';

const database = await testDatabase();
const dpg = createDpg(database.sql);
const asha = dpg.as('asha');

/** Promised: no reader ever waits, no other writer longer than 100 ms. More is allowed for a machine that stands still. */
const WRITERS_WAIT_MS = 100;
const MARGIN_MS = 200;

let home: { source: Item; target: Item };
let other: { source: Item; target: Item };
let stop = false;
const working: Promise<unknown>[] = [];
const readers: Session[] = [];
const writers: Session[] = [];
let limits: unknown;
let holder: Session;
const makers: Session[] = [];
let monitor: Session;

/**
 * What the monitor has seen, in milliseconds. A session that meets a leaf in the moment between its maker's commit and
 * the end of the maker's locks, a few microseconds of work, waits for that end.
 */
const worst = { reader: 0, writer: 0, 'new leaf': 0 };
let samples = 0;
const waits = new Map<string, number>();
const longest = { reader: 0, writer: 0, calls: 0 };
const failures: unknown[] = [];

beforeAll(async () => {
  await addUsers(database.sql, 'asha', 'ravi');
  const items = async (item_network: string) => ({
    source: await asha.items.upsert(student({ item_network })),
    target: await dpg.as('ravi').items.upsert(tutor({ item_network })),
  });
  home = await items('home');
  other = await items('other');
  for (const pair of [home, other]) await asha.actions.perform({ action_type: 'connect', ...pair });
  limits = await database.sql`
    select limit_name, limit_value from dpg.limits where limit_name like 'partition_%_seconds' order by limit_name`;
  // refused in time, but in less of it than 5 and 10 seconds
  await database.sql`update dpg.limits set limit_value = 1 where limit_name like 'partition_%_seconds'`;

  const sessions = await openSessions(database, 15);
  holder = sessions.pop() as Session;
  makers.push(...sessions.splice(0, 5));
  monitor = sessions.pop() as Session;
  readers.push(...sessions.splice(0, 4));
  writers.push(...sessions);
  for (const [i, session] of readers.entries()) working.push(work(session, 'reader', () => read(session, i)));
  for (const [i, session] of writers.entries())
    working.push(work(session, 'writer', () => write(session, i)));
  working.push(watch());
}, 60_000);

afterAll(async () => {
  stop = true;
  await Promise.all(working);
  console.log(
    `worst wait for a lock while partitions were made: readers ${worst.reader} ms, writers ${worst.writer} ms, ` +
      `for a leaf that was just made ${worst['new leaf']} ms ` +
      `(${samples} samples; ${[...waits].map(([wait, ms]) => `${wait} ${ms} ms`).join(', ')}); longest call of ${longest.calls}: readers ${longest.reader} ms, writers ${longest.writer} ms`,
  );
});

async function work(_session: Session, kind: 'reader' | 'writer', turn: () => Promise<unknown>) {
  while (!stop) {
    const started = performance.now();
    try {
      await turn();
    } catch (error) {
      failures.push(error);
    }
    longest[kind] = Math.max(longest[kind], Math.round(performance.now() - started));
    longest.calls += 1;
    // as applications do: no session writes all the time
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function read(session: Session, i: number) {
  if (i === 0) return session.sql`select count(*) from dpg.items`;
  if (i === 1)
    return session.sql`select count(*) from dpg.item_actions join dpg.action_events using (action_id)`;
  if (i === 2) return session.sql`select * from public."user" u join dpg.partitions on true`;
  await session.items.find({ item_network: 'home', item_domain: 'student', page_size: 2 });
  await session.as('asha').actions.find({ page_size: 2 });
  return session.as('ravi').events.find({ page_size: 2 });
}

let user = 0;
async function write(session: Session, i: number) {
  const pair = i % 2 ? home : other;
  if (i < 2) return session.as('asha').items.upsert(student({ item_network: pair.source.item_network }));
  if (i < 4) {
    const actor = session.as('asha');
    const action = await actor.actions.perform({ action_type: 'connect', ...pair });
    return actor.actions.transition(action, { action_status: 'withdrawn' });
  }
  return addUsers(session.sql, `user ${user++}`);
}

async function watch() {
  const pids = {
    reader: readers.map((session) => session.pid),
    writer: writers.map((session) => session.pid),
  };
  while (!stop) {
    const rows = await monitor.sql<{ kind: keyof typeof worst; ms: number; lock: string }[]>`
      select
        case
          when l.relation::regclass::text ~ '^dpg.[iae]_p_.*new' then 'new leaf'
          when l.pid = any (${pids.reader}) then 'reader'
          else 'writer'
        end as kind,
        ceil(extract(epoch from clock_timestamp() - l.waitstart) * 1000)::integer as ms,
        l.mode || ' of ' || l.relation::regclass as lock
      from pg_locks l
      where not l.granted and l.waitstart is not null
        and l.locktype = 'relation' -- not for rows of one another
        and l.pid = any (${[...pids.reader, ...pids.writer]})`;
    samples += 1;
    await new Promise((resolve) => setTimeout(resolve, 1));
    for (const { kind, ms, lock } of rows) {
      worst[kind] = Math.max(worst[kind], ms);
      const wait = `${kind}: ${lock}`;
      waits.set(wait, Math.max(waits.get(wait) ?? 0, ms));
    }
  }
}

type Made = 'items leaf' | 'actions leaf' | 'events leaf' | 'network of items' | 'network of events';
let made = 0;
const maker = () => makers[made++ % makers.length]?.partitions as Partitions;
const make: Record<Made, () => Promise<string>> = {
  'items leaf': () => maker().ensureItem({ item_network: 'home', item_domain: `new ${made}` }),
  'actions leaf': () => maker().ensureAction({ partition_network: 'home', action_type: `new ${made}` }),
  'events leaf': () => maker().ensureActionEvent({ partition_network: 'home', action_type: `new ${made}` }),
  'network of items': () => maker().ensureItem({ item_network: `new ${made}`, item_domain: 'first' }),
  'network of events': () =>
    maker().ensureActionEvent({ partition_network: `new ${made}`, action_type: 'first' }),
};
const ALL = Object.keys(make) as Made[];

interface Case {
  name: string;
  hold(tx: postgres.TransactionSql): Promise<unknown>;
  /** What cannot be made meanwhile; everything else can. */
  refused: Made[];
  reason?: 'locks' | 'queue';
}

const everything = async (tx: postgres.TransactionSql) => {
  await tx`select count(*) from dpg.items`;
  await tx`select count(*) from dpg.item_actions`;
  await tx`select count(*) from dpg.action_events`;
  await tx`select count(*) from public."user"`;
  await tx`select * from dpg.partitions`;
  await tx`select * from dpg_private.partition_names`;
};

const moveIn = async (tx: postgres.TransactionSql, pair: { source: Item; target: Item }) => {
  const actor = dpg.with(tx).as('asha');
  const action = await actor.actions.perform({ action_type: 'connect', ...pair });
  await actor.actions.transition(action, { action_status: 'accepted' });
};

const cases: Case[] = [
  { name: 'has read every table', hold: everything, refused: [] },
  {
    name: 'has read every table and written items, actions and events of another network',
    async hold(tx) {
      await everything(tx);
      await dpg
        .with(tx)
        .as('asha')
        .items.upsert(student({ item_network: 'other' }));
      await moveIn(tx, other);
    },
    refused: [],
  },
  {
    name: 'has written items of the network',
    async hold(tx) {
      await everything(tx);
      await dpg
        .with(tx)
        .as('asha')
        .items.upsert(student({ item_network: 'home' }));
    },
    refused: ['actions leaf'],
  },
  {
    name: 'has written actions and events of the network',
    hold: (tx) => moveIn(tx, home),
    refused: ['items leaf'],
  },
  {
    name: 'has inserted a user',
    hold: (tx) => tx`insert into public."user" (id, name, email) values ('new', 'New', 'new@example.com')`,
    refused: ['items leaf', 'network of items'],
  },
  {
    name: 'has analysed the items',
    hold: (tx) => tx`analyze dpg.items`,
    refused: ['items leaf', 'actions leaf', 'network of items'],
  },
  {
    name: 'has analysed the actions',
    hold: (tx) => tx`analyze dpg.item_actions`,
    refused: ['items leaf', 'actions leaf', 'network of items'],
  },
  {
    name: 'has analysed the events',
    hold: (tx) => tx`analyze dpg.action_events`,
    refused: ['events leaf', 'network of events'],
  },
  {
    // VACUUM takes this lock, of one leaf after the other, but does not run in a transaction that could stay open
    name: 'vacuums a leaf of the network’s items',
    hold: (tx) => tx`lock table dpg.i_p_home_student in share update exclusive mode`,
    refused: ['actions leaf'],
  },
  {
    name: 'is itself making a partition elsewhere',
    hold: (tx) =>
      dpg.with(tx).partitions.ensureActionEvent({ partition_network: 'elsewhere', action_type: 'x' }),
    refused: ALL,
    reason: 'queue',
  },
];

describe.each(cases)('while a transaction that $name stays open', ({ hold, refused, reason = 'locks' }) => {
  test(`${refused.length ? `refused in time, leaving nothing behind: ${refused.join(', ')}` : 'every kind of partition is made'}`, async () => {
    const rollback = new Error('roll back');
    await holder.sql
      .begin(async (tx) => {
        await hold(tx);
        const before = await objects();
        const names = await claimedNames();
        // makers would queue for one another, too, and be refused for that
        if (reason === 'queue') await Promise.all(refused.map((what) => refusedInTime(what, reason)));
        else for (const what of refused) await refusedInTime(what, reason);
        expect(differences(before, await objects(), ['before', 'after'])).toEqual([]);
        expect(await claimedNames()).toEqual(names);
        for (const what of ALL) {
          if (!refused.includes(what)) expect(await make[what](), what).toMatch(/^dpg\.[iae]_p_/);
        }
        throw rollback;
      })
      .catch((error) => {
        if (error !== rollback) throw error;
      });
    // and what was refused is made once the transaction has ended
    for (const what of refused) expect(await make[what](), what).toMatch(/^dpg\.[iae]_p_/);
  });
});

async function refusedInTime(what: Made, reason: string): Promise<void> {
  const started = performance.now();
  const result = await make[what]().catch((error: unknown) => error);
  const seconds = (performance.now() - started) / 1000;
  expect(result, what).toBeInstanceOf(PartitionUnavailableError);
  const { code, hint, detail } = result as DpgError;
  expect(code).toBe('DP010');
  expect(hint).toMatch(/^Repeat the call later/);
  expect(detail).toMatchObject({ reason });
  // the limit of 1 s, the last pause, and a margin for a busy machine
  expect(seconds).toBeGreaterThan(0.9);
  expect(seconds).toBeLessThan(4);
}

/** Everything in the database but rows, which are written all the time. */
async function objects() {
  return new Map([...(await catalogue(database.sql))].filter(([object]) => !object.startsWith('rows of ')));
}

const claimedNames = () =>
  database.sql`select root, network, key, name from dpg_private.partition_names order by root, network, key nulls first`;

test('meanwhile no reader has waited, no other writer long, and no call of theirs has failed', async () => {
  expect(failures).toEqual([]);
  expect(samples).toBeGreaterThan(500);
  expect(worst.reader).toBe(0);
  expect(worst.writer).toBeLessThan(WRITERS_WAIT_MS + MARGIN_MS);
  expect(worst['new leaf']).toBeLessThan(WRITERS_WAIT_MS + MARGIN_MS);
});

test('unless told otherwise a creation is refused after 5 seconds of trying, or 10 of waiting for other makers', () => {
  expect(limits).toEqual([
    { limit_name: 'partition_lock_seconds', limit_value: '5' },
    { limit_name: 'partition_queue_seconds', limit_value: '10' },
  ]);
});
