// One replica: its connections, how far it has replayed, and whether it is left out for a while.

import type postgres from 'postgres';
import { serverOf } from '../client.js';
import { type ConnectionOptions, connectTo } from '../connection.js';
import { isConnectionLoss } from '../connection-loss.js';
import { tell } from '../listeners.js';
import { isReached, type LogPosition, later, lsnText, type Replayed, textsOf } from './positions.js';

/** A server that says nothing for so long is taken for gone. */
export const SILENCE = 2000;
/** A replica that is read from is asked so often at least whether it still is one. */
const CHECK_EVERY = 5000;
/** One that was late is asked so often whether it has caught up. */
const LATE_CHECK_EVERY = 500;

const LONGEST_PAUSE = 30_000;

export const now = () => performance.now();

/** Why a replica is left out where no error says it. */
export class NotAReplicaError extends Error {
  override name = 'NotAReplicaError';
}

/** Whether it is an error of PostgreSQL, and not of the connection. */
function saysWhy(error: unknown): boolean {
  return typeof (error as { severity?: unknown })?.severity === 'string';
}

/** A time in which what was in vain is not tried again: half a second at first, twice as long each time, up to a longest. */
export class Pause {
  readonly #longest: number;
  #times = 0;
  #until = 0;

  constructor(longest: number) {
    this.#longest = longest;
  }

  get hasBegun(): boolean {
    return this.#times > 0;
  }

  get isOver(): boolean {
    return now() >= this.#until;
  }

  begin(): void {
    this.#until = now() + Math.min(this.#longest, 500 * 2 ** this.#times);
    this.#times += 1;
  }

  end(): void {
    this.#times = 0;
    this.#until = 0;
  }
}

// Where a position is given, it waits for that, for 10 ms at most, in steps of one: a wait is one trip as a rule. It
// does not wait for longer, since a statement has a snapshot, and what is to be replayed may have to wait for that.
const REPLAYED = `
  with recursive waiting(step, lsn) as (
    select 0, pg_last_wal_replay_lsn()
    union all
    select w.step + 1, case when pg_sleep(0.001)::text = '' then pg_last_wal_replay_lsn() end
    from waiting w
    where w.lsn < $1::text::pg_lsn
      and w.step < 10
  )
  select
    pg_is_in_recovery()::text,
    s.system_identifier::text,
    greatest(c.timeline_id, r.min_recovery_end_timeline)::text,
    (select w.received_tli from pg_stat_wal_receiver w)::text,
    ((select max(w.lsn) from waiting w) - '0/0')::text,
    current_setting('server_version_num')
  from pg_control_system() s, pg_control_checkpoint() c, pg_control_recovery() r`;

export class Replica {
  /** `host:port/database`. */
  readonly name: string;
  /** Reading calls under way. */
  underWay = 0;
  /** What a call took of late, in milliseconds. */
  milliseconds = 0;

  readonly #url: string;
  readonly #options: ConnectionOptions;
  readonly #onLeftOut: ((replica: string, error: unknown) => void) | undefined;
  #sql: postgres.Sql;
  /** Questions go their own way: they must not wait until a long call has ended. */
  #questions: postgres.Sql;
  #known: (Replayed & { asked: number }) | undefined;
  #asking: Promise<void> | undefined;
  #wanted: LogPosition | undefined;
  #cluster: string | undefined;
  #isLeftOut = false;
  #hasEnded = false;
  /** Whether it has `wait for lsn`, as PostgreSQL has since 19. */
  #hasWaitFor: boolean | undefined;
  #watching: NodeJS.Timeout | undefined;
  /** How long it is left out. */
  readonly #absence = new Pause(LONGEST_PAUSE);
  /** How long nobody waits for it, since it did not get there in time. */
  readonly #lateness = new Pause(LONGEST_PAUSE);

