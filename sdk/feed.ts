import { z } from 'zod';
import { check, document, fields, id, key, url } from './arguments.js';
import { call, type Queryable, view } from './client.js';
import { type Returns, row, textOf } from './columns.js';
import { isPlainObject } from './documents.js';
import { storeEvent } from './events.js';
import { itemSubscriptionsOf } from './item-changes.js';
import { batchOf, error, leaseId, leaseSeconds, pauseSeconds, position } from './leases.js';
import { stringifyJson } from './numbers.js';
import {
  type FailedEvent,
  type FeedEvent,
  failedEventColumns,
  feedEventColumns,
  type Peer,
  peerColumns,
  type Subscription,
  type SubscriptionStatus,
  subscriptionStatusColumns,
} from './rows.js';

export type { FailedEvent, FeedEvent, Peer, Subscription, SubscriptionStatus };

const ATTEMPTS = 'Try at least once, and at most 2,147,483,647 times.';

export const createSubscription = fields({
  subscription: key,
  partition_network: key.nullish(),
  action_type: key.nullish(),
  source_item_instance_url: url.nullish(),
});
export const dropSubscription = fields({ subscription: key });
export const readEvents = fields({
  subscription: key,
  max_events: batchOf(1000),
  lease_seconds: leaseSeconds,
});
export const acknowledgeEvents = fields({ subscription: key, position, lease_id: leaseId });
export const releaseEvents = fields({
  subscription: key,
  error: error.nullish(),
  retry_seconds: pauseSeconds,
  lease_id: leaseId,
});
export const failEvent = fields({
  subscription: key,
  position,
  error,
  max_attempts: z
    .int(ATTEMPTS)
    .min(1, ATTEMPTS)
    .max(2_147_483_647, ATTEMPTS)
    .nullish()
    .transform((given) => given ?? 10),
  retry_seconds: pauseSeconds,
  lease_id: leaseId,
});
export const retryEvents = fields({ subscription: key, position: position.nullish() });
export const readRetries = fields({
  subscription: key,
  max_events: batchOf(100),
  lease_seconds: leaseSeconds,
});
export const settleEvent = fields({ subscription: key, position, lease_id: leaseId });
export const listSubscriptions = fields({ subscription: key.nullish() });
export const listFailedEvents = fields({
  subscription: key.nullish(),
  state: z.enum(['failing', 'dead', 'retrying'], 'A state is failing, dead or retrying.').nullish(),
  event_id: id.nullish(),
});

export type CreateSubscription = z.input<typeof createSubscription>;
export type DropSubscription = z.input<typeof dropSubscription>;
export type ReadEvents = z.input<typeof readEvents>;
export type AcknowledgeEvents = z.input<typeof acknowledgeEvents>;
export type ReleaseEvents = z.input<typeof releaseEvents>;
export type FailEvent = z.input<typeof failEvent>;
export type RetryEvents = z.input<typeof retryEvents>;
export type ReadRetries = z.input<typeof readRetries>;
export type SettleEvent = z.input<typeof settleEvent>;
export type ListSubscriptions = z.input<typeof listSubscriptions>;
export type ListFailedEvents = z.input<typeof listFailedEvents>;

/** The payload as the database wrote it travels with the row, unseen, for `eventText`. */
const PAYLOAD = Symbol.for('dpg-database.event_payload');
const parsed = row<FeedEvent>(feedEventColumns);
const payloadPlace = Object.keys(feedEventColumns).indexOf('event_payload');
const feedEvent: Returns<FeedEvent> = {
  select: parsed.select,
  read: (cells, parseJson) =>
    Object.defineProperty(parsed.read(cells, parseJson), PAYLOAD, { value: textOf(cells[payloadPlace]) }),
};

/**
 * The event as another instance's `store_event` takes it, as JSON text: digit for digit what the database has, also
 * where JavaScript's numbers would lose some of it.
 */
export function eventText(event: FeedEvent<object>): string {
  if (!isPlainObject(event?.event_payload)) check(anEvent, { event });
  const columns = Object.keys(storeEvent.shape).filter((column) => column !== 'event_payload');
  const payload =
    (event as { [PAYLOAD]?: string | undefined })[PAYLOAD] ?? stringifyJson(event.event_payload);
  const others = JSON.stringify(event, columns);
  return `${others.slice(0, -1)},"event_payload":${payload}}`;
}

