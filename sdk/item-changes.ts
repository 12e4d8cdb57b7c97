// The feed of items: each item that has changed, once and as it is now.

import { z } from 'zod';
import { check, fields, type JsonObject, key } from './arguments.js';
import { batchesOf, type Feed, type Following } from './batches.js';
import { call, type Queryable } from './client.js';
import { batchOf, leaseSeconds } from './leases.js';
import type { Item, ItemChangeRow, Subscription } from './rows.js';

export const createItemSubscription = fields({
  subscription: key,
  item_network: key.nullish(),
  item_domain: key.nullish(),
  item_type: key.nullish(),
});
export const readItemChanges = fields({
  subscription: key,
  max_changes: batchOf(1000),
  lease_seconds: leaseSeconds,
});

const followItems = fields({
  subscription: key,
  maxChanges: batchOf(1000),
  leaseSeconds,
  idleMilliseconds: z.number('Pass a number of milliseconds.').min(0).optional(),
  signal: z.instanceof(AbortSignal, { error: 'Pass the signal of an AbortController.' }).optional(),
  onError: z
    .custom<(error: unknown) => void>((given) => typeof given === 'function', 'Pass a function of the error.')
    .optional(),
});

export type CreateItemSubscription = z.input<typeof createItemSubscription>;
export type ReadItemChanges = z.input<typeof readItemChanges>;

type ItemKey = Pick<ItemChangeRow, 'item_network' | 'item_domain' | 'item_type' | 'item_id'>;
type Handed = Pick<ItemChangeRow, 'position' | 'lease_id'>;

/** A row of `dpg.read_item_changes`: an item as it is now, or the key of one that is not there any more. */
export type ItemChange<State = JsonObject> =
  | (Handed & { change: 'upserted' } & Item<State>)
  | (Handed & { change: 'deleted' } & ItemKey & { [column in Exclude<keyof Item, keyof ItemKey>]: null });

/** How the changes of items are followed. */
export interface FollowItems extends Following {
  /** One that `dpg.subscriptions.createItemSubscription` has made. */
  subscription: string;
  /** Changes in a batch, 1,000 at most unless told. */
  maxChanges?: number;
}

/** Some items that have changed, leased to you until you acknowledge them. */
export interface ItemBatch<State = JsonObject> {
  changes: ItemChange<State>[];
  /** That of the last change. */
  position: bigint;
  /**
   * All of it is done, or everything up to a position. If the lease has ended and another reader has the changes now, the
   * position moves, and the other keeps them until it is done.
   */
  acknowledge(position?: bigint): Promise<bigint>;
}

/** Creating subscriptions to items, and reading them. */
export function itemSubscriptionsOf(sql: Queryable) {
  return {
    /**
     * A subscription to changes of items, of all or of a network, a domain, a type; or the one that is there with these filters.
     * It gets every change that is committed after this call. Copy what is there afterwards (`items.find` with `any_status`),
     * and then follow it: `dpg.items.changes`. Waits for the writers under way. Not in a transaction of repeatable read or
     * serializable (25000).
     * @throws {DuplicateDiffersError} when it is there with others, or is one to events
     * @throws {PartitionUnavailableError} when a long transaction writes in one of the domains
     */
    async createItemSubscription(created: CreateItemSubscription): Promise<Subscription> {
      return call(sql, 'create_item_subscription', check(createItemSubscription, created, 'created'));
    },

    /**
     * The next items that have changed, each once and as it is now, leased for `lease_seconds` as events are by `read`. A
     * change after that is another row, which acknowledging this one does not take away. `dpg.items.changes` does it for you.
     */
    async readItemChanges<State = JsonObject>(reader: ReadItemChanges): Promise<ItemChange<State>[]> {
      const rows = await call(sql, 'read_item_changes', check(readItemChanges, reader, 'reader'));
      return rows as ItemChange<State>[];
    },
  };
}

async function* itemBatches<State>(
  feed: Feed<ItemChange<State>>,
  following: Following,
): AsyncGenerator<ItemBatch<State>, void, undefined> {
  for await (const { rows, position, acknowledge } of batchesOf(feed, following))
    yield { changes: rows, position, acknowledge };
}

/** Following them. */
export function changesOf<Json = JsonObject>(sql: Queryable) {
  return {
    /**
     * The changes of items that a subscription gets (`dpg.subscriptions.createItemSubscription`), batch after batch:
     * `for await (const batch of dpg.items.changes({ subscription }))`. Acknowledge each batch when you have done what it
     * says; one that is not comes again when its lease has ended, or at once when you leave the loop. Several processes may
     * follow one subscription: each batch goes to one of them. Keep the position beside your copy and leave out what is not
     * higher: then a process that was late does no harm.
     */
    changes<State = Json>(options: FollowItems): AsyncGenerator<ItemBatch<State>, void, undefined> {
      const { subscription, maxChanges, leaseSeconds, ...following } = check(followItems, options, 'options');
      const { readItemChanges } = itemSubscriptionsOf(sql);
      const feed = {
        read: () =>
          readItemChanges<State>({
            subscription,
            max_changes: maxChanges,
            lease_seconds: leaseSeconds,
          }),
        acknowledge: (position: bigint, lease_id: string) =>
          call(sql, 'acknowledge', { subscription, position, lease_id }),
        release: (lease_id: string) => call(sql, 'release_events', { subscription, lease_id }),
      };
      return itemBatches(feed, following as Following);
    },
  };
}
