// Reads on replicas: which server answers a reading call, and when a replica has what the caller has to see.
//
// A replica replays the write-ahead log of the primary, so how far it has come is a position in that log. Everything here is
// one question: has this replica replayed up to the position that the call needs? That position is the later of two: where
// the last write of the caller ended, and where the primary was `staleness` ago. No clock of a server is asked. What a
// replica has replayed it keeps, so an answer of before holds, and most reads are one trip.

import type postgres from 'postgres';
import { z } from 'zod';
import { fields } from './arguments.js';
import { type CallSettings, type Queryable, type Route, routed, serverOf, withSettings } from './client.js';
import { type ConnectionOptions, checkUrl } from './connection.js';
import { isConnectionLoss } from './connection-loss.js';
import { InvalidArgumentError } from './errors.js';
import type { Asked } from './health.js';
import { NotMigratedError } from './not-migrated.js';
import {
  askPrimary,
  type LogPosition,
  later,
  type PrimaryPosition,
  positionsIn,
  positionText,
} from './replicas/positions.js';
import { before, now, Pause, Replica, SILENCE } from './replicas/replica.js';

/** Where reading calls go. */
export interface ReplicaOptions {
  /**
   * Connection strings of standbys of this server. Reading calls go to the one with the fewest calls under way, of several
   * such to the fastest; the primary answers where none can. One that fails is left out, first for half a second, then
   * for longer and longer, at most 30 s.
   */
  replicas?: readonly string[];
  /**
   * How far behind a replica may be for calls that have nothing to wait for, in milliseconds (5,000 by default): a
   * read sees everything that was committed so long before it. It is measured against the primary, which is asked twice in that
   * time, while there are reads. With 0 a read sees everything that was committed before, by anybody, and costs a
   * trip to the primary. With `Infinity` the primary is not asked. While the primary gives no answer, what it had last
   * counts, so that replicas go on answering (but with 0). What this `dpg` has written it sees in any case.
   */
  staleness?: number;
  /**
   * For how long a read waits until a replica has what it has to see, in milliseconds (250 by default). Then the primary
   * answers.
   */
  patience?: number;
  /** Is told when a replica is left out, and why: `host:port/database` and the error. For a log. */
  onLeftOut?: (replica: string, error: unknown) => void;
}

const NUMBER_OF_MILLISECONDS = 'Pass a number of milliseconds.';
const milliseconds = z
  .custom<number>((value) => typeof value === 'number' && value >= 0, NUMBER_OF_MILLISECONDS)
  .optional();

/** Of the options, those of replicas. */
export const replicaOptions = {
  replicas: z.array(z.string('Pass connection strings.'), 'Pass an array of connection strings.').optional(),
  staleness: milliseconds,
  patience: milliseconds,
  onLeftOut: z
    .custom<(replica: string, error: unknown) => void>(
      (value) => typeof value === 'function',
      'Pass a function.',
    )
    .optional(),
};

const A_POSITION = 'Pass what dpg.position() gave, or null for no position.';

export const startingAt = fields({
  position: z
    .custom<string | null>((value) => value === null || typeof value === 'string', A_POSITION)
    .transform((text, context) => {
      const positions = text === null ? [] : positionsIn(text);
      if (positions) return positions;
      context.addIssue({ code: 'custom', message: A_POSITION, input: text });
      return z.NEVER;
    }),
});

const DEFAULT_STALENESS = 5000;
const DEFAULT_PATIENCE = 250;
/** A replica follows within so many milliseconds as a rule: after that others are waited for as well. */
const USUAL_WAIT = 20;
/** A primary that gave no answer is asked again after this time at the latest. */
const LONGEST_SILENCE = 2000;

/** What a replica knows less of: who holds locks, and how many rows a partition has that was never analysed. */
const ONLY_PRIMARY = new Set(['subscription_status', 'partitions']);

/** Where the calls of a `dpg` go. */
export interface Reads<Sql extends Queryable = Queryable> {
  /** For statements of the application. */
  readonly sql: Sql;
  /** For the calls of the SDK. */
  readonly way: Queryable;
  /** Its name, that of the primary where there are replicas; undefined where the instance does not tell. */
  readonly server: string | undefined;
  /** Those that a probe asks; none on a transaction. */
  servers(): Asked[];
  position(): Promise<string>;
  /** The same servers, for somebody who has to see these positions, and has written nothing yet. */
  at(positions: readonly LogPosition[]): Reads<Sql>;
}

