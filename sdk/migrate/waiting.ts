// What a migration waits for, as the server knows it: another process that migrates, or whoever has a lock that it needs.

import type postgres from 'postgres';
import { tell } from '../listeners.js';

/** A session of the server. */
export interface Holder {
  /** 0 is a prepared transaction: see pg_prepared_xacts. */
  pid: number;
  role: string | null;
  application_name: string | null;
  /** As in pg_stat_activity; null where the migrating role may not see it. */
  state: string | null;
  /** When its transaction began, ISO 8601 in UTC; null outside of a transaction, or where it may not be seen. */
  since: string | null;
}

export interface Waiting {
  for: 'migration' | 'lock';
  /** What is locked: `dpg.items`; null for what is no object, and for another migration. */
  object: string | null;
  holders: Holder[];
}

interface Row extends Holder {
  object: string | null;
  /** It gives its lock up to who has waited for deadlock_timeout, which is so many milliseconds. */
  is_autovacuum: boolean;
  deadlock_milliseconds: number;
}

const HOLDER = `
    blocking.pid, holder.usename as role, holder.application_name, holder.state,
    pg_catalog.to_char(holder.xact_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as since`;

const OF_A_LOCK = `
  select distinct
    coalesce(
      pg_catalog.format('%s.%s', n.nspname, c.relname),
      case wanted.locktype
        when 'object' then pg_catalog.pg_describe_object(wanted.classid, wanted.objid, 0)
      end
    ) as object,
    coalesce(holder.backend_type = 'autovacuum worker', blocking.pid <> 0 and holder.usesysid is null) as is_autovacuum,
    (extract(epoch from pg_catalog.current_setting('deadlock_timeout')::interval) * 1000)::integer as deadlock_milliseconds,
    ${HOLDER}
  from pg_catalog.pg_stat_activity as ours
  join pg_catalog.pg_locks as wanted on wanted.pid = ours.pid and not wanted.granted
  left join pg_catalog.pg_class as c on c.oid = wanted.relation
  left join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  cross join lateral pg_catalog.unnest(pg_catalog.pg_blocking_pids(ours.pid)) as blocking (pid)
  left join pg_catalog.pg_stat_activity as holder on holder.pid = blocking.pid
  where ours.application_name = $1
  order by blocking.pid`;

/** The key is graphile-migrate's own, 4727445306447283, in the two halves that pg_locks has of it. */
const OF_ANOTHER = `
  select null as object, false as is_autovacuum, 0 as deadlock_milliseconds, ${HOLDER}
  from pg_catalog.pg_locks as blocking
  left join pg_catalog.pg_stat_activity as holder on holder.pid = blocking.pid
  where blocking.locktype = 'advisory' and blocking.granted and blocking.objsubid = 1
    and blocking.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
    and blocking.classid::bigint = 4727445306447283 >> 32
    and blocking.objid::bigint = 4727445306447283 & 4294967295`;

const LOOK_MILLISECONDS = 100;

/** Looks what a session waits for, and tells of it whenever it is something else than before. */
export class Watch {
  /** What was seen last. */
  last: Waiting | undefined;
  /** For how long to wait for a lock, so that autovacuum gives it up; undefined where it has none that is waited for. */
  autovacuumMilliseconds: number | undefined;
  readonly #sql: postgres.Sql;
  readonly #application_name: string;
  readonly #tell: (waiting: Waiting) => void;
  #told = '';

  constructor(
    sql: postgres.Sql,
    application_name: string,
    onWaiting: (waiting: Waiting) => void = () => undefined,
  ) {
    this.#sql = sql;
    this.#application_name = application_name;
    this.#tell = onWaiting;
  }

  /** Looks from time to time until the work has ended. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    let isOver = false;
    const over = work.then(
      () => undefined,
      () => undefined,
    );
    const watch = async () => {
      while (!isOver) {
        // what is wrong with the connection is told by those who work with it
        await this.look('lock').catch(() => undefined);
        await Promise.race([over, pause(LOOK_MILLISECONDS)]);
      }
    };
    void watch();
    try {
      return await work;
    } finally {
      isOver = true;
    }
  }

  async look(what: Waiting['for']): Promise<void> {
    const rows = await (what === 'lock'
      ? this.#sql.unsafe<Row[]>(OF_A_LOCK, [this.#application_name])
      : this.#sql.unsafe<Row[]>(OF_ANOTHER));
    const [first] = rows;
    if (!first) return;
    this.autovacuumMilliseconds = rows.some(({ is_autovacuum }) => is_autovacuum)
      ? first.deadlock_milliseconds + 500
      : undefined;
    const holders = rows.map(({ pid, role, application_name, state, since }) => ({
      pid,
      role,
      application_name,
      state,
      since,
    }));
    this.last = { for: what, object: first.object, holders };
    const told = JSON.stringify(this.last);
    if (told === this.#told) return;
    this.#told = told;
    tell(this.#tell, this.last);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** In words: `a lock on dpg.items, which process 4711 (role app, active, in a transaction since …) holds`. */
export function inWords({ for: what, object, holders }: Waiting): string {
  if (what === 'migration') return `the migration of ${holdersInWords(holders)}`;
  return `a lock${object ? ` on ${object}` : ''}, which ${holdersInWords(holders)} ${holders.length > 1 ? 'hold' : 'holds'}`;
}

export function holdersInWords(holders: Holder[]): string {
  return holders.map(holderInWords).join(' and ');
}

function holderInWords({ pid, role, application_name, state, since }: Holder): string {
  if (pid === 0) return 'a prepared transaction (see pg_prepared_xacts)';
  const known = [
    role && `role ${role}`,
    application_name && `application_name ${application_name}`,
    [state, since && `since ${since}`].filter(Boolean).join(', in a transaction '),
  ].filter(Boolean);
  return `process ${pid}${known.length > 0 ? ` (${known.join(', ')})` : ''}`;
}
