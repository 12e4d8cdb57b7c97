// The two servers of a move and the sessions on them. A move takes a session of its own on each server, since it holds a
// lock there for as long as the command runs: so no pooler of transactions stands between.

import type postgres from 'postgres';
import { connectTo } from '../../connection.js';
import { guardSending } from '../../postgres-js.js';
import { Refusal, UsageError } from '../command.js';
import { place, withoutPassword } from '../connection.js';
import { ConnectionError, connectionError } from '../errors.js';

export type Side = 'sender' | 'receiver';

export interface Home {
  side: Side;
  url: string;
  /** `postgres://host:port/database`: what `dpg.homes` says, without user and password. */
  server: string;
  /** The session that does the work. It holds the lock of the move. */
  sql: postgres.ReservedSql;
  /** Another session, for what must be committed while the first one is in a transaction. */
  aside: postgres.Sql;
  /** 150000 for PostgreSQL 15.0. */
  version: number;
  end(): Promise<void>;
}

export async function connectHome(side: Side, url: string): Promise<Home> {
  const server = serverOf(url);
  let lost: { error: unknown } | undefined;
  const open = (name: string) =>
    connectTo(url, {
      onclose: () => {
        lost = { error: lostSession(`the session on the ${side} (${server}) was lost`) };
      },
      max: 1,
      prepare: false,
      connect_timeout: 10,
      max_lifetime: null,
      connection: {
        application_name: `dpg-database move${name}`,
        search_path: 'pg_catalog',
        statement_timeout: 0,
        lock_timeout: 0,
        idle_in_transaction_session_timeout: 0,
        // a statement of a command that was killed shall not go on for long
        client_connection_check_interval: 1000,
      },
    });
  const main = open('');
  const aside = open(' (aside)');
  const end = async () => {
    await Promise.all([main.end({ timeout: 1 }), aside.end({ timeout: 1 })]);
  };
  try {
    const [row] = await aside`
      select current_setting('server_version_num')::integer as version, to_regclass('dpg_private.moves') is not null as has_moves`;
    if (!row?.has_moves) {
      throw new Refusal(
        `the ${side} (${server}) has no table dpg_private.moves`,
        'Run the migrations there first: npx dpg-database migrate',
      );
    }
    // postgres.js reserves a connection that is there already; one that it would make for that it forgets
    await main`select 1`;
    const sql = guarded(await main.reserve(), () => lost);
    // A step that was done must not be lost with the server: the other one has gone on by then.
    for (const session of [sql, aside])
      await session`
        select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`;
    return { side, url, server, sql, aside, version: Number(row.version), end };
  } catch (error) {
    await end();
    if (error instanceof Refusal) throw error;
    throw connectionError(error, place(aside));
  }
}

export function lostSession(message: string, cause?: unknown): ConnectionError {
  return new ConnectionError(message, 'Run the command again: it goes on where it was.', { cause });
}

/** A session that refuses what is sent after it was lost: postgres.js would end the process. */
function guarded(
  sql: postgres.ReservedSql,
  refusal: () => { error: unknown } | undefined,
): postgres.ReservedSql {
  const guard = (made: unknown) => {
    if (made instanceof Promise) guardSending(made, refusal, () => undefined);
    return made;
  };
  return new Proxy(sql, {
    apply: (target, self, given) => guard(Reflect.apply(target, self, given)),
    get: (target, name) => {
      const member = Reflect.get(target, name) as unknown;
      if (name !== 'unsafe') return member;
      return (...given: unknown[]) => guard((member as (...given: unknown[]) => unknown)(...given));
    },
  });
}

/** @throws {UsageError} when it is no URL of a server */
export function serverOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol) || parsed.pathname.length < 2) {
    throw new UsageError('a server is named by a URL like postgres://user:password@host:5432/database');
  }
  return `postgres://${parsed.hostname}:${parsed.port || '5432'}${parsed.pathname}`;
}

/** What a message of a server has of the passwords of these URLs is hidden. */
export function hidden(text: string, ...urls: string[]): string {
  return urls.reduce((shown, url) => withoutPassword(shown, url), text);
}

/** One server can be spelled in many ways: a session of the one is looked for on the other. */
export async function checkDifferent(sender: Home, receiver: Home): Promise<void> {
  const [session] = await sender.aside`
    select pg_backend_pid() as pid, backend_start::text as since from pg_stat_activity where pid = pg_backend_pid()`;
  const [same] = await receiver.aside`
    select
    from pg_stat_activity a
    where a.pid = ${session?.pid}
      and a.backend_start::text = ${session?.since}
      and a.datname = current_database()`;
  if (same) throw new Refusal('sender and receiver are one database', 'Name the new home with --to.');
}

const LOCK = (network: string) => `dpg-database move ${network}`;

/**
 * One command at a time works on a move. The lock is the session's, so it goes when the command is killed; a statement that a
 * killed command has left behind may go on for some seconds, and is waited for.
 */
export async function takeLock({ sql, side, server }: Home, network: string): Promise<void> {
  const until = Date.now() + 15_000;
  for (;;) {
    const [row] = await sql`select pg_try_advisory_lock(hashtextextended(${LOCK(network)}, 0)) as taken`;
    if (row?.taken) return;
    if (Date.now() > until) break;
    await pause(200);
  }
  const [holder] = await sql`
    select a.pid, a.application_name, a.backend_start::text as since
    from pg_locks l
    join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory'
      and l.granted
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and (l.classid::bigint << 32) | l.objid::bigint = hashtextextended(${LOCK(network)}, 0)`;
  throw new Refusal(
    `another command works on this move: process ${holder?.pid} of the ${side} (${server}), ${holder?.application_name}, since ${holder?.since}`,
    'Wait for it to end. Where nobody waits for it any more, end it: select pg_terminate_backend(<pid>);',
  );
}

export async function giveLock({ sql }: Home, network: string): Promise<void> {
  await sql`select pg_advisory_unlock(hashtextextended(${LOCK(network)}, 0))`;
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Asks again and again. Null when there was no answer within that time. */
export async function until<Answer>(
  ask: () => Promise<Answer | undefined>,
  milliseconds: number,
  every: number,
): Promise<Answer | undefined> {
  const end = performance.now() + milliseconds;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() >= end) return undefined;
    await pause(every);
  }
}

export { ConnectionError };
