// Many sessions at once, each its own connection to the server.

import type postgres from 'postgres';
import { createDpg, type Dpg } from '../../sdk/index.js';
import type { TestDatabase } from '../support/test-database.js';

export interface Session extends Dpg<postgres.Sql> {
  /** Process id of the session's server process. */
  pid: number;
}

/** Sessions that are connected already, so that what follows starts at once in all of them. */
export function openSessions(database: TestDatabase, count: number): Promise<Session[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const sql = database.connect({ max: 1, connection: { application_name: `session ${i}` } });
      const [row] = await sql`select pg_backend_pid() as pid`;
      return Object.assign(createDpg(sql), { pid: Number(row?.pid) });
    }),
  );
}

export async function closeSessions(sessions: Session[]): Promise<void> {
  await Promise.all(sessions.map((session) => session.sql.end({ timeout: 1 })));
}

/** The codes (or messages) of what was rejected, with how often: `{}` when all went well. */
export function refusals(results: PromiseSettledResult<unknown>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const result of results) {
    if (result.status === 'fulfilled') continue;
    const { code, message } = result.reason as { code?: string; message: string };
    const what = `${code ?? ''} ${message}`;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

/** Values of the promises; what was rejected is told all at once. */
export async function allOf<Value>(promises: Promise<Value>[]): Promise<Value[]> {
  const results = await Promise.allSettled(promises);
  const refused = refusals(results);
  if (Object.keys(refused).length > 0) throw new Error(`refused: ${JSON.stringify(refused, null, 2)}`);
  return results.map((result) => (result as PromiseFulfilledResult<Value>).value);
}

/** Every leaf that is attached, as `root: bound of the network > bound of the leaf`, sorted. */
export async function attachedLeaves(sql: postgres.Sql, network: string): Promise<string[]> {
  const rows = await sql<{ line: string }[]>`
    select
      r.root || ': ' || pg_get_expr(parent.relpartbound, parent.oid) || ' > ' || pg_get_expr(leaf.relpartbound, leaf.oid)
        as line
    from (values ('items'), ('item_actions'), ('action_events')) r(root)
    cross join pg_partition_tree('dpg.' || r.root) t
    join pg_class leaf on leaf.oid = t.relid
    join pg_class parent on parent.oid = t.parentrelid
    where t.isleaf and t.level = 2
      and pg_get_expr(parent.relpartbound, parent.oid) = format('FOR VALUES IN (%L)', ${network}::text)`;
  return rows.map(({ line }) => line).sort();
}

/** Waits until a condition of the server holds. */
export async function until(what: string, condition: () => Promise<boolean>, seconds = 20): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until these sessions all wait for a lock. */
export function untilWaiting(sql: postgres.Sql, pids: number[]): Promise<void> {
  return until(`${pids.length} sessions wait for a lock`, async () => {
    const [row] = await sql`
      select count(distinct l.pid)::integer as waiting from pg_locks l where not l.granted and l.pid = any (${pids})`;
    return row?.waiting === pids.length;
  });
}