/** One server, or a transaction on it, which does not tell the name of its server: all calls go there. */
export function readsOn<Sql extends Queryable>(
  sql: Sql,
  settings: CallSettings,
  server = serverOf(sql),
): Reads<Sql> {
  const reads: Reads<Sql> = {
    sql,
    way: withSettings(sql, settings, server),
    server,
    servers: () => ('savepoint' in sql ? [] : [{ sql, isReplica: false }]),
    async position() {
      if ('savepoint' in sql)
        throw new InvalidArgumentError(
          'DP001',
          'position is refused: a transaction has none before it is committed',
          {
            detail: { argument: 'position', value: null },
            hint: 'Ask after the transaction, by the dpg that it was begun with: dpg.position()',
          },
        );
      return positionText([(await askPrimary(sql)).committed]);
    },
    at: () => reads,
  };
  return reads;
}

/** A primary with its replicas. */
export class Replicas {
  readonly primary: postgres.Sql;
  readonly patience: number;
  readonly #staleness: number;
  readonly #replicas: Replica[];
  /** Where the primary was, the oldest first. */
  #samples: { asked: number; position: LogPosition }[] = [];
  #sampling: { asked: number; done: Promise<unknown> } | undefined;
  /** How long nobody waits for the primary's answer, since none came. */
  readonly #loss = new Pause(LONGEST_SILENCE);

