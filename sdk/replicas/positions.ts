// Positions in the write-ahead log: where a write ended, so that a read on another server, or in another process, waits
// until that server has it.

import type { Queryable } from '../client.js';
import { type Cells, textOf } from '../columns.js';

/** A place in the log of a cluster. */
export interface LogPosition {
  /** The system identifier: the same on a primary and its replicas, another one after a restore of a dump. */
  cluster: string;
  /** It grows with each promotion. */
  timeline: number;
  lsn: bigint;
}

/** How far a replica has replayed. */
export interface Replayed extends LogPosition {
  /** The timeline that it receives; null where the role may not see it, or nothing is received. */
  receivedTimeline: number | null;
}

/** Several are joined by a full stop, one for each cluster: a text for a cookie or a header, without any escape. */
const ONE = /^(\d{1,20})-(\d{1,10})-([0-9A-F]{1,16})$/;
const MOST = 64;

/** @returns undefined where the text is none that `positionText` has written */
export function positionsIn(text: string): LogPosition[] | undefined {
  const parts = text.split('.', MOST + 1);
  if (parts.length > MOST) return undefined;
  const found: LogPosition[] = [];
  for (const part of parts) {
    const [, cluster, timeline, lsn] = ONE.exec(part) ?? [];
    if (cluster === undefined) return undefined;
    found.push({ cluster, timeline: Number(timeline), lsn: BigInt(`0x${lsn}`) });
  }
  return found;
}

export function positionText(positions: readonly LogPosition[]): string {
  return positions
    .map(({ cluster, timeline, lsn }) => `${cluster}-${timeline}-${lsn.toString(16).toUpperCase()}`)
    .join('.');
}

/** As PostgreSQL writes it. */
export function lsnText({ lsn }: LogPosition): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
}

/** Whoever has the one that is returned has both, as far as it was not lost in a promotion. */
export function later(one: LogPosition | undefined, other: LogPosition): LogPosition {
  if (!one || one.cluster !== other.cluster) return other;
  if (one.timeline !== other.timeline) return one.timeline > other.timeline ? one : other;
  return one.lsn > other.lsn ? one : other;
}

/**
 * Whether a replica has all that the position stands for. A position number alone would not tell: the log of a server
 * that was left behind by a promotion goes on with the same numbers and other content.
 */
export function isReached(replica: Replayed, wanted: LogPosition): boolean {
  // It has gone over to a later timeline, and has what there was of the former one. The rest was lost with the server.
  if (replica.timeline > wanted.timeline) return true;
  // The control file learns of a new timeline late, the receiver at once. A receiver cannot follow a timeline that
  // branched off before the place where its server is.
  const timeline = Math.max(replica.timeline, replica.receivedTimeline ?? 0);
  return timeline >= wanted.timeline && replica.lsn >= wanted.lsn;
}

/** Where a primary is. */
export interface PrimaryPosition {
  /** All commits that waited for the disk. Never beyond what a replica can reach. */
  flushed: LogPosition;
  /** All that was committed, whether or not it waited for the disk. */
  committed: LogPosition;
  /** Whether commits of this session do not wait for the disk. */
  isLazy: boolean;
}

// Where the last record ends at the end of a page, the insert position stands behind the header of the next page. Replicas
// call the same place the beginning of that page, so they would reach the other one only with the next record. Such a header has 24
// bytes, the first of a segment 40, and no record can end there.
const PRIMARY_POSITION = `
  select
    c.system_identifier::text,
    left(pg_walfile_name(p.flushed), 8) as timeline,
    (p.flushed - '0/0')::text as flushed,
    (p.inserted - case
      when p.in_segment = 40 then 40
      when p.in_segment % current_setting('wal_block_size')::integer = 24 then 24
      else 0
    end)::text as committed,
    (current_setting('synchronous_commit') = 'off')::text as is_lazy
  from pg_control_system() c
  cross join lateral (
    select l.flushed, l.inserted, l.inserted % pg_size_bytes(current_setting('wal_segment_size')) as in_segment
    from (select pg_current_wal_flush_lsn() as flushed, pg_current_wal_insert_lsn() - '0/0' as inserted) l
  ) p`;

/** Asks a primary where it is. A standby refuses (55000). */
export async function askPrimary(sql: Queryable): Promise<PrimaryPosition> {
  const [cluster = '', timeline = '', flushed = '', committed = '', isLazy] = await textsOf(
    sql,
    PRIMARY_POSITION,
  );
  const at = (lsn: string) => ({ cluster, timeline: Number.parseInt(timeline, 16), lsn: BigInt(lsn) });
  // between the two questions the log may have grown
  const both = [at(flushed), at(committed)] as const;
  return { flushed: both[0], committed: later(...both), isLazy: isLazy === 'true' };
}

/** The texts of the only row. */
export async function textsOf(
  sql: Queryable,
  text: string,
  given: unknown[] = [],
): Promise<(string | undefined)[]> {
  const [cells] = Array.from(await sql.unsafe(text, given, { prepare: true }).raw());
  return Array.from(cells as Cells, (cell) => textOf(cell) ?? undefined);
}
