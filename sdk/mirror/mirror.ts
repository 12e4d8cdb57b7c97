// The sending side: each peer has a subscription of its own, and is served by whoever leases it.

import { createHash } from 'node:crypto';
import type { Queryable } from '../client.js';
import type { Dpg } from '../dpg.js';
import { eventText, type FeedEvent } from '../feed.js';
import { normalisedUrl } from '../instance-url.js';
import { DeliveryRefusedError, isTransient, messageOf, PeerUnavailableError } from './errors.js';
import { type Backoff, backoff, pause } from './pause.js';

/** What goes with an event to a deliver function. */
export interface Delivery {
  /** URL of the instance that the event is for. */
  peer: string;
  /** The event as JSON text for that instance's `store_event`, digit for digit. */
  text: string;
  /** Ends what is under way when the mirror is stopped. */
  signal: AbortSignal;
}

/**
 * Hands an event over. When it resolves, the peer has it. What it throws is one failed attempt at this event;
 * PeerUnavailableError is none, the peer's events wait; after DeliveryRefusedError it is not tried again.
 */
export type Deliver = (event: FeedEvent, delivery: Delivery) => Promise<unknown>;

/** What a mirror tells of its work. */
export type Happening =
  | { what: 'delivered'; peer: string; event: FeedEvent; isRetry: boolean }
  | { what: 'failed'; peer: string; event: FeedEvent; attempts: number; isDead: boolean; error: unknown }
  | { what: 'unavailable'; peer: string; error: unknown; nextTryMilliseconds: number }
  | { what: 'database'; peer: string | null; error: unknown };

export interface MirrorOptions {
  dpg: Dpg<Queryable>;
  deliver: Deliver;
  /** Stops the mirror: it lets go of what it has leased, and its promise resolves. */
  signal?: AbortSignal | undefined;
  /** Whether this process serves that peer: all unless told. */
  isServed?: (peer: string) => boolean;
  /** A key: the name of a peer's subscription. */
  subscriptionOf?: (peer: string) => string;
  /** After so many failed attempts an event is dead: 10 unless told. */
  maxAttempts?: number;
  /** Milliseconds between attempts: 500 at first and 60,000 at most unless told. */
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
  onHappening?: (happening: Happening) => void;
}

/**
 * Delivers every event of an action that started elsewhere to the instance it started on, in the order of the action's
 * `update_count`, at least once, whatever fails in between. Runs until the signal comes. Several processes may do the
 * same: a peer is served by one of them at a time.
 */
export async function mirror(options: MirrorOptions): Promise<void> {
  const { dpg, isServed = () => true, idleMilliseconds = 1000, onHappening } = options;
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  options.signal?.addEventListener('abort', stop);
  if (options.signal?.aborted) stop();
  const { signal } = stopped;
  const peers = new Map<string, Promise<void>>();
  let failure: { error: unknown } | undefined;

  try {
    while (!signal.aborted) {
      try {
        for (const { instance_url: peer } of await dpg.subscriptions.peers()) {
          const form = normalisedUrl(peer);
          if (peers.has(form) || !isServed(peer)) continue;
          const serving = serve(peer, options, signal).catch((error) => {
            // a mistake, which another try would repeat: the whole mirror ends in it
            failure ??= { error };
            stop();
          });
          peers.set(form, serving);
        }
      } catch (error) {
        if (!isTransient(error)) throw error;
        onHappening?.({ what: 'database', peer: null, error });
      }
      await pause(idleMilliseconds, signal);
    }
  } finally {
    stop();
    options.signal?.removeEventListener('abort', stop);
    await Promise.all(peers.values());
  }
  if (failure) throw failure.error;
}

/** Serves one peer until the signal. */
async function serve(peer: string, options: MirrorOptions, signal: AbortSignal): Promise<void> {
  const { dpg, batchSize = 100, leaseSeconds = 30, idleMilliseconds = 1000, onHappening } = options;
  const subscription = (options.subscriptionOf ?? subscriptionOf)(peer);
  const lease = { subscription, max_events: batchSize, lease_seconds: leaseSeconds };
  const server = new PeerServer(peer, subscription, options, signal);
  let isMade = false;
  let idle = 0;
  let failures = 0;
  let retriesAt = 0;
  while (!signal.aborted) {
    try {
      if (!isMade) await dpg.subscriptions.create({ subscription, source_item_instance_url: peer });
      isMade = true;
      const until = performance.now() + leaseSeconds * 600;
      const events = await dpg.subscriptions.read(lease);
      if (events.length > 0) await server.deliverBatch(events, until);
      let retries: FeedEvent[] = [];
      if (performance.now() >= retriesAt) {
        retries = await dpg.subscriptions.readRetries(lease);
        if (retries.length > 0) await server.deliverRetries(retries);
        else retriesAt = performance.now() + 5 * idleMilliseconds; // an operator has asked for them: no hurry
      }
      failures = 0;
      idle = events.length + retries.length > 0 ? 0 : idle + 1;
      if (idle > 0) await pause(backoff({ first: 20, most: idleMilliseconds }, idle), signal);
    } catch (error) {
      if (!isTransient(error)) throw error;
      // what was leased comes again by itself
      onHappening?.({ what: 'database', peer, error });
      failures += 1;
      await pause(backoff({ first: 100, most: 10_000 }, failures), signal);
    }
  }
}

/** What is remembered of a peer from one batch to the next. */
class PeerServer {
  readonly #peer: string;
  readonly #subscription: string;
  readonly #options: MirrorOptions;
  readonly #signal: AbortSignal;
  /** Delivered, and not acknowledged because of an event before them. */
  readonly #ahead = new Set<bigint>();
  #refusals = 0;

