// Whoever has written sees it in the next read, whichever server answers; in another process by the position.

import { sql as statement } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { expect, test } from 'vitest';
import { createDpg, type Item, ItemNotFoundError } from '../../sdk/index.js';
import { askPrimary, lsnText } from '../../sdk/replicas/positions.js';
import type { ReplicaOptions } from '../../sdk/replicas.js';
import { student } from '../sdk/story.js';
import { hasOwnServers } from '../support/replica.js';
import { caughtUp, startServers, until, wait } from './servers.js';

if (!hasOwnServers) console.log('SKIPPED: reads on replicas (no servers of our own on this machine)');
const [primary, ...standbys] = hasOwnServers ? await startServers(2) : [];
const statements: string[] = [];

/** Notes all statements, to whichever server. */
function open(options: ReplicaOptions & { connection?: { synchronous_commit: boolean } } = {}) {
  return createDpg(primary?.url ?? '', {
    replicas: standbys.map(({ url }) => url),
    debug: (_connection, statement) => statements.push(statement),
    ...options,
  });
}

const said = (part: RegExp) => statements.filter((statement) => part.test(statement)).length;

/** Standbys that stand still. */
async function paused<Result>(work: () => Promise<Result>): Promise<Result> {
  for (const { sql } of standbys) await sql`select pg_wal_replay_pause()`;
  try {
    return await work();
  } finally {
    for (const { sql } of standbys) await sql`select pg_wal_replay_resume()`;
  }
}

/** How many transactions the standbys have had. */
async function transactions(): Promise<number[]> {
  const counts = standbys.map(async ({ sql }) => {
    const [row] = await sql`select xact_commit from pg_stat_database where datname = current_database()`;
    return Number(row?.xact_commit);
  });
  return Promise.all(counts);
}

test.skipIf(!hasOwnServers)(
  'of 2,000 writes each is seen by the read after it',
  async () => {
    await using dpg = open();
    const asha = dpg.as('asha');
    const before = await transactions();
    const items = await Promise.all(Array.from({ length: 4 }, () => asha.items.upsert(student())));
    let stale = 0;
    const writer = async (item: Item) => {
      for (let n = 0; n < 500; n++) {
        await asha.items.update(item, { changes: { item_state: { n } } });
        const seen = await dpg.items.get(item);
        if (seen.item_state.n !== n) stale += 1;
      }
    };
    await Promise.all(items.map(writer));
    expect(stale).toBe(0);
    // sessions report their transactions late
    await until(async () => {
      const after = await transactions();
      return after.every((count, i) => count - (before[i] as number) > 100);
    });
  },
  120_000,
);

test.skipIf(!hasOwnServers)(
  'a write is one trip, and so is a read of what a replica is known to have',
  async () => {
    await using dpg = open({ staleness: Number.POSITIVE_INFINITY });
    const asha = dpg.as('asha');
    await asha.items.upsert(student());
    statements.length = 0;
    const item = await asha.items.upsert(student());
    expect(statements).toEqual([expect.stringContaining('dpg.upsert_item')]);
    expect(await dpg.items.get(item)).toEqual(item);
    expect(said(/pg_current_wal_flush_lsn/)).toBe(1);
    await dpg.items.get(item);
    await dpg.position();
    statements.length = 0;
    await dpg.items.get(item);
    await asha.items.own();
    const position = await dpg.position();
    // the other replica may still be asked, which nobody waits for
    expect([said(/ from dpg\./), said(/pg_current_wal_flush_lsn/)]).toEqual([2, 0]);
    expect(position).toBe(await dpg.at(position).position());
    expect(position).toMatch(/^\d+-1-[0-9A-F]+$/);
  },
);

test.skipIf(!hasOwnServers)(
  'a position makes another process see it; without one it may not be seen',
  async () => {
    await using writing = open();
    await using reading = open({ staleness: Number.POSITIVE_INFINITY, patience: 30 });
    await caughtUp(primary as never, ...standbys);
    await reading.items.count({ item_network: 'yellow_dot' });
    await paused(async () => {
      const item = await writing.as('asha').items.upsert(student());
      const position = await writing.position();
      await expect(reading.items.get(item), 'a replica that stands still').rejects.toThrow(ItemNotFoundError);
      expect(await reading.at(position).items.get(item)).toEqual(item);
      // who has a handle of his own makes nobody else wait
      await expect(reading.items.get(item)).rejects.toThrow(ItemNotFoundError);
      const own = reading.at(null);
      const mine = await own.as('asha').items.upsert(student());
      expect(await own.items.get(mine)).toEqual(mine);
      await expect(reading.items.get(mine)).rejects.toThrow(ItemNotFoundError);
    });
  },
);

