// Whether calls can be answered, for a probe: an answer in any case, and in time.

import { z } from 'zod';
import { fields } from './arguments.js';
import { writeArray } from './arrays.js';
import { type Queryable, serverOf, views } from './client.js';
import { isConnectionLoss } from './connection-loss.js';
import { InvalidArgumentError } from './errors.js';
import { functions } from './functions.js';
import { textsOf } from './replicas/positions.js';
import { within } from './replicas/replica.js';

/**
 * Why calls cannot be answered.
 *
 * - `no_connection`: the server is not there, or not at this address.
 * - `no_answer`: it has not answered in time; or all connections of this process were busy for as long.
 * - `not_accepting`: it starts, stops or recovers.
 * - `too_many_connections`: it takes no more, of anybody or of this role.
 * - `login_refused`: user, password or database are wrong; or the login may not use the schema dpg.
 * - `not_migrated`: a function that this SDK calls is not there: `missing` names it. Run `npx dpg-database migrate`.
 * - `failed`: something else: `code` says what.
 */
export type Ailment =
  | 'no_connection'
  | 'no_answer'
  | 'not_accepting'
  | 'too_many_connections'
  | 'login_refused'
  | 'not_migrated'
  | 'failed';

/** How one server is. */
export interface ServerHealth {
  ok: boolean;
  /** Undefined where it is well. */
  reason: Ailment | undefined;
  /** The SQLSTATE, or what postgres.js and the system say; undefined where it is well. */
  code: string | undefined;
  /** `host:port/database`; undefined where the instance does not tell. */
  server: string | undefined;
  /** Whether it is one of `replicas`. */
  isReplica: boolean;
  milliseconds: number;
  /** Of PostgreSQL: `18.4`. Undefined where it gave no answer, as the next two. */
  version: string | undefined;
  /** Whether it is a standby, which refuses writes (25006). */
  isStandby: boolean | undefined;
  /** What this SDK calls and the database does not have: functions, arguments, views. The database is older. */
  missing: string[] | undefined;
}

/** How the servers of a `dpg` are. */
export interface Health {
  /** Whether all are well, but for replicas: where one is away, the primary answers. */
  ok: boolean;
  /** Those of the first server that is not well. */
  reason: Ailment | undefined;
  code: string | undefined;
  milliseconds: number;
  /** Each server that is known: with several homes each of them, with replicas the primary first. */
  servers: ServerHealth[];
}

/** How a probe asks. */
export interface AskHealth {
  /** An answer is waited for so long; 2,000 by default. */
  timeoutMilliseconds?: number;
}

/** A server that can be asked. */
export interface Asked {
  sql: Queryable;
  isReplica: boolean;
}

export const askHealth = fields({
  timeoutMilliseconds: z.number('Pass a number of milliseconds.').positive().optional(),
});

const DEFAULT_TIMEOUT = 2000;

/** Never rejects because of a server. */
export async function healthOf(
  asked: readonly Asked[],
  { timeoutMilliseconds = DEFAULT_TIMEOUT }: AskHealth,
): Promise<Health> {
  const begun = performance.now();
  const servers = await Promise.all(asked.map((server) => healthOfServer(server, timeoutMilliseconds)));
  const ill = servers.find(({ ok, isReplica }) => !ok && !isReplica);
  return {
    ok: !ill,
    reason: ill?.reason,
    code: ill?.code,
    milliseconds: performance.now() - begun,
    servers,
  };
}

export function healthOfTransaction(): InvalidArgumentError {
  return new InvalidArgumentError('DP001', 'health is refused: a transaction is one connection that works', {
    detail: { argument: 'health', value: null },
    hint: 'Ask the dpg that it was begun with: dpg.health()',
  });
}

async function healthOfServer({ sql, isReplica }: Asked, timeout: number): Promise<ServerHealth> {
  const begun = performance.now();
  const server = serverOf(sql);
  const found = (answer: Partial<ServerHealth>): ServerHealth => ({
    ok: answer.reason === undefined,
    reason: undefined,
    code: undefined,
    server,
    isReplica,
    milliseconds: performance.now() - begun,
    version: undefined,
    isStandby: undefined,
    missing: undefined,
    ...answer,
  });
  try {
    const [version, isStandby, isGranted, missing = ''] = await within(timeout, question(sql));
    const lacks = missing === '' ? [] : missing.split(' ');
    const answer = { version, isStandby: isStandby === 'true', missing: lacks };
    if (lacks.length > 0) return found({ ...answer, reason: 'not_migrated', code: '42883' });
    if (isGranted !== 'true') return found({ ...answer, reason: 'login_refused', code: '42501' });
    return found(answer);
  } catch (error) {
    return found({ reason: ailmentOf(error), code: codeOf(error) });
  }
}

function codeOf(error: unknown): string | undefined {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

function ailmentOf(error: unknown): Ailment {
  const code = String(codeOf(error));
  if (/^(28...|3D000|42501)$/.test(code)) return 'login_refused';
  if (code === '53300') return 'too_many_connections';
  if (/^57P0/.test(code)) return 'not_accepting';
  if (code === 'ETIMEDOUT' || code === 'CONNECT_TIMEOUT') return 'no_answer';
  return isConnectionLoss(error) ? 'no_connection' : 'failed';
}

/** Names and arguments, of functions and of relations; a relation has none. */
const QUESTION = `
  select
    current_setting('server_version'),
    pg_is_in_recovery()::text,
    has_schema_privilege(n.oid, 'usage')::text,
    (
      select string_agg(c.name, ' ' order by c.name)
      from unnest($1::text::text[], $2::text::text[]) c(name, arguments)
      where case
        when c.arguments is null then not exists (
          select from pg_class r where r.relnamespace = n.oid and r.relname = c.name
        )
        else not exists (
          select from pg_proc p
          where p.pronamespace = n.oid
            and p.proname = c.name
            and coalesce(p.proargnames, '{}') @> string_to_array(c.arguments, ' ')
        )
      end
    )
  from (values (1)) one
  left join pg_namespace n on n.nspname = 'dpg'`;

let needed: [names: string, signatures: string] | undefined;

/** What the SDK calls. Views are known when their modules are loaded. */
function whatIsNeeded(): [names: string, signatures: string] {
  if (needed) return needed;
  const calls = Object.entries(functions).map(([name, { takes, mayTake }]): [string, string | null] => [
    name,
    Object.keys({ ...takes, ...mayTake }).join(' '),
  ]);
  const all = [...calls, ...[...views].map((name): [string, null] => [name, null])];
  needed = [
    writeArray(all.map(([name]) => name)),
    `{${all.map(([, signature]) => (signature === null ? 'null' : `"${signature}"`)).join(',')}}`,
  ];
  return needed;
}

/** Questions under way: a server that hangs is not asked more and more. */
const underWay = new WeakMap<object, Promise<(string | undefined)[]>[]>();
const MOST_QUESTIONS = 3;

function question(sql: Queryable): Promise<(string | undefined)[]> {
  const waiting = underWay.get(sql) ?? [];
  underWay.set(sql, waiting);
  const last = waiting.at(-1);
  if (last && waiting.length >= MOST_QUESTIONS) return last;
  const asked = textsOf(sql, QUESTION, whatIsNeeded()).finally(() => {
    waiting.splice(waiting.indexOf(asked), 1);
  });
  waiting.push(asked);
  return asked;
}
