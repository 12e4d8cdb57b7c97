// Cutting a connection in the middle of a call, really: the server process is ended, or the socket destroyed.

import { connect, type Socket } from 'node:net';
import type postgres from 'postgres';
import { createDpg, type Dpg } from '../../sdk/index.js';
import { untilWaiting } from '../concurrency/sessions.js';
import type { TestDatabase } from '../support/test-database.js';

/** `terminated`: the server ends the session, so nothing is done. `unplugged`: it goes on and has nobody to answer. */
export type Cut = 'terminated' | 'unplugged';

/** A session whose socket can be destroyed. */
export async function cuttableSession(database: TestDatabase) {
  let socket: Socket | undefined;
  const { hostname, port } = new URL(database.url);
  const sql = database.connect({
    max: 1,
    fetch_types: false,
    // for tests by postgres.js: a socket that is connected already
    socket: () =>
      new Promise<Socket>((resolve, reject) => {
        const opened = connect(Number(port), hostname, () => resolve(opened));
        opened.once('error', reject);
        socket = opened;
      }),
  } as never);
  const [row] = await sql`select pg_backend_pid() as pid`;
  return { dpg: createDpg(sql), pid: Number(row?.pid), destroy: () => socket?.destroy() };
}

/** Runs the call while another session holds `locks` (statements), cuts its connection when it waits, then lets go. */
export async function cutDuring(
  database: TestDatabase,
  how: Cut,
  locks: string[],
  call: (dpg: Dpg<postgres.Sql>) => PromiseLike<unknown>,
): Promise<unknown> {
  const session = await cuttableSession(database);
  let outcome: Promise<unknown> | undefined;
  await database.sql.begin(async (tx) => {
    for (const lock of locks) await tx.unsafe(lock);
    outcome = Promise.resolve(call(session.dpg)).catch((error: unknown) => error);
    await untilWaiting(database.sql, [session.pid]);
    if (how === 'unplugged') session.destroy();
    else {
      await database.sql`select pg_terminate_backend(${session.pid})`;
      await gone(database, session.pid);
    }
    await outcome;
  });
  await gone(database, session.pid);
  return outcome;
}

/** The server process has ended, so that nothing of it is under way any more. */
export async function gone(database: TestDatabase, pid: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const rows = await database.sql`select from pg_stat_activity where pid = ${pid}`;
    if (rows.length === 0) return;
    if (Date.now() > deadline) throw new Error(`the server process ${pid} does not end`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
