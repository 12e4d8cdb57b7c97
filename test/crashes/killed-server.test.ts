// The server is killed (SIGKILL to its first process; the others end when they see it) while many sessions write, and
// recovers from its log. It writes as in production, but for fsync: what a process has written outlives the process
// without it, and syncing the files of hundreds of partitions makes the start take seconds. A soak syncs, too.

import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Action, createDpg, type Dpg } from '../../sdk/index.js';
import { COPY, differences, drained, followItems } from '../feed/item-traffic.js';
import { CONSUMER, FAULTLESS, findings, read, Session } from '../feed/traffic.js';
import { addUsers, OTHER_URL, student, tutor } from '../sdk/story.js';
import { migrateToCurrent } from '../support/migrations.js';
import { type Server, startServer } from '../support/server.js';
import { soak } from '../support/soak.js';
import { countsAreRight, meetRules, noRuleIsExceeded, prepareRules } from './ruled-traffic.js';
import { acknowledged, keepAction, keepItem, type Send, writer } from './writer.js';

const KILLS = soak(10, 200); // 20 in CI, which runs on two versions
const WRITERS = 12;
const RULED_WRITERS = 4;
const ours = !process.env.TEST_DATABASE_URL && process.env.DPG_TEST_SERVER !== 'docker';

let server: Server;
let url: string;

beforeAll(async () => {
  if (!ours) return;
  server = await startServer({
    durable: true,
    settings: { max_connections: '40', fsync: soak('off', 'on') },
  });
  url = await server.createDatabase('crashing');
  await migrateToCurrent(url);
  await withServer(async ({ sql }) => {
    await addUsers(sql, 'asha', 'ravi', 'mei');
    await sql.unsafe(`${CONSUMER}${COPY}`);
    await sql`select dpg.create_subscription('events'), dpg.create_item_subscription('copy')`;
    await prepareRules(sql);
  });
}, 120_000);

afterAll(() => server?.stop());

