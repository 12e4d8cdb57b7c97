// The switch: the sender stops the writers of the network, the receiver gets the last of their rows, the sender closes the
// network, the receiver opens it. Until the sender commits, everything can be taken back, and is when it takes too long.

import { Refusal } from '../command.js';
import { hasMarker, inTransaction, markerTrip, readSubscription, writeMarker } from './copy.js';
import { moveName, USERS } from './names.js';
import { readRecord } from './record.js';
import type { Holder, SwitchReport, Verified } from './report.js';
import { type Home, pause, until } from './servers.js';
import type { Users } from './users.js';

export interface SwitchOptions {
  /** For how many seconds to try. */
  patience: number;
  /** For how many milliseconds the writers may be held, before the locks are given back: the try was in vain then. */
  hold: number;
  verify: boolean;
  say(line: string): void;
}

/** Tries until it is done or patience ends: then everything is as it was, and the report says who was in the way. */
export async function switchOver(
  sender: Home,
  receiver: Home,
  network: string,
  users: Users,
  options: SwitchOptions,
): Promise<SwitchReport> {
  const end = performance.now() + options.patience * 1000;
  const report: SwitchReport = {
    is_done: false,
    tries: 0,
    locked_milliseconds: 0,
    reason: null,
    blocked_by: [],
    verified: [],
  };
  const follows = await readSubscription(receiver, USERS);
  const waitsForUsers = users.home === 'sender' && follows !== undefined;
  for (;;) {
    // The writers are held for as long as a row takes to arrive, so one is sent first.
    const trip = await markerTrip(sender, receiver, network, Math.max(end - performance.now(), 1000));
    if (trip === undefined || trip > options.hold / 2) {
      report.reason = 'the receiver is behind';
      if (performance.now() > end) return report;
      await pause(500);
      continue;
    }
    report.tries += 1;
    const started = performance.now();
    const left = Math.max(end - started, 500);
    const problem = await tryOnce(left);
    if (problem === undefined) {
      report.is_done = true;
      report.reason = null;
      report.blocked_by = [];
      return report;
    }
    report.reason = problem;
    if (performance.now() > end) return report;
    options.say(`not yet: ${problem}`);
    await pause(500);
  }

  async function tryOnce(left: number): Promise<string | undefined> {
    const { sql } = sender;
    let lockedAt = 0;
    await sql.unsafe('begin');
    try {
      // whatever happens to this command, nobody is held for longer
      const longest = options.verify ? 600_000 : options.hold + 500;
      await sql.unsafe(`set local idle_in_transaction_session_timeout = ${longest}`);
      // for a short time: whoever creates a leaf, of any network, waits meanwhile
      const blockedBy = await lock(Math.floor(Math.min(left, 1500)));
      if (blockedBy) {
        report.blocked_by = blockedBy;
        await sql.unsafe('rollback');
        await cancelAutovacuum(blockedBy);
        return blockedBy.length > 0
          ? `the network is written by ${blockedBy.map(inWords).join('; ')}`
          : 'the network is written all the time';
      }
      lockedAt = performance.now();
      const marker = await writeMarker(sender, network);
      const usersMarker = waitsForUsers ? await writeMarker(sender) : undefined;
      const hasArrived = await until(
        async () =>
          (await hasMarker(receiver, network, marker)) &&
          (usersMarker === undefined || (await hasMarker(receiver, '', usersMarker))),
        options.hold - (performance.now() - lockedAt),
        2,
      );
      if (!hasArrived) {
        await sql.unsafe('rollback');
        return `the last rows had not arrived after ${options.hold} ms`;
      }
      if (options.verify) {
        report.verified = await compare(sender, receiver, network);
        const wrong = report.verified.filter((leaf) => !leaf.is_equal);
        if (wrong.length > 0) {
          await sql.unsafe('rollback');
          throw new Refusal(
            `sender and receiver differ in ${wrong.map(({ root, key }) => `${root} ${key}`).join(', ')}; nothing was switched`,
            'Look at these leaves on both servers. --abort takes the copy away, and the move can begin anew.',
          );
        }
      }
      // What can fail fails while the sender is open: the receiver has opened the network, and not committed it.
      const notOpen = await prepareToOpen(options.hold - (performance.now() - lockedAt));
      if (notOpen !== undefined) {
        await sql.unsafe('rollback');
        return notOpen;
      }
      await sql`select dpg_private.close_network(${network}, ${receiver.server})`;
      await sql.unsafe('commit');
      await receiver.sql.unsafe('commit');
      report.locked_milliseconds = Math.round(performance.now() - lockedAt);
      return undefined;
    } catch (error) {
      await receiver.sql.unsafe('rollback').catch(() => undefined);
      await sql.unsafe('rollback').catch(() => undefined);
      throw error;
    }
  }

  async function prepareToOpen(milliseconds: number): Promise<string | undefined> {
    const contents = await contentsOf(sender.sql, network);
    await receiver.sql.unsafe('begin');
    try {
      const longest = Math.max(Math.floor(milliseconds), 100);
      await receiver.sql.unsafe(`set local lock_timeout = ${longest}`);
      // sooner than the sender ends our session, which holds its writers: then it is a try in vain
      const longestWork = options.verify ? 60_000 : longest + 250;
      await receiver.sql.unsafe(`set local statement_timeout = ${longestWork}`);
      await receiver.sql.unsafe(`alter subscription ${moveName(network)} disable`);
      await openOnce(receiver, network, contents);
      return undefined;
    } catch (error) {
      await receiver.sql.unsafe('rollback');
      if (!isPassing(error)) throw error;
      return `the receiver could not open it: ${(error as Error).message}`;
    }
  }

  /** As PostgreSQL does for whoever waits longer than our tries: it comes again by itself. */
  async function cancelAutovacuum(holders: Holder[]): Promise<void> {
    const pids = holders.flatMap(({ pid }) => pid ?? []);
    await sender.aside`
      select pg_cancel_backend(a.pid)
      from pg_stat_activity a
      where a.pid = any (${pids})
        and a.backend_type = 'autovacuum worker'
        and a.query !~ 'to prevent wraparound'`.catch((error: { code?: string }) => {
      if (error.code !== '42501') throw error;
    });
  }

  async function lock(milliseconds: number): Promise<Holder[] | undefined> {
    try {
      await sender.sql`select dpg_private.lock_network(${network}, ${milliseconds})`;
      return undefined;
    } catch (error) {
      const { code, detail } = error as { code?: string; detail?: string };
      if (code !== 'DP010') throw error;
      const said = JSON.parse(detail ?? '{}') as { blocked_by?: (Holder | number)[] | null };
      return (said.blocked_by ?? []).map((one) => (typeof one === 'number' ? { pid: one } : one));
    }
  }
}

