// What a mirror is given to deliver with, and what it tells of its work.

import type { JsonObject } from '../arguments.js';
import type { Queryable } from '../client.js';
import type { Dpg } from '../dpg.js';
import type { FeedEvent } from '../feed.js';
import type { Backoff } from './pause.js';

/** What goes with an event to a deliver function. */
export interface Delivery {
  /** URL of the instance that the event is for. */
  peer: string;
  /** The event as JSON text for that instance's `store_event`, digit for digit. */
  text: string;
  /** Of this delivery alone: ends it when the mirror is stopped. */
  signal: AbortSignal;
}

/**
 * Hands an event over. When it resolves, the peer has it. What it throws is one failed attempt at this event;
 * PeerUnavailableError is none, the peer's events wait; after DeliveryRefusedError it is not tried again.
 */
export type Deliver<Json = JsonObject> = (event: FeedEvent<Json>, delivery: Delivery) => Promise<unknown>;

/** What a mirror tells of its work. */
export type Happening<Json = JsonObject> =
  | { what: 'delivered'; peer: string; event: FeedEvent<Json>; isRetry: boolean }
  | {
      what: 'failed';
      peer: string;
      event: FeedEvent<Json>;
      attempts: number;
      isDead: boolean;
      error: unknown;
    }
  | { what: 'unavailable'; peer: string; error: unknown; nextTryMilliseconds: number }
  /** The database refused or failed: of that peer, or (null) when asked which peers there are. It is tried again. */
  | { what: 'database'; peer: string | null; error: unknown };

export interface MirrorOptions<Json = JsonObject> {
  dpg: Dpg<Queryable, Json>;
  deliver: Deliver<Json>;
  /** Stops the mirror: it lets go of what it has leased, and its promise resolves. */
  signal?: AbortSignal | undefined;
  /** Whether this process serves that peer: all unless told. */
  isServed?: (peer: string) => boolean;
  /** A key: the name of a peer's subscription. */
  subscriptionOf?: (peer: string) => string;
  /** After so many failed attempts an event is dead: 10 unless told. */
  maxAttempts?: number;
  /**
   * Milliseconds between attempts, and until a peer is tried again: 500 at first and 60,000 at most unless told. A peer that
   * sends Retry-After is waited for as long, up to an hour.
   */
  backoff?: Backoff;
  /** Events that are leased at a time: 100 unless told. */
  batchSize?: number;
  /** How long, in seconds; a process that was killed holds its peers up as long. 30 unless told. */
  leaseSeconds?: number;
  /** Actions of a peer whose events are on their way at the same time: 4 unless told. */
  concurrency?: number;
  /** When there is nothing to do, the database is asked after so long: 1,000 at most unless told. */
  idleMilliseconds?: number;
  /** Told of each thing that happens. It must not throw. */
  onHappening?: (happening: Happening<Json>) => void;
}
