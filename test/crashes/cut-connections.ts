// A program whose connections are cut all the time: by pg_terminate_backend, by a statement timeout, by a socket that is
// destroyed. It says how many errors came to nobody (unhandled rejections, uncaught exceptions): any would end an
// application. DATABASE_URL names a superuser's database with the user asha, SECONDS how long to go on.

import { randomUUID } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import postgres from 'postgres';
import { createDpg, type Dpg } from '../../sdk/index.js';
import { student } from '../sdk/story.js';

const url = process.env.DATABASE_URL as string;
const milliseconds = Number(process.env.SECONDS) * 1000;

const unheard: string[] = [];
process.on('unhandledRejection', (error) => unheard.push(`rejection: ${(error as Error)?.stack}`));
process.on('uncaughtException', (error) => unheard.push(`exception: ${error.stack}`));

const heard: Record<string, number> = {};
let done = 0;
/** Waits for a call, and counts how it ended. */
async function hear(call: PromiseLike<unknown>): Promise<void> {
  try {
    await call;
    done += 1;
  } catch (error) {
    const { code, name } = error as { code?: string; name: string };
    heard[code ?? name] = (heard[code ?? name] ?? 0) + 1;
  }
}

const pause = (most: number) => new Promise((resolve) => setTimeout(resolve, Math.random() * most));
const at = { item_network: 'yellow_dot', item_domain: 'student' };
const where = { item_latitude: 1, item_longitude: 2 };

/** What an application does: calls, a transaction that rests between its statements, one with savepoints, statements of its own. */
const habits: ((dpg: Dpg<postgres.Sql>) => PromiseLike<unknown>)[] = [
  (dpg) => dpg.items.count(at),
  (dpg) => dpg.as('asha').items.upsert(student({ ...where, item_id: randomUUID() })),
  (dpg) => dpg.sql`select pg_sleep(0.01), ${['a', 'b']}::text[] as texts`,
  (dpg) =>
    dpg.sql.begin(async (tx) => {
      await dpg.with(tx).items.count(at);
      await pause(8);
      await dpg.with(tx).items.find(at);
    }),
  (dpg) =>
    dpg.sql.begin(async (tx) => {
      await tx.savepoint(async (inner) => {
        await dpg.with(inner).as('asha').items.upsert(student());
        await pause(8);
        await inner`select 1`;
      });
      await pause(4);
      await tx`select ${1}::int`;
    }),
  (dpg) =>
    dpg.sql.begin(async (tx) => {
      await tx`select pg_sleep(0.005)`.catch(() => undefined); // who goes on after an error
      await tx`select 1`.catch(() => undefined);
      await Promise.all([tx`select 1`, dpg.with(tx).items.count(at)]);
    }),
];

/** Uses connections for a while, most of them new ones. */
async function use(make: () => Dpg<postgres.Sql>, until: number): Promise<void> {
  while (Date.now() < until) {
    const dpg = make();
    const calls = Array.from(
      { length: 12 },
      (_, i) => habits[i % habits.length]?.(dpg) as PromiseLike<unknown>,
    );
    await Promise.all(calls.map(hear));
    await dpg.end({ timeout: 0.1 });
  }
}

// a server that is behind a line that is cut, and is away from time to time
const sockets = new Set<Socket>();
const { hostname, port } = new URL(url);
const line = createServer((client) => {
  const server = connect(Number(port), hostname);
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    sockets.add(from);
    from.on('error', () => undefined);
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    from.pipe(to);
  }
});
await new Promise<void>((resolve) => line.listen(0, '127.0.0.1', resolve));
const cutUrl = new URL(url);
cutUrl.hostname = '127.0.0.1';
cutUrl.port = String((line.address() as { port: number }).port);

const admin = postgres(url, { max: 1, onnotice: () => undefined });
const until = Date.now() + milliseconds;

async function terminate(): Promise<void> {
  while (Date.now() < until) {
    await admin`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'terminated' and datname = current_database() and random() < 0.5`;
    await pause(10);
  }
}

async function cut(): Promise<void> {
  while (Date.now() < until) {
    for (const socket of sockets) if (Math.random() < 0.3) socket.resetAndDestroy();
    await pause(10);
  }
}

const named = (application_name: string, more: object = {}) => ({
  max: 3,
  backoff: 0,
  connection: { application_name, ...more },
});
/** What is still waited for long after the end is waited for for ever. */
const stuck = setTimeout(() => report(true), milliseconds + 15_000);
function report(isStuck: boolean): void {
  const counts = { done, heard, unheard: unheard.slice(0, 5), count: unheard.length, isStuck };
  process.stdout.write(JSON.stringify(counts), () => process.exit(0));
}

await Promise.all([
  terminate(),
  cut(),
  use(() => createDpg(url, named('terminated') as never), until),
  use(() => createDpg(url, named('terminated') as never), until),
  use(() => createDpg(cutUrl.href, named('cut') as never), until),
  use(() => createDpg(url, named('slow', { statement_timeout: 1 }) as never), until),
]);
for (const socket of sockets) socket.destroy();
line.close();
await admin.end({ timeout: 1 });
await pause(100);
clearTimeout(stuck);
report(false);