export function inWords({ pid, application_name, since, relation, prepared_transaction }: Holder): string {
  const who = pid === undefined ? `the prepared transaction ${prepared_transaction ?? ''}` : `process ${pid}`;
  const more = [application_name, since && `since ${since}`, relation && `on ${relation}`].filter(Boolean);
  return more.length > 0 ? `${who} (${more.join(', ')})` : who;
}

/** Count and checksum of every leaf, while nobody writes. */
async function compare(sender: Home, receiver: Home, network: string): Promise<Verified[]> {
  interface Sum {
    root: Verified['root'];
    key: string;
    row_count: bigint;
    checksum: string;
  }
  const read = (sql: Home['sql'] | Home['aside']) =>
    sql<Sum[]>`select c.root, c.key, c.row_count, c.checksum from dpg_private.leaf_checksums(${network}) c`;
  const [here, there] = await Promise.all([read(sender.sql), read(receiver.aside)]);
  return here.map((leaf) => {
    const other = there.find(({ root, key }) => root === leaf.root && key === leaf.key);
    return {
      root: leaf.root,
      key: leaf.key,
      rows: BigInt(leaf.row_count),
      checksum: leaf.checksum,
      receiver_rows: other ? BigInt(other.row_count) : null,
      receiver_checksum: other?.checksum ?? null,
      is_equal:
        other !== undefined &&
        BigInt(other.row_count) === BigInt(leaf.row_count) &&
        other.checksum === leaf.checksum,
    };
  });
}

/**
 * The receiver opens the network, which the sender has closed; where that was done already, nothing happens. The subscription is
 * switched off with it: an erasure that is run on what is left on the sender must not come here afterwards.
 */
export async function open(
  sender: Home,
  receiver: Home,
  network: string,
  { patience, say }: Pick<SwitchOptions, 'patience' | 'say'>,
): Promise<void> {
  const end = performance.now() + patience * 1000;
  const received = await readRecord(receiver, network);
  if (received?.step === 'opened') return;
  const isFollowing = (await readSubscription(receiver, moveName(network))) !== undefined;
  if (isFollowing) await catchUpAgain(sender, receiver, network, patience);
  const contents = await contentsOf(sender.aside, network);
  for (;;) {
    try {
      return await inTransaction(receiver, async () => {
        await receiver.sql.unsafe(`set local lock_timeout = '2s'`);
        if (isFollowing) await receiver.sql.unsafe(`alter subscription ${moveName(network)} disable`);
        await openOnce(receiver, network, contents);
      });
    } catch (error) {
      // nobody can use the network, so it is tried again at once
      if (!isPassing(error) || performance.now() > end) throw error;
      say(`not open yet: ${(error as Error).message}`);
    }
  }
}

/**
 * What had arrived at the switch may be gone again, where the server of the receiver was lost since: an apply worker commits
 * without a flush, and its rows are sent once more.
 */
async function catchUpAgain(sender: Home, receiver: Home, network: string, patience: number): Promise<void> {
  const name = moveName(network);
  const subscription = await readSubscription(receiver, name);
  if (!subscription?.is_enabled) await receiver.aside.unsafe(`alter subscription ${name} enable`);
  if ((await markerTrip(sender, receiver, network, patience * 1000)) !== undefined) return;
  throw new Refusal(
    `the receiver has not got the last rows of ${network} within ${patience} s, so it was not opened there`,
    'The log of that server says why the subscription does not go on. Mend it and run the command again.',
  );
}

async function contentsOf(sql: Home['sql'] | Home['aside'], network: string): Promise<string> {
  const [row] = await sql`select dpg_private.network_contents(${network})::text as contents`;
  return String(row?.contents);
}

async function openOnce({ sql }: Home, network: string, contents: string): Promise<void> {
  await sql`select dpg_private.open_network(${network}, ${contents}::text::jsonb)`;
}

/** Whether it is a lock, somebody who was at the same, or a time that is over. */
function isPassing(error: unknown): boolean {
  return ['DP010', '55P03', '40P01', '40001', '57014'].includes(String((error as { code?: unknown }).code));
}