  constructor(peer: string, subscription: string, options: MirrorOptions, signal: AbortSignal) {
    this.#peer = peer;
    this.#subscription = subscription;
    this.#options = options;
    this.#signal = signal;
  }

  /** Delivers what can be, acknowledges as far as all of it is done, and gives back the rest. */
  async deliverBatch(events: FeedEvent[], until: number): Promise<void> {
    const done = new Set<bigint>();
    const waits: { error: unknown; milliseconds: number }[] = [];
    const isOver = () => this.#signal.aborted || waits.some(isUnavailable) || performance.now() > until;

    const deliverAction = async (ofAction: FeedEvent[]) => {
      for (const event of ofAction) {
        if (isOver()) return;
        const outcome = this.#ahead.has(event.position) ? 'delivered' : await this.#attempt(event, false);
        if (outcome === 'delivered' || outcome === 'dead') done.add(event.position);
        else {
          if (outcome !== 'stopped') waits.push(outcome);
          return; // the action's later events come after this one
        }
      }
    };
    const actions = byAction(events);
    const worker = async () => {
      for (let ofAction = actions.shift(); ofAction && !isOver(); ofAction = actions.shift())
        await deliverAction(ofAction);
    };
    await Promise.all(Array.from({ length: this.#options.concurrency ?? 4 }, worker));

    await this.#settle(events, done, waits);
  }

  async #settle(
    events: FeedEvent[],
    done: Set<bigint>,
    waits: { error: unknown; milliseconds: number }[],
  ): Promise<void> {
    const { dpg } = this.#options;
    // all events of a batch have the same
    const lease_id = events[0]?.lease_id ?? null;
    const firstOpen = events.findIndex((event) => !done.has(event.position));
    const last = events.at(firstOpen === -1 ? -1 : firstOpen - 1);
    if (firstOpen !== 0 && last) {
      await dpg.subscriptions.acknowledge({
        subscription: this.#subscription,
        position: last.position,
        lease_id,
      });
    }
    this.#ahead.clear();
    if (firstOpen === -1) return;
    for (const position of done) this.#ahead.add(position);
    if (waits.some(isUnavailable)) this.#refusals += 1;
    const longest = waits.sort((left, right) => right.milliseconds - left.milliseconds)[0];
    await dpg.subscriptions.release({
      subscription: this.#subscription,
      error: longest && messageOf(longest.error),
      retry_seconds: (longest?.milliseconds ?? 0) / 1000,
      lease_id,
    });
  }

  /** Those that an operator wants tried again: each by itself, since the feed has gone on without them. */
  async deliverRetries(events: FeedEvent[]): Promise<void> {
    const { dpg } = this.#options;
    for (const event of events) {
      if (this.#signal.aborted) return;
      const outcome = await this.#attempt(event, true);
      if (outcome === 'delivered')
        await dpg.subscriptions.settle({
          subscription: this.#subscription,
          position: event.position,
          lease_id: event.lease_id,
        });
      else if (typeof outcome === 'object' && isUnavailable(outcome)) return;
    }
  }

  async #attempt(
    event: FeedEvent,
    isRetry: boolean,
  ): Promise<'delivered' | 'dead' | 'stopped' | { error: unknown; milliseconds: number }> {
    const { deliver, dpg, maxAttempts = 10, onHappening } = this.#options;
    const peer = this.#peer;
    try {
      await deliver(event, { peer, text: eventText(event), signal: this.#signal });
    } catch (error) {
      if (this.#signal.aborted) return 'stopped';
      if (error instanceof PeerUnavailableError) {
        const milliseconds = this.#pauseAfter(this.#refusals + 1);
        onHappening?.({ what: 'unavailable', peer, error, nextTryMilliseconds: milliseconds });
        return { error, milliseconds };
      }
      const { attempts, state } = await dpg.subscriptions.fail({
        subscription: this.#subscription,
        position: event.position,
        error: messageOf(error),
        max_attempts: error instanceof DeliveryRefusedError ? 1 : maxAttempts,
        retry_seconds: isRetry ? this.#pauseAfter(1) / 1000 : 0,
        lease_id: event.lease_id,
      });
      const isDead = state === 'dead';
      onHappening?.({ what: 'failed', peer, event, attempts, isDead, error });
      return isDead ? 'dead' : { error, milliseconds: this.#pauseAfter(attempts) };
    }
    this.#refusals = 0;
    onHappening?.({ what: 'delivered', peer, event, isRetry });
    return 'delivered';
  }

  #pauseAfter(failures: number): number {
    return backoff(this.#options.backoff ?? { first: 500, most: 60_000 }, failures);
  }
}

function isUnavailable({ error }: { error: unknown }): boolean {
  return error instanceof PeerUnavailableError;
}

/** The events of each action, in their order. */
function byAction(events: FeedEvent[]): FeedEvent[][] {
  const actions = new Map<string, FeedEvent[]>();
  for (const event of events) {
    const action = JSON.stringify([event.partition_network, event.action_type, event.action_id]);
    const ofAction = actions.get(action);
    if (ofAction) ofAction.push(event);
    else actions.set(action, [event]);
  }
  return [...actions.values()];
}

/** A key has 120 characters, a URL up to 1,024 bytes. */
function subscriptionOf(peer: string): string {
  const name = `mirror ${peer}`;
  if (name.length <= 120) return name;
  return `${name.slice(0, 103)} ${createHash('sha256').update(peer).digest('hex').slice(0, 16)}`;
}
