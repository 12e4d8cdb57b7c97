// The server is killed (SIGKILL to its first process) while items change and are followed, again and again: nothing that was
// committed is missing in the follower's copy, which lies in another database of another server.

import postgres from 'postgres';
import { expect, test } from 'vitest';
import { COPY, differences, drained, followItems, ids, prepareItems, traffic } from '../feed/item-traffic.js';
import { Session } from '../feed/traffic.js';
import { migrateToCurrent } from '../support/migrations.js';
import { startServer } from '../support/server.js';
import { soak } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';

const KILLS = soak(20, 200);
const ours = !process.env.TEST_DATABASE_URL && process.env.DPG_TEST_SERVER !== 'docker';
const outside = await testDatabase({ from: 'empty' });

test(
  `a copy outside equals the items after ${KILLS} kills of the server`,
  async ({ skip, onTestFinished }) => {
    skip(!ours, 'only a server from npm is ours to kill');
    const server = await startServer({ durable: true, settings: { fsync: soak('off', 'on') } });
    onTestFinished(() => server.stop());
    const url = await server.createDatabase('crashing');
    await migrateToCurrent(url);
    const connect = () => postgres(url, { max: 2, onnotice: () => undefined });
    const setUp = connect();
    await prepareItems(setUp);
    await setUp`select dpg.create_item_subscription('copy')`;
    await setUp.end();
    await outside.sql.unsafe(COPY);

    const running = traffic(url, ids(4, 50), 0);
    let isReading = true;
    const sessions = [0, 1].map((i) => [
      new Session(url, `feed reader ${i}`),
      new Session(outside.url, `copier ${i}`),
    ]) as [Session, Session][];
    const reading = Promise.all(
      sessions.map(([session, copy]) => followItems(session, 'copy', () => isReading, copy)),
    );
    for (let round = 0; round < KILLS; round++) {
      // at no moment in particular
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 300));
      await server.embedded?.crash();
      await server.embedded?.restart();
    }
    await running.stopWriting();
    const sql = connect();
    await drained(sql);
    isReading = false;
    await reading;
    await running.stop();
    expect(running.tally.changes).toBeGreaterThan(KILLS * 10);
    expect(await differences(sql, outside.sql)).toBe(0);
    for (const session of sessions.flat()) await session.end();
    await sql.end();
  },
  soak(240_000, 3_600_000),
);