test.skipIf(!hasOwnServers)('with a staleness of 0 a read sees what anybody has written', async () => {
  await using writing = open();
  await using reading = open({ staleness: 0 });
  await using late = open({ staleness: 0, patience: 0 });
  for (const dpg of [reading, late])
    for (let i = 0; i < 50; i++) {
      const item = await writing.as('asha').items.upsert(student());
      expect(await dpg.items.get(item)).toEqual(item);
    }
});

test.skipIf(!hasOwnServers)('commits that do not wait for the disk are seen as well', async () => {
  await using lazy = open({ connection: { synchronous_commit: false } });
  for (let i = 0; i < 30; i++) {
    const item = await lazy.as('asha').items.upsert(student());
    expect(await lazy.items.get(item)).toEqual(item);
  }
  // the flush position alone does not cover them
  await using dpg = open();
  for (let i = 0; i < 30; i++) {
    const item = await dpg.sql.begin(async (tx) => {
      await tx`set local synchronous_commit = off`;
      const made = await dpg.with(tx).as('asha').items.upsert(student());
      expect(await dpg.with(tx).items.get(made), 'within the transaction').toEqual(made);
      return made;
    });
    expect(await dpg.items.get(item)).toEqual(item);
  }
});

test.skipIf(!hasOwnServers)('a transaction of Drizzle on these connections is a write as well', async () => {
  await using dpg = open({ staleness: Number.POSITIVE_INFINITY });
  const db = drizzle(dpg.sql);
  const item = await dpg.as('asha').items.upsert(student());
  for (let n = 0; n < 100; n++) {
    await db.transaction(async (tx) => {
      const changes = JSON.stringify({ item_state: { n } });
      await tx.execute(
        statement`select dpg.update_item('asha', ${item.item_network}, ${item.item_domain}, ${item.item_type}, ${item.item_id},
          ${changes}::text::jsonb)`,
      );
    });
    expect((await dpg.items.get(item)).item_state).toEqual({ n });
  }
});

test.skipIf(!hasOwnServers)(
  'a transaction stays on the primary, and has no position before it is committed',
  async () => {
    await using dpg = open();
    await dpg.sql.begin(async (tx) => {
      const inside = dpg.with(tx);
      await expect(inside.position()).rejects.toThrow('a transaction has none before it is committed');
      const [row] = await inside.sql`select pg_is_in_recovery() as is_standby`;
      expect(row?.is_standby).toBe(false);
      statements.length = 0;
      await inside.items.count({ item_network: 'yellow_dot' });
      expect(statements).toHaveLength(1);
    });
  },
);

// Where a record ends at the end of a page, the insert position is behind the header of the next one, and no standby comes there.
test.skipIf(!hasOwnServers)(
  'at the boundary of a page or a segment nobody waits for the header of the next one',
  async () => {
    const { sql } = primary as NonNullable<typeof primary>;
    const inserted = async () => {
      const [row] = await sql`select pg_current_wal_insert_lsn() - '0/0' as it`;
      return BigInt(row?.it);
    };
    const toSegment = async () => {
      await sql`select pg_switch_wal()`;
    };
    const toPage = async () => {
      for (let tries = 0; (await inserted()) % 8192n !== 24n; tries++) {
        expect(tries, 'a record that ends with its page').toBeLessThan(200);
        const left = 8192 - (Number(await inserted()) % 8192);
        // a record of a message has some 60 bytes of its own
        const [message] = [Math.max(0, left - 48 - (tries % 40))];
        await sql`select pg_logical_emit_message(false, 'p', repeat('x', ${message}::integer))`;
      }
    };
    for (const go of [toSegment, toPage]) {
      await go();
      const before = await inserted();
      const { committed, flushed } = await askPrimary(sql);
      if ((await inserted()) !== before) continue; // a background process has written something
      expect(before, 'behind the header').toBeGreaterThan(committed.lsn);
      expect(before - committed.lsn).toBe(go === toPage ? 24n : 40n);
      for (const { sql: standby } of standbys)
        await until(async () => {
          const [row] =
            await standby`select pg_last_wal_replay_lsn() >= ${lsnText(committed)}::text::pg_lsn as it`;
          return row?.it;
        });
      expect(committed.lsn).toBeGreaterThanOrEqual(flushed.lsn);
    }
  },
);