const anEvent = fields({
  event: z.looseObject({ event_payload: document }, 'Pass an event as it was read.'),
});

const subscription_status = view(
  'subscription_status',
  { subscription: 'text' },
  row<SubscriptionStatus>(subscriptionStatusColumns),
);
const failed_events = view(
  'failed_events',
  { subscription: 'text', state: 'text', event_id: 'uuid' },
  row<FailedEvent>(failedEventColumns),
);
const peers = view('peers', { instance_url: 'text' }, row<Peer>(peerColumns));

/**
 * The feeds. All events that this instance made, in an order that never changes, each at least once: `follow` of
 * `dpg-database/mirror` reads them for you. And items that have changed, each as it is now: `dpg.items.changes` reads those.
 */
export function subscriptionsOf(sql: Queryable) {
  return {
    ...itemSubscriptionsOf(sql),

    /**
     * A subscription from the first event on, or the one that is there with these filters.
     * @throws {DuplicateDiffersError} when it is there with others
     */
    async create(created: CreateSubscription): Promise<Subscription> {
      return call(sql, 'create_subscription', check(createSubscription, created, 'created'));
    },

    /**
     * Ends a subscription; its last state. No event is lost: a new one begins at the first. One to items forgets the changes
     * that wait: a new one begins with later ones.
     */
    async drop(dropped: DropSubscription): Promise<Subscription> {
      return call(sql, 'drop_subscription', check(dropSubscription, dropped, 'dropped'));
    },

    /**
     * The next events, leased for `lease_seconds`: meanwhile no other call gets events of this subscription. What is not
     * acknowledged by then comes again. None: nothing is there now, or another reader works on it. All have one
     * `lease_id`: pass it on, so that a reader that was late does not end the lease of the next. Not on a standby, and not in
     * a transaction of repeatable read or serializable (25006, 25000).
     */
    async read(reader: ReadEvents): Promise<FeedEvent[]> {
      return call(sql, 'read_events', check(readEvents, reader, 'reader'), feedEvent);
    },

    /**
     * Everything up to this position is done. Returns up to where everything is: it never moves back. With a `lease_id` that
     * has ended the position still moves, and the lease of whoever has the events now stays.
     */
    async acknowledge(done: AcknowledgeEvents): Promise<bigint> {
      return call(sql, 'acknowledge', check(acknowledgeEvents, done, 'done'));
    },

    /**
     * Gives a leased batch back: what is not acknowledged comes again after `retry_seconds`. With a `lease_id` that has ended
     * only the error is noted.
     */
    async release(released: ReleaseEvents): Promise<Subscription> {
      return call(sql, 'release_events', check(releaseEvents, released, 'released'));
    },

    /**
     * Notes that an event could not be dealt with; after `max_attempts` its `state` is `dead`: go on without it. With a
     * `lease_id` that has ended it is not counted: somebody else has the event now.
     */
    async fail(failed: FailEvent): Promise<FailedEvent> {
      return call(sql, 'fail_event', check(failEvent, failed, 'failed'));
    },

    /** For an operator: has dead events tried again, all or the one at `position`. */
    async retry(revived: RetryEvents): Promise<FailedEvent[]> {
      return call(sql, 'retry_events', check(retryEvents, revived, 'revived'));
    },

    /** The events that `retry` revived, each leased to whoever got it: then `settle` or `fail`. */
    async readRetries(reader: ReadRetries): Promise<FeedEvent[]> {
      return call(sql, 'read_retries', check(readRetries, reader, 'reader'), feedEvent);
    },

    /**
     * Strikes an event off the failed ones; false when it is none of them, or when the `lease_id` has ended and somebody else
     * has the event now.
     */
    async settle(settled: SettleEvent): Promise<boolean> {
      return call(sql, 'settle_event', check(settleEvent, settled, 'settled'));
    },

    /** How far behind each subscription is, and why. */
    async list(filter: ListSubscriptions = {}): Promise<SubscriptionStatus[]> {
      return subscription_status(sql, check(listSubscriptions, filter, 'filter'));
    },

    /** The events that readers could not deal with. */
    async failures(filter: ListFailedEvents = {}): Promise<FailedEvent[]> {
      return failed_events(sql, check(listFailedEvents, filter, 'filter'));
    },

    /** The other instances that there are events for. */
    async peers(): Promise<Peer[]> {
      return peers(sql, {});
    },
  };
}

export type Subscriptions = ReturnType<typeof subscriptionsOf>;