async function withServer<Result>(use: (dpg: Dpg<postgres.Sql>) => Promise<Result>): Promise<Result> {
  const sql = postgres(url, { max: 4, onnotice: () => undefined });
  try {
    return await use(createDpg(sql));
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** When items were retired: of what began before then nothing is open. */
const closed = new Map<string, string>();

/** Calls of every kind, and new partitions all the time, until the server is gone. */
async function writeAll(send: Send, n: number, round: number): Promise<void> {
  const mine = student({ item_id: randomUUID() });
  const theirs = tutor({ item_id: randomUUID() });
  await send(({ as }) => as('asha').items.upsert(mine), keepItem);
  await send(({ as }) => as('ravi').items.upsert(theirs), keepItem);
  const source = mine as typeof mine & { item_id: string };
  const target = theirs as typeof theirs & { item_id: string };
  for (let i = 0; ; i++) {
    const changed = { ...mine, item_state: { round, n, i } };
    await send(({ as }) => as('asha').items.upsert(changed), keepItem);
    // partitions are made all the time: a first item, a first action of a type
    const fresh = student({
      item_network: `net_${round}`,
      item_domain: `d${n}_${i}`,
      item_id: randomUUID(),
    });
    if (i % 4 === 0) await send(({ as }) => as('asha').items.upsert(fresh), keepItem);
    const many = Array.from({ length: 5 }, () => student({ item_id: randomUUID() }));
    await send(
      ({ as }) => as('asha').items.upsertMany(many),
      (items) => items.forEach(keepItem),
    );
    const received = randomUUID();
    const request = {
      action_type: i % 4 === 2 ? `type_${round}_${n}_${i}` : 'connect',
      ...{ source, target, action_id: randomUUID() },
    };
    await send(({ as }) => as('asha').actions.perform(request), keepAction);
    const ref = { partition_network: 'yellow_dot', ...request };
    for (const expected_update_count of [0, 1, 2]) {
      const move = {
        ...{ action_status: `step ${expected_update_count}`, expected_update_count },
        event_id: randomUUID(),
      };
      await send(({ as }) => as(i % 2 ? 'asha' : 'ravi').actions.transition(ref, move), keepAction);
    }
    // many at once, the same action twice; then the source retires with what is open, from time to time
    const more = await Promise.all(
      [0, 1, 2].map(async () => {
        const again = { ...request, action_type: 'connect', action_id: randomUUID() };
        await send(({ as }) => as('asha').actions.perform(again), keepAction);
        const { partition_network, action_type, action_id } = { partition_network: 'yellow_dot', ...again };
        return { partition_network, action_type, action_id };
      }),
    );
    const many_moves = [...more, ...more].map((of, n) => ({
      ...of,
      ...{ action_status: n < 3 ? 'first' : 'second', event_id: randomUUID() },
    }));
    await send(
      ({ as }) => as('ravi').actions.transitionMany(many_moves),
      (results) => {
        for (const { error, ...result } of results) {
          expect(error).toBe(null);
          keepAction(result as unknown as Action);
        }
      },
    );
    if (i % 2 === 1) {
      const retire = { item_status: `retired ${i}`, close_actions_as: ['closed'] };
      await send(
        ({ as }) => as('asha').items.setStatus(source, retire),
        (item) => {
          keepItem(item);
          closed.set(source.item_id, item.updated_at);
        },
      );
    }
    if (i % 4 === 3) {
      const of = { partition_network: `net_${round}`, action_type: `t${n}_${i}` };
      await send(
        (dpg) => dpg.partitions.ensureAction(of),
        (leaf) => acknowledged.leaves.add(leaf),
      );
    }
    await send(
      (dpg) =>
        dpg.actions.receive({
          action_type: 'connect',
          source: {
            ...{ item_network: 'blue_dot', item_domain: 'x', item_type: 'y' },
            item_id: target.item_id,
          },
          ...{ source_item_instance_url: OTHER_URL, source_item_owner: 'somebody' },
          ...{ target, action_id: received },
        }),
      keepAction,
    );
  }
}

test(
  `killed ${KILLS} times under load, the server recovers with everything that it had acknowledged, and nothing by halves`,
  async ({ skip }) => {
    skip(!ours, 'only a server from npm is ours to kill');
    const counts = { calls: 0, unknown: 0, undone: 0 };
    const tally = { refused: 0, performed: 0, retired: 0, deleted: 0 };
    const times: number[] = [];
    let isReading = true;
    const readers = ['events', 'copy'].map((subscription) => new Session(url, `reader of ${subscription}`));
    const [ofEvents, ofItems] = readers as [Session, Session];
    const reading = Promise.all([
      read(ofEvents, 'events', () => isReading),
      followItems(ofItems, 'copy', () => isReading),
    ]);
    for (let round = 0; round < KILLS; round++) {
      const writing = Array.from({ length: WRITERS + RULED_WRITERS }, (_, n) =>
        writer(url, counts, (send) => (n < WRITERS ? writeAll(send, n, round) : meetRules(send, tally))),
      );
      // at no moment in particular
      await new Promise((resolve) => setTimeout(resolve, 400 + Math.random() * 500));
      await server.embedded?.crash();
      const repeats = (await Promise.all(writing)).flat();
      const started = performance.now();
      await server.embedded?.restart();
      times.push(performance.now() - started);
      await withServer(async (dpg) => {
        await allIsThere(dpg.sql);
        // what had no answer is asked for again with the same ids, and is there once
        const before = await rows(dpg.sql);
        await Promise.all(repeats.map((repeat) => repeat(dpg)));
        const after = await rows(dpg.sql);
        await Promise.all(repeats.map((repeat) => repeat(dpg)));
        expect(await rows(dpg.sql)).toBe(after);
        counts.unknown += repeats.length;
        counts.undone += after - before;
        await allIsThere(dpg.sql);
      });
    }

    await withServer(async ({ sql }) => {
      await drained(sql, 'events');
      await drained(sql, 'copy');
      isReading = false;
      await reading;
      expect(await findings(sql)).toMatchObject(FAULTLESS);
      expect(await differences(sql)).toBe(0);
      await countsAreRight(sql);
    });
    for (const session of readers) await session.end();
    console.log(
      `${KILLS} kills: ${counts.calls} calls acknowledged, ${counts.unknown} of unknown outcome that had left ` +
        `${counts.undone} rows to write; ${JSON.stringify(tally)}; restarted in ${Math.round(Math.max(...times))} ms at worst`,
    );
    expect(counts.calls).toBeGreaterThan(KILLS * 10);
    expect(counts.unknown).toBeGreaterThan(KILLS);
    for (const [what, times] of Object.entries(tally)) expect(times, what).toBeGreaterThan(0);
  },
  soak(240_000, 3_600_000),
);

async function rows(sql: postgres.Sql): Promise<number> {
  const [row] = await sql`
    select (select count(*) from dpg.items) + (select count(*) from dpg.item_actions)
      + (select count(*) from dpg.action_events) as count`;
  return Number(row?.count);
}

async function allIsThere(sql: postgres.Sql): Promise<void> {
  // every acknowledged write: what is there is it, or what came after it without an answer
  const items = [...acknowledged.items.values()];
  const missingItems = await sql`
    select a.id, a.updated_at, i.updated_at as stored
    from unnest(${items.map((item) => item.item_id)}::uuid[], ${items.map((item) => item.updated_at)}::text[]::timestamptz[],
      ${items.map((item) => JSON.stringify(item.item_state))}::text[], ${items.map((item) => item.item_status)}::text[])
      a(id, updated_at, state, status)
    left join dpg.items i on i.item_id = a.id
    where i.item_id is null
      or i.updated_at < a.updated_at
      or (i.updated_at = a.updated_at and (i.item_state, i.item_status) <> (a.state::jsonb, a.status))`;
  expect(missingItems).toEqual([]);
  const undeleted = await sql`
    select i.item_id from dpg.items i where i.item_id = any (${[...acknowledged.deleted]}::uuid[])`;
  expect([...undeleted]).toEqual([]);
  await noRuleIsExceeded(sql);
  const actions = [...acknowledged.actions.values()];
  const missingActions = await sql`
    select a.id, a.update_count, i.update_count as stored
    from unnest(${actions.map((action) => action.action_id)}::uuid[], ${actions.map((action) => action.update_count)}::integer[],
      ${actions.map((action) => action.action_status)}::text[]) a(id, update_count, status)
    left join dpg.item_actions i on i.action_id = a.id
    where i.action_id is null
      or i.update_count < a.update_count
      or (i.update_count = a.update_count and i.action_status <> a.status)`;
  expect(missingActions).toEqual([]);

  // what was closed with its item is closed
  const open = await sql`
    select a.action_id, a.action_status
    from unnest(${[...closed.keys()]}::uuid[], ${[...closed.values()]}::text[]::timestamptz[]) c(item_id, closed_at)
    join dpg.item_actions a on a.source_item_id = c.item_id and a.updated_at < c.closed_at
    where a.action_status <> 'closed'`;
  expect([...open]).toEqual([]);

  // no action lacks its events, no event its change, and the last event is the row
  const broken = await sql`
    select coalesce(a.action_id, e.action_id) as action_id, a.update_count, e.counts
    from dpg.item_actions a
    full join (
      select partition_network, action_type, action_id, array_agg(update_count order by update_count) as counts,
        (array_agg(action_status order by update_count desc))[1] as last_status,
        max(created_at) as last_at
      from dpg.action_events
      group by partition_network, action_type, action_id
    ) e using (partition_network, action_type, action_id)
    where a.action_id is null
      or e.action_id is null
      or e.counts <> array(select generate_series(0, a.update_count))
      or (e.last_status, e.last_at) is distinct from (a.action_status, a.updated_at)`;
  expect(broken).toEqual([]);

  // no partition is half attached: every table that is like one is one, with its name claimed, and the other way round
  const stray = await sql`
    select c.relname, p.name
    from (
      select c.relname, c.relispartition, c.relkind, pg_partition_root(c.oid) as root, pg_get_expr(c.relpartbound, c.oid) as bound
      from pg_class c
      where c.relnamespace = 'dpg'::regnamespace and c.relname ~ '^[iae]_p_' and c.relkind in ('r', 'p')
    ) c
    full join dpg_private.partition_names p on p.name = c.relname
    where c.relname is null
      or p.name is null
      or not c.relispartition
      or c.root is distinct from ('dpg.' || p.root)::regclass
      or c.relkind <> case when p.key is null then 'p' else 'r' end::"char"
      or c.bound is distinct from format('FOR VALUES IN (%L)', coalesce(p.key, p.network))`;
  expect(stray).toEqual([]);
  const incomplete = await sql`
    select p.name, count(distinct k.oid) as keys, count(distinct t.oid) as triggers, count(distinct x.indexrelid) as indexes
    from dpg_private.partition_names p
    left join pg_constraint k on k.conrelid = to_regclass('dpg.' || p.name) and k.contype in ('p', 'f', 'u')
    left join pg_trigger t on t.tgrelid = to_regclass('dpg.' || p.name) and not t.tgisinternal
    left join pg_index x on x.indrelid = to_regclass('dpg.' || p.name) and x.indisvalid and x.indisready
    where p.key is not null
    group by p.root, p.name
    having (count(distinct k.oid), count(distinct t.oid), count(distinct x.indexrelid)) <> (
      select count(distinct k.oid), count(distinct t.oid), count(distinct x.indexrelid)
      from dpg_private.partition_names first
      left join pg_constraint k on k.conrelid = to_regclass('dpg.' || first.name) and k.contype in ('p', 'f', 'u')
      left join pg_trigger t on t.tgrelid = to_regclass('dpg.' || first.name) and not t.tgisinternal
      left join pg_index x on x.indrelid = to_regclass('dpg.' || first.name) and x.indisvalid and x.indisready
      where first.root = p.root and first.network = 'ruled' and first.key in ('student', 'connect')
    )`;
  expect(incomplete).toEqual([]);
  const leaves = [...acknowledged.leaves];
  const lost = await sql`
    select l.leaf from unnest(${leaves}::text[]) l(leaf) where to_regclass(l.leaf) is null`;
  expect(lost).toEqual([]);
}