test.skipIf(!hasOwnServers)('what is no position is refused', async () => {
  await using dpg = open();
  for (const position of [
    '',
    'x',
    '1-1',
    '1-1-G',
    `1-1-${'F'.repeat(17)}`,
    '1-1-F;1-1-F',
    Array(65).fill('1-1-F').join('.'),
    7,
    undefined,
  ])
    expect(() => dpg.at(position as string), String(position)).toThrow(
      expect.objectContaining({ code: 'DP001' }),
    );
  expect(() => createDpg(dpg.sql, { replicas: [primary?.url ?? ''] } as object)).toThrow(
    'replicas is refused',
  );
  expect(() => open({ staleness: -1 })).toThrow(expect.objectContaining({ code: 'DP001' }));
  expect(() => open({ replicas: [''] })).toThrow(expect.objectContaining({ code: 'DP001' }));
});

test.skipIf(!hasOwnServers)(
  'a position that never was is waited for once, and costs nobody else a replica',
  async () => {
    await using dpg = open({ patience: 100 });
    const item = await dpg.as('asha').items.upsert(student());
    const position = await dpg.position();
    const future = dpg.at(position.replace(/[^-]+$/, 'FFFFFFFFFFFF'));
    expect(await future.items.get(item)).toEqual(item);
    await until(async () => BigInt(`0x${(await future.position()).split('-')[2]}`) < 0xffffffffffffn);
    // others still wait for replicas: nobody was taken for late
    await wait(100); // what was asked for it may be answered late
    statements.length = 0;
    const other = dpg.at(null);
    const mine = await other.as('asha').items.upsert(student());
    expect(await other.items.get(mine)).toEqual(mine);
    expect(said(/pg_last_wal_replay_lsn/)).toBeGreaterThan(0);
    // neither for one of a promotion that never was
    for (const timeline of ['-9-1', '-9-FFFFFFFFFFFF'])
      expect(await dpg.at(position.replace(/-.*$/, timeline)).items.get(item)).toEqual(item);
    await wait(100); // what was asked for these may be answered late
    statements.length = 0;
    const third = await other.as('asha').items.upsert(student());
    expect(await other.items.get(third)).toEqual(third);
    expect(said(/pg_last_wal_replay_lsn/)).toBeGreaterThan(0);
    // a position of another cluster is nothing to wait for
    expect(await dpg.at('1-1-FFFFFFFF').items.get(item)).toEqual(item);
  },
);

test.skipIf(!hasOwnServers)(
  'who waits when the connections are ended does not hold up the process',
  async () => {
    await paused(async () => {
      const dpg = open({ patience: 10_000 });
      const item = await dpg.as('asha').items.upsert(student());
      const read = dpg.items.get(item).catch((error) => error);
      await wait(200);
      const begun = performance.now();
      await dpg.end({ timeout: 0 });
      expect(await read).toMatchObject({ code: 'CONNECTION_ENDED' });
      expect(performance.now() - begun, 'far less than its patience').toBeLessThan(3000);
    });
  },
);

test.skipIf(!hasOwnServers)('a patience without end is one', async () => {
  await using dpg = open({ patience: Number.POSITIVE_INFINITY });
  const item = await dpg.as('asha').items.upsert(student());
  await paused(async () => {
    const asha = dpg.as('asha');
    await asha.items.update(item, { changes: { item_state: { n: 1 } } });
    const reading = dpg.items.get(item);
    statements.length = 0;
    expect(await Promise.race([reading, wait(500)])).toBeUndefined();
    // a timer that has ended too early asks a thousand times
    expect(said(/pg_last_wal_replay_lsn/)).toBeLessThan(200);
    for (const { sql } of standbys) await sql`select pg_wal_replay_resume()`;
    expect((await reading).item_state).toEqual({ n: 1 });
  });
});