  constructor(
    primary: postgres.Sql,
    { replicas = [], staleness, patience, onLeftOut }: ReplicaOptions,
    connection: ConnectionOptions,
  ) {
    this.primary = primary;
    this.#staleness = staleness ?? DEFAULT_STALENESS;
    this.patience = patience ?? DEFAULT_PATIENCE;
    this.#replicas = replicas.map((url) => {
      checkUrl(url, 'replicas takes connection strings');
      return new Replica(url, connection, onLeftOut);
    });
  }

  /** Those that are there, the nearest first. */
  get nearest(): Replica[] {
    return this.#replicas
      .filter(({ isThere }) => isThere)
      .sort((one, other) => one.underWay - other.underWay || one.milliseconds - other.milliseconds);
  }

  /** Where the primary was when it was last asked. */
  get latest(): LogPosition | undefined {
    return this.#samples.at(-1)?.position;
  }

  /** Asks the primary where it is. */
  async ask(): Promise<PrimaryPosition> {
    const asked = now();
    const position = await askPrimary(this.primary);
    const { flushed } = position;
    this.#loss.end();
    for (const replica of this.#replicas) replica.cluster = flushed.cluster;
    // answers can overtake one another
    this.#samples.push({ asked, position: flushed });
    this.#samples.sort((one, other) => one.asked - other.asked);
    const since = now() - this.#staleness;
    const isOld = ({ asked }: { asked: number }, place: number) =>
      place < this.#samples.length - 1 && (asked < since || this.#staleness === Number.POSITIVE_INFINITY);
    this.#samples = this.#samples.filter((sample, place) => !isOld(sample, place));
    return position;
  }

  /**
   * What a reader has to see who has written nothing: where the primary was `staleness` ago, or a little later. Rejects
   * where only the primary can tell.
   */
  async least(): Promise<LogPosition | undefined> {
    const begun = now();
    const since = begun - this.#staleness;
    const known = () => this.#samples.find(({ asked }) => asked >= since);
    const newest = this.#samples.at(-1);
    if (this.#staleness === Number.POSITIVE_INFINITY) {
      // once, so that a replica of another server is found out
      if (!newest && this.#loss.isOver) void this.#sample(0);
      return undefined;
    }
    if (!known() && !this.#loss.hasBegun) {
      await before(begun + SILENCE, this.#sample(since));
      if (!known()) this.#loss.begin();
    } else if (this.#loss.isOver && (!newest || newest.asked < begun - this.#staleness / 2)) {
      // nobody waits for that
      if (this.#loss.hasBegun) this.#loss.begin();
      void this.#sample(newest ? newest.asked + 1 : 0);
    }
    // who has to see everything does not get what was everything once
    if (!known() && this.#staleness === 0) throw new Error('the primary does not say where it is');
    return (known() ?? this.#samples.at(-1))?.position;
  }

  /** Never rejects. */
  #sample(since: number): Promise<unknown> {
    if (this.#sampling && this.#sampling.asked >= since) return this.#sampling.done;
    const sampling = { asked: now(), done: Promise.resolve() as Promise<unknown> };
    sampling.done = this.ask()
      .catch(() => undefined)
      .finally(() => {
        if (this.#sampling === sampling) this.#sampling = undefined;
      });
    this.#sampling = sampling;
    return sampling.done;
  }

  /** For one that has to see these positions, and what it writes itself. */
  reads(positions: readonly LogPosition[], settings: CallSettings): Reads<postgres.Sql> {
    const own = new OwnWrites(this, positions);
    const primary = withSettings(this.primary, settings);
    const route: Route = async (called, send) => {
      if (called.isReading && !ONLY_PRIMARY.has(called.name))
        return this.#read(own, (sql) => send(withSettings(sql, settings)));
      try {
        return await send(primary);
      } finally {
        if (!called.isReading) own.wrote();
      }
    };
    return {
      sql: noting(this.primary, () => own.wrote(true)),
      way: routed(primary, route),
      server: serverOf(primary),
      servers: () => [
        { sql: this.primary, isReplica: false },
        ...this.#replicas.map(({ sql }) => ({ sql, isReplica: true })),
      ],
      position: () => own.position(),
      at: (others) => this.reads(others, settings),
    };
  }

  /** Has the nearest replica answer that has what is to be seen, or else the primary. */
  async #read<Row>(own: OwnWrites, send: (sql: Queryable) => Promise<Row[]>): Promise<Row[]> {
    const wanted = await this.#wanted(own);
    const replicas = wanted ? this.nearest : [];
    const deadline = now() + this.patience;
    while (wanted && replicas.length > 0) {
      const replica =
        replicas.find((one) => one.has(wanted)) ?? (await firstToReach(replicas, wanted, deadline));
      if (!replica) {
        void this.#judge(replicas, wanted, own);
        break;
      }
      replicas.splice(replicas.indexOf(replica), 1);
      try {
        return await replica.use(send);
      } catch (error) {
        const flaw = flawOf(error);
        if (!flaw) throw error;
        if (flaw === 'gone') replica.leaveOut(error);
      }
    }
    return send(this.primary);
  }

  /** What a replica has to have; undefined where nobody can say. */
  async #wanted(own: OwnWrites): Promise<LogPosition[] | undefined> {
    try {
      const positions = await own.positions();
      const least = await this.least();
      if (!least) return positions;
      // what is left of a timeline that has ended, the primary had when the next one began
      const present = positions.map((one) =>
        one.cluster === least.cluster && one.timeline < least.timeline ? least : one,
      );
      return [...present, least];
    } catch {
      return undefined;
    }
  }

  /** Replicas were waited for in vain: they are late, unless it was for something that there is not. */
  async #judge(replicas: readonly Replica[], wanted: readonly LogPosition[], own: OwnWrites): Promise<void> {
    const primary = await this.ask().catch(() => undefined);
    const isReal = !primary || !wanted.some((one) => isNowhere(one, primary.committed));
    if (!isReal) own.correct(primary.committed);
    else for (const replica of replicas) replica.wasLate();
  }

  async end(how: { timeout?: number }): Promise<void> {
    await Promise.all([this.primary.end(how), ...this.#replicas.map((replica) => replica.end(how))]);
  }
}

/** What a `dpg` has to see: what it was told, and what it has written itself. */
class OwnWrites {
  readonly #replicas: Replicas;
  #told: readonly LogPosition[];
  #own: LogPosition | undefined;
  /** Writes that have ended, and how many of them the position covers: nobody asks for it before it is needed. */
  #writes = 0;
  #covered = 0;
  /** The last of them that was a transaction of the application: each may have its own `synchronous_commit`. */
  #lastTransaction = 0;
  #asking: { writes: number; done: Promise<void> } | undefined;

  constructor(replicas: Replicas, told: readonly LogPosition[]) {
    this.#replicas = replicas;
    this.#told = told;
  }

  wrote(inTransaction = false): void {
    this.#writes += 1;
    if (inTransaction) this.#lastTransaction = this.#writes;
  }

  /** Rejects where the primary does not say it. */
  async positions(): Promise<LogPosition[]> {
    if (this.#covered < this.#writes) await this.#ask();
    return this.#own ? [...this.#told, this.#own] : [...this.#told];
  }

  async position(): Promise<string> {
    if (this.#covered < this.#writes || (!this.#own && this.#told.length === 0)) await this.#ask();
    const own = this.#own;
    if (!own) return positionText(this.#told);
    const others = this.#told.filter(({ cluster }) => cluster !== own.cluster);
    return positionText([...others, this.#told.filter((one) => !others.includes(one)).reduce(later, own)]);
  }

  /** The primary is at this position, and has never been at those that were told of its cluster. */
  correct(primary: LogPosition): void {
    this.#told = this.#told.map((told) => (isBeyond(told, primary) ? primary : told));
  }

  #ask(): Promise<void> {
    const writes = this.#writes;
    if (this.#asking?.writes !== writes) {
      const asking = { writes, done: this.#askNow(writes) };
      this.#asking = asking;
      const end = () => {
        if (this.#asking === asking) this.#asking = undefined;
      };
      asking.done.then(end, end);
    }
    return (this.#asking as { done: Promise<void> }).done;
  }

  async #askNow(writes: number): Promise<void> {
    const areTransactions = this.#lastTransaction > this.#covered;
    const { isLazy, committed, flushed } = await this.#replicas.ask();
    this.#own = later(this.#own, isLazy || areTransactions ? committed : flushed);
    this.#covered = Math.max(this.#covered, writes);
  }
}

/** The nearest that has these before the deadline. The first one is given time to follow, then all are asked. */
async function firstToReach(
  replicas: readonly Replica[],
  wanted: readonly LogPosition[],
  deadline: number,
): Promise<Replica | undefined> {
  const [nearest, ...others] = replicas as [Replica, ...Replica[]];
  if (await nearest.reaches(wanted, Math.min(deadline, now() + USUAL_WAIT))) return nearest;
  const reaching = [...others, nearest].map(async (replica) => {
    if (await replica.reaches(wanted, deadline)) return replica;
    throw new Error(`${replica.name} has it not`);
  });
  return Promise.any(reaching).catch(() => undefined);
}

/** Whether no replica of this primary can come there: it is beyond, or on a timeline that begins with a later promotion. */
function isNowhere(told: LogPosition, primary: LogPosition): boolean {
  const isOfLaterTimeline = told.cluster === primary.cluster && told.timeline > primary.timeline;
  return isOfLaterTimeline || isBeyond(told, primary);
}

/** Of a cluster's position: whether the primary has never been there. */
function isBeyond(told: LogPosition, primary: LogPosition): boolean {
  return told.cluster === primary.cluster && told.timeline <= primary.timeline && told.lsn > primary.lsn;
}

/**
 * What an error says of the server: `gone`, it cannot be used; `passing`, it cannot make this call (it cancels what is in
 * the way of replaying, lacks a migration, or may not write). Nothing: the error is an answer.
 */
function flawOf(error: unknown): 'gone' | 'passing' | undefined {
  if (error instanceof NotMigratedError) return 'passing';
  const code = String((error as { code?: unknown })?.code);
  if (isConnectionLoss(error) || code === 'CONNECT_TIMEOUT' || /^(28|3D|53|58|XX)[0-9A-Z]{3}$/.test(code))
    return 'gone';
  return /^(40001|40P01|25006)$/.test(code) ? 'passing' : undefined;
}

/** The same instance, which says when a transaction of it has ended. */
function noting(sql: postgres.Sql, ended: () => void): postgres.Sql {
  const begin = ((...given: Parameters<postgres.Sql['begin']>) =>
    sql.begin(...given).finally(ended)) as postgres.Sql['begin'];
  return new Proxy(sql, {
    get: (target, name) => (name === 'begin' ? begin : Reflect.get(target, name, target)),
  });
}
