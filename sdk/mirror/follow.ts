// Reading the feed, batch after batch.

import type { JsonObject } from '../arguments.js';
import type { Queryable } from '../client.js';
import type { Dpg } from '../dpg.js';
import type { FeedEvent } from '../feed.js';
import { isTransient } from './errors.js';
import { backoff, pause } from './pause.js';

export interface FollowOptions<Json = JsonObject> {
  dpg: Dpg<Queryable, Json>;
  /** One that `dpg.subscriptions.create` has made. */
  subscription: string;
  /** Ends the iteration. */
  signal?: AbortSignal | undefined;
  /** Events in a batch, 1,000 at most unless told. */
  maxEvents?: number;
  /** Until then a batch is yours, 60 unless told. */
  leaseSeconds?: number;
  /** At the end of the feed it is asked again after so long: 1,000 at most unless told, 20 at first. */
  idleMilliseconds?: number;
  /** Told of each time the database could not be reached; it is tried again. */
  onError?: ((error: unknown) => void) | undefined;
}

/** Some events, leased to you until you acknowledge them. */
export interface Batch<Json = JsonObject> {
  events: FeedEvent<Json>[];
  /** That of the last event. */
  position: bigint;
  /**
   * All of it is done, or everything up to a position. If the lease has ended and another reader has the events now, the
   * position moves, and the other keeps them until it is done.
   */
  acknowledge(position?: bigint): Promise<bigint>;
}

/**
 * The batches of a subscription, as they come: `for await (const batch of follow({ … }))`. Acknowledge each when you are
 * done with it; one that is not comes again when its lease has ended, or at once when you leave the loop. Several
 * processes may follow one subscription: each batch goes to one of them.
 */
export async function* follow<Json = JsonObject>(
  options: FollowOptions<Json>,
): AsyncGenerator<Batch<Json>, void, undefined> {
  const { dpg, subscription, signal, maxEvents, leaseSeconds, idleMilliseconds = 1000, onError } = options;
  let idle = 0;
  let failures = 0;
  while (!signal?.aborted) {
    let events: FeedEvent<Json>[];
    try {
      events = await dpg.subscriptions.read({
        subscription,
        max_events: maxEvents,
        lease_seconds: leaseSeconds,
      });
      failures = 0;
    } catch (error) {
      if (!isTransient(error)) throw error;
      onError?.(error);
      failures += 1;
      await pause(backoff({ first: 100, most: 10_000 }, failures), signal);
      continue;
    }
    const last = events.at(-1);
    if (!last) {
      idle += 1;
      await pause(backoff({ first: 20, most: idleMilliseconds }, idle), signal);
      continue;
    }
    idle = 0;
    const { lease_id } = last;
    let isDone = false;
    const batch: Batch<Json> = {
      events,
      position: last.position,
      async acknowledge(position = last.position) {
        const acknowledged = await dpg.subscriptions.acknowledge({ subscription, position, lease_id });
        isDone = acknowledged >= last.position;
        return acknowledged;
      },
    };
    let isLeft = true;
    try {
      yield batch;
      isLeft = false;
    } finally {
      if (isLeft && !isDone)
        await dpg.subscriptions.release({ subscription, lease_id }).catch(() => undefined);
    }
  }
}
