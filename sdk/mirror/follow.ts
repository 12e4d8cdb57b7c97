// Reading the feed, batch after batch.

import type { JsonObject } from '../arguments.js';
import { batchesOf, type Following } from '../batches.js';
import type { Queryable } from '../client.js';
import type { Dpg } from '../dpg.js';
import type { FeedEvent } from '../feed.js';

export interface FollowOptions<Json = JsonObject> extends Following {
  dpg: Dpg<Queryable, Json>;
  /** One that `dpg.subscriptions.create` has made. */
  subscription: string;
  /** Events in a batch, 1,000 at most unless told. */
  maxEvents?: number;
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
  const { dpg, subscription, maxEvents, leaseSeconds } = options;
  const feed = {
    read: () => dpg.subscriptions.read({ subscription, max_events: maxEvents, lease_seconds: leaseSeconds }),
    acknowledge: (position: bigint, lease_id: string) =>
      dpg.subscriptions.acknowledge({ subscription, position, lease_id }),
    release: (lease_id: string) => dpg.subscriptions.release({ subscription, lease_id }),
  };
  for await (const { rows, position, acknowledge } of batchesOf<FeedEvent<Json>>(feed, options))
    yield { events: rows, position, acknowledge };
}