  constructor(
    url: string,
    options: ConnectionOptions,
    onLeftOut?: (replica: string, error: unknown) => void,
  ) {
    this.#url = url;
    this.#options = { ...options, connect_timeout: Math.min(options.connect_timeout ?? 2, 2) };
    this.#onLeftOut = onLeftOut;
    [this.#sql, this.#questions] = this.#connections();
    this.name = serverOf(this.#sql) as string;
  }

  get sql(): postgres.Sql {
    return this.#sql;
  }

  /** Whether calls may go there. One whose pause is over is asked meanwhile whether it is well again. */
  get isThere(): boolean {
    if (this.#isLeftOut && !this.#hasEnded && this.#absence.isOver) void this.#ask();
    return !this.#isLeftOut;
  }

  /** Of the primary's cluster: another one is no primary of this replica. */
  set cluster(cluster: string) {
    if (cluster === this.#cluster) return;
    this.#cluster = cluster;
    if (this.#known && this.#known.cluster !== cluster) this.leaveOut(this.#stranger());
  }

  /** Whether it is known to have these. Positions of other clusters do not concern it. */
  has(wanted: readonly LogPosition[]): boolean {
    const known = this.#fresh(CHECK_EVERY);
    return known !== undefined && this.#missing(known, wanted).length === 0;
  }

  /** Whether it has these before the deadline; waits for them until then. */
  async reaches(wanted: readonly LogPosition[], deadline: number): Promise<boolean> {
    // who was late is not waited for, and asked now and then
    const isLate = !this.#lateness.isOver;
    if (isLate && this.#fresh(LATE_CHECK_EVERY)) return this.has(wanted);
    do {
      const known = this.#fresh(CHECK_EVERY);
      const missing = known && this.#missing(known, wanted);
      // what it has of another timeline will not become what is wanted
      if (known && missing?.some(({ lsn }) => lsn <= known.lsn)) return false;
      await before(deadline, this.#ask(isLate ? undefined : missing?.reduce(later)));
      if (this.has(wanted)) {
        this.#lateness.end();
        return true;
      }
    } while (!isLate && !this.#isLeftOut && !this.#hasEnded && now() < deadline);
    return false;
  }

  #fresh(age: number): (Replayed & { asked: number }) | undefined {
    const known = this.#known;
    return !this.#isLeftOut && known && now() - known.asked <= age ? known : undefined;
  }

  #missing(known: Replayed, wanted: readonly LogPosition[]): LogPosition[] {
    return wanted.filter((position) => position.cluster === known.cluster && !isReached(known, position));
  }

  /** It was waited for in vain. */
  wasLate(): void {
    if (this.#lateness.isOver) this.#lateness.begin();
  }

  /** Makes a call there. */
  async use<Result>(call: (sql: postgres.Sql) => Promise<Result>): Promise<Result> {
    const begun = performance.now();
    this.underWay += 1;
    this.#watch();
    try {
      const result = await call(this.#sql);
      this.milliseconds += (performance.now() - begun - this.milliseconds) / 8;
      if (!this.#isLeftOut) this.#absence.end();
      return result;
    } finally {
      this.underWay -= 1;
      this.#watch();
    }
  }

  /** No call goes there for a while. */
  leaveOut(error: unknown): void {
    if (this.#hasEnded) return;
    this.#absence.begin();
    if (this.#isLeftOut) return;
    this.#isLeftOut = true;
    this.#known = undefined;
    // The name may lead to another server by now, and postgres.js would wait longer and longer before it tries again. A server
    // that says what is wrong still answers other calls.
    this.#connectAnew(error instanceof NotAReplicaError || saysWhy(error) ? 5 : 0);
    tell(this.#onLeftOut, this.name, error);
  }

  /** Calls under way have so many seconds. */
  #connectAnew(timeout: number): void {
    const former = [this.#sql, this.#questions];
    [this.#sql, this.#questions] = this.#connections();
    for (const sql of former) sql.end({ timeout }).catch(() => undefined);
  }

  async end(how: { timeout?: number }): Promise<void> {
    clearInterval(this.#watching);
    this.#hasEnded = true;
    await Promise.all([this.#sql.end(how), this.#questions.end({ timeout: 0 })]);
  }

  #connections(): [postgres.Sql, postgres.Sql] {
    const of = (max: number | undefined) =>
      connectTo(this.#url, { ...this.#options, ...(max !== undefined && { max }) });
    return [of(this.#options.max), of(1)];
  }

  /** A server that hangs does not end calls: while some are under way, it is asked now and then. */
  #watch(): void {
    if (this.underWay === 0) {
      clearInterval(this.#watching);
      this.#watching = undefined;
    } else {
      this.#watching ??= setInterval(() => void this.#ask(), SILENCE).unref();
    }
  }

  /** Asks how far it is, for all who want to know. Never rejects. */
  #ask(wanted?: LogPosition): Promise<void> {
    // what is wanted first is waited for
    if (wanted && (!this.#wanted || wanted.lsn < this.#wanted.lsn)) this.#wanted = wanted;
    this.#asking ??= this.#answer().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #answer(): Promise<void> {
    const questions = this.#questions;
    const isSame = () => questions === this.#questions;
    const wanted = this.#wanted;
    this.#wanted = undefined;
    const asked = now();
    try {
      const answer = await within(SILENCE, this.#question(questions, wanted));
      // it may have been left out meanwhile, for what a call has met
      if (!isSame() || (this.#isLeftOut && !this.#absence.isOver)) return;
      const [isInRecovery, cluster = '', timeline, received, lsn, version] = answer;
      if (isInRecovery !== 'true') throw new NotAReplicaError(`${this.name} is no standby`);
      if (this.#cluster !== undefined && this.#cluster !== cluster) throw this.#stranger();
      this.#hasWaitFor ??= Number(version) >= 190_000;
      this.#isLeftOut = false;
      this.#known = {
        asked,
        cluster,
        timeline: Number(timeline),
        receivedTimeline: received === undefined ? null : Number(received),
        lsn: BigInt(lsn ?? 0),
      };
    } catch (error) {
      if (!isSame()) return;
      // one that was left out before may be silent by now
      if (this.#isLeftOut) this.#connectAnew(0);
      this.leaveOut(error);
    }
  }

  #stranger(): NotAReplicaError {
    return new NotAReplicaError(
      `${this.name} is no replica of this primary: its system identifier is another one`,
    );
  }

  async #question(sql: postgres.Sql, wanted: LogPosition | undefined): Promise<(string | undefined)[]> {
    const lsn = wanted ? lsnText(wanted) : null;
    if (!lsn || !this.#hasWaitFor) return textsOf(sql, REPLAYED, [lsn]);
    try {
      // it has no snapshot, so that it may take its time
      await sql.unsafe(`wait for lsn '${lsn}' with (timeout '100ms', no_throw)`).simple();
    } catch (error) {
      if (isConnectionLoss(error)) throw error;
      this.#hasWaitFor = false;
    }
    return textsOf(sql, REPLAYED, [this.#hasWaitFor ? null : lsn]);
  }
}

/** A timer that is set for longer ends at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The result, or an error after so many milliseconds. */
export async function within<Result>(milliseconds: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    const error = Object.assign(new Error(`no answer within ${milliseconds} ms`), { code: 'ETIMEDOUT' });
    timer = setTimeout(() => reject(error), Math.min(milliseconds, LONGEST_TIMER));
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}

/** Until it is done, or until then. */
export async function before(deadline: number, work: Promise<unknown>): Promise<void> {
  await within(Math.max(0, deadline - now()), work).catch(() => undefined);
}
