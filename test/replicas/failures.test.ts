// Replicas that are killed, hang, lag, are promoted or belong to another server: reads go on, and none is stale.

import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { createDpg, type Dpg, ItemNotFoundError } from '../../sdk/index.js';
import { askPrimary } from '../../sdk/replicas/positions.js';
import type { ReplicaOptions } from '../../sdk/replicas.js';
import { student } from '../sdk/story.js';
import { hasOwnServers } from '../support/replica.js';
import { addStandby, caughtUp, type ServerOfTest, startServers, until, wait } from './servers.js';

if (!hasOwnServers) console.log('SKIPPED: replicas that fail (no servers of our own on this machine)');
const [primary, first, second] = (hasOwnServers ? await startServers(2) : []) as [
  ServerOfTest,
  ServerOfTest,
  ServerOfTest,
];
const leftOut: { replica: string; error: unknown }[] = [];
const portOf = ({ url }: ServerOfTest) => new URL(url).port;
const said = (server: ServerOfTest) =>
  leftOut.filter(({ replica }) => replica.includes(`:${portOf(server)}/`));

function open(options: ReplicaOptions = {}, url = primary.url) {
  leftOut.length = 0;
  return createDpg(url, {
    replicas: [first.url, second.url],
    onLeftOut: (replica, error) => leftOut.push({ replica, error }),
    ...options,
  });
}

/** Calls under way all the time; how many were made, how many stale. */
async function traffic(
  dpg: Dpg,
  whileDoing: () => Promise<unknown>,
): Promise<{ reads: number; stale: number }> {
  const found = { reads: 0, stale: 0 };
  let isOn = true;
  const asha = dpg.as('asha');
  const sessions = Array.from({ length: 4 }, async () => {
    const item = await asha.items.upsert(student());
    for (let n = 0; isOn; n++) {
      await asha.items.update(item, { changes: { item_state: { n } } });
      if ((await dpg.items.get(item)).item_state.n !== n) found.stale += 1;
      await dpg.items.count({ item_network: 'yellow_dot', item_domain: 'student' });
      found.reads += 2;
    }
  });
  // a call that fails ends the test at once
  await Promise.all([...sessions, whileDoing().finally(() => (isOn = false))]);
  return found;
}

test.skipIf(!hasOwnServers)(
  'one that lags by 10 s answers only what it may',
  async () => {
    await caughtUp(primary, first, second);
    await first.sql`alter system set recovery_min_apply_delay = '10s'`;
    await first.sql`select pg_reload_conf()`;
    await using dpg = open({ staleness: 1000 });
    await using patient = open({ staleness: 60_000, replicas: [first.url] });
    await patient.items.count({ item_network: 'yellow_dot' });
    const { stale } = await traffic(dpg, () => wait(2000));
    expect(stale).toBe(0);
    const item = await dpg.as('asha').items.upsert(student());
    await expect(patient.items.get(item)).rejects.toThrow(ItemNotFoundError);
    // another process, that has no position: what is older than `staleness` it sees all the same
    await using other = open({ staleness: 1000, replicas: [first.url] });
    await wait(1100);
    expect(await other.items.get(item)).toEqual(item);
    expect(leftOut).toEqual([]);
    await first.sql`alter system reset recovery_min_apply_delay`;
    await first.sql`select pg_reload_conf()`;
    await caughtUp(primary, first);
  },
  60_000,
);

test.skipIf(!hasOwnServers)(
  'one that is killed is left out, and comes back',
  async () => {
    await using dpg = open();
    const { reads, stale } = await traffic(dpg, async () => {
      await wait(300);
      await first.embedded.crash();
      await until(async () => said(first).length > 0);
      await wait(500);
      await first.embedded.restart();
      leftOut.length = 0;
      await until(async () => {
        const [row] = await first.sql`select count(*)::integer as sessions from pg_stat_activity
        where application_name = 'postgres.js' and pid <> pg_backend_pid() and query like '%dpg.%'`;
        return row?.sessions > 0;
      });
    });
    expect(stale).toBe(0);
    expect(reads).toBeGreaterThan(100);
    expect(said(second)).toEqual([]);
  },
  60_000,
);

