// Reading a subscription, batch after batch: of events (mirror/follow.ts) and of items (items.ts).

import { tell } from './listeners.js';
import { isTransient } from './mirror/errors.js';
import { backoff, pause } from './mirror/pause.js';

/** How a subscription is followed. */
export interface Following {
  /** Ends the iteration. */
  signal?: AbortSignal | undefined;
  /** Until then a batch is yours, 60 unless told. */
  leaseSeconds?: number;
  /** At the end of the feed it is asked again after so long: 1,000 at most unless told, 20 at first. */
  idleMilliseconds?: number;
  /** Told of each time the database could not be reached; it is tried again. */
  onError?: ((error: unknown) => void) | undefined;
}

export interface Feed<Row> {
  read(): Promise<Row[]>;
  acknowledge(position: bigint, lease_id: string): Promise<bigint>;
  release(lease_id: string): Promise<unknown>;
}

export interface Leased<Row> {
  rows: Row[];
  position: bigint;
  acknowledge(position?: bigint): Promise<bigint>;
}

/** The batches of a subscription, as they come. One that is not acknowledged is given back when the loop is left. */
export async function* batchesOf<Row extends { position: bigint; lease_id: string }>(
  feed: Feed<Row>,
  { signal, idleMilliseconds = 1000, onError }: Following,
): AsyncGenerator<Leased<Row>, void, undefined> {
  let idle = 0;
  let failures = 0;
  let leased: string | undefined; // of the last batch, while it is not acknowledged to its end
  try {
    while (!signal?.aborted) {
      let rows: Row[];
      try {
        rows = await feed.read();
        failures = 0;
      } catch (error) {
        if (!isTransient(error)) throw error;
        tell(onError, error);
        failures += 1;
        await pause(backoff({ first: 100, most: 10_000 }, failures), signal);
        continue;
      }
      const last = rows.at(-1);
      if (!last) {
        idle += 1;
        await pause(backoff({ first: 20, most: idleMilliseconds }, idle), signal);
        continue;
      }
      idle = 0;
      leased = last.lease_id;
      yield {
        rows,
        position: last.position,
        async acknowledge(position = last.position) {
          const acknowledged = await feed.acknowledge(position, last.lease_id);
          if (acknowledged >= last.position && leased === last.lease_id) leased = undefined;
          return acknowledged;
        },
      };
    }
  } finally {
    // However the loop ends. A lease that has ended is nobody's any more: then this does nothing.
    if (leased) await feed.release(leased).catch(() => undefined);
  }
}