test.skipIf(!hasOwnServers)(
  'one that hangs does not hold up its calls',
  async () => {
    await using dpg = open({ replicas: [first.url] });
    await dpg.items.count({ item_network: 'yellow_dot' });
    const sessions = await first.sql`
      select pid::text from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`;
    const pids = sessions.map(({ pid }) => String(pid));
    // the postmaster as well: new connections get no answer
    pids.push(String(first.embedded.pid));
    expect(spawnSync('kill', ['-STOP', ...pids]).status).toBe(0);
    try {
      expect(await dpg.items.count({ item_network: 'yellow_dot' })).toBeGreaterThan(0n);
      await until(async () => said(first).length > 0);
      expect(await dpg.items.count({ item_network: 'yellow_dot' })).toBeGreaterThan(0n);
    } finally {
      spawnSync('kill', ['-CONT', ...pids]);
    }
  },
  60_000,
);

test.skipIf(!hasOwnServers)(
  'while the primary is gone, replicas answer who has written nothing',
  async () => {
    await using dpg = open({ patience: 2000 });
    await caughtUp(primary, first, second);
    const count = await dpg.items.count({ item_network: 'yellow_dot' });
    await primary.embedded.crash();
    try {
      await wait(300);
      expect(await dpg.items.count({ item_network: 'yellow_dot' })).toBe(count);
      await using begun = open({ patience: 2000 });
      expect(await begun.items.count({ item_network: 'yellow_dot' })).toBe(count);
      await expect(dpg.as('asha').items.upsert(student())).rejects.toThrow();
    } finally {
      await primary.embedded.restart();
    }
  },
  60_000,
);

test.skipIf(!hasOwnServers)('one of another server is none', async () => {
  // the primary of nobody: it has no standby.signal
  await using dpg = open({ replicas: [primary.url] });
  const item = await dpg.as('asha').items.upsert(student());
  expect(await dpg.items.get(item)).toEqual(item);
  expect(said(primary)).toMatchObject([{ error: { name: 'NotAReplicaError' } }]);
});

// The last test: after it the servers are no longer what they were.
test.skipIf(!hasOwnServers)(
  'one that is promoted is left out, and its timeline is told from the former one',
  async () => {
    await using dpg = open();
    const { stale } = await traffic(dpg, async () => {
      await wait(300);
      // not waiting there: the snapshot of the statement may be in the way of what is to be replayed first
      await first.sql`select pg_promote(false)`;
      await until(async () => said(first).length > 0, 30_000);
    });
    expect(stale).toBe(0);
    expect(said(first)[0]).toMatchObject({ error: { name: 'NotAReplicaError' } });

    // Two primaries now. The second standby follows the former one, whose log is longer than that of the promoted one.
    const old = dpg.at(null);
    for (let i = 0; i < 200; i++) await old.as('asha').items.upsert(student());
    await using promoted = open({ replicas: [second.url] }, first.url);
    const item = await promoted.as('asha').items.upsert(student());
    await caughtUp(primary, second);
    const [former, present] = [await askPrimary(primary.sql), await askPrimary(first.sql)];
    expect(former.flushed.lsn, 'the trap').toBeGreaterThan(present.flushed.lsn);
    expect(present.flushed.timeline).toBe(2);
    expect(await promoted.items.get(item), 'on the timeline of the promoted server').toEqual(item);

    // a position of before, of which a part was lost with the former primary: nobody waits for that
    const lost = await old.position();
    const third = await addStandby(first);
    await using reading = open({ replicas: [third.url], patience: 20_000 }, first.url);
    const begun = Date.now();
    expect(await reading.at(lost).items.get(item)).toEqual(item);
    await using unmeasured = open(
      { replicas: [third.url], patience: 20_000, staleness: Number.POSITIVE_INFINITY },
      first.url,
    );
    expect(await unmeasured.at(lost).items.get(item)).toEqual(item);
    expect(Date.now() - begun, 'far less than their patience').toBeLessThan(10_000);
    expect(leftOut).toEqual([]);
  },
  90_000,
);
