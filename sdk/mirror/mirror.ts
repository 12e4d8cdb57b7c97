// The sending side: each peer has a subscription of its own, and is served by whoever leases it.

import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { JsonObject } from '../arguments.js';
import type { Queryable } from '../client.js';
import type { Dpg } from '../dpg.js';
import { eventText, type FeedEvent } from '../feed.js';
import { normalisedUrl } from '../instance-url.js';
import {
  DeliveryRefusedError,
  isEnded,
  isMisconfiguration,
  messageOf,
  PeerUnavailableError,
} from './errors.js';
import { type Backoff, backoff, pause } from './pause.js';

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

/** Whether anything has worked: until then a mistake of configuration ends the mirror. */
interface Experience {
  hasWorked: boolean;
}

/**
 * Delivers every event of an action that started elsewhere to the instance it started on, in the order of the action's
 * `update_count`, at least once, whatever fails in between. Runs until the signal comes. Several processes may do the
 * same: a peer is served by one of them at a time. Trouble with one peer is told, and the others go on. It ends with an error
 * only when the connections were ended, or at the beginning, when it may not or cannot read the feed at all.
 */
export async function mirror<Json = JsonObject>(options: MirrorOptions<Json>): Promise<void> {
  const { dpg, isServed = () => true, idleMilliseconds = 1000, onHappening } = options;
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  options.signal?.addEventListener('abort', stop);
  if (options.signal?.aborted) stop();
  const { signal } = stopped;
  // each peer waits with it, and each delivery; all of them let go of it
  setMaxListeners(0, signal);
  const peers = new Map<string, Promise<void>>();
  const experience: Experience = { hasWorked: false };
  let failures = 0;
  let failure: { error: unknown } | undefined;

  try {
    while (!signal.aborted) {
      let known: { instance_url: string }[] = [];
      try {
        known = await dpg.subscriptions.peers();
        failures = 0;
      } catch (error) {
        if (isFatal(error, experience)) throw error;
        failures += 1;
        onHappening?.({ what: 'database', peer: null, error });
      }
      for (const { instance_url: peer } of known) {
        const form = normalisedUrl(peer);
        if (peers.has(form) || !isServed(peer)) continue;
        const serving = serve(peer, options, signal, experience).catch((error) => {
          failure ??= { error };
          stop();
        });
        peers.set(form, serving);
      }
      await pause(failures > 0 ? backoff(DATABASE, failures) : idleMilliseconds, signal);
    }
  } finally {
    stop();
    options.signal?.removeEventListener('abort', stop);
    await Promise.all(peers.values());
  }
  if (failure) throw failure.error;
}

/** Between tries of what the database refused. */
const DATABASE: Backoff = { first: 100, most: 10_000 };

function isFatal(error: unknown, { hasWorked }: Experience): boolean {
  return isEnded(error) || (!hasWorked && isMisconfiguration(error));
}

/** Serves one peer until the signal. */
async function serve<Json>(
  peer: string,
  options: MirrorOptions<Json>,
  signal: AbortSignal,
  experience: Experience,
): Promise<void> {
  const { dpg, leaseSeconds = 30, idleMilliseconds = 1000, onHappening } = options;
  let server: PeerServer<Json> | undefined;
  let isMade = false;
  let idle = 0;
  let failures = 0;
  let retriesAt = 0;
  while (!signal.aborted) {
    try {
      server ??= new PeerServer(peer, (options.subscriptionOf ?? subscriptionOf)(peer), options, signal);
      const { subscription } = server;
      if (!isMade) await dpg.subscriptions.create({ subscription, source_item_instance_url: peer });
      isMade = true;
      const until = performance.now() + leaseSeconds * 600;
      const lease = { subscription, max_events: server.batchSize, lease_seconds: leaseSeconds };
      const events = await dpg.subscriptions.read(lease);
      experience.hasWorked = true;
      if (events.length > 0) await server.deliverBatch(events, until);
      let retries: FeedEvent<Json>[] = [];
      if (performance.now() >= Math.max(retriesAt, server.waitsUntil)) {
        retries = await dpg.subscriptions.readRetries(lease);
        if (retries.length > 0) await server.deliverRetries(retries);
        else retriesAt = performance.now() + 5 * idleMilliseconds; // an operator has asked for them: no hurry
      }
      failures = 0;
      idle = events.length + retries.length > 0 ? 0 : idle + 1;
      if (idle > 0) await pause(backoff({ first: 20, most: idleMilliseconds }, idle), signal);
    } catch (error) {
      if (isFatal(error, experience)) throw error;
      // what was leased comes again by itself; a subscription that somebody dropped is made again
      isMade = false;
      failures += 1;
      onHappening?.({ what: 'database', peer, error });
      await pause(backoff(DATABASE, failures), signal);
    }
  }
}

/** Nothing is done with an event for now; `isOfPeer`: with none of the peer's. */
interface Wait {
  error: unknown;
  milliseconds: number;
  isOfPeer: boolean;
}

/** Answers in a row that may have to do with an event, after which one of another action is tried. */
const DOUBTS = 2;
const MOST_SECONDS_ASKED_FOR = 3600;

/** What is remembered of a peer from one batch to the next. */
class PeerServer<Json> {
  readonly subscription: string;
  /** Not before then is the peer tried with what an operator has revived. */
  waitsUntil = 0;
  readonly #peer: string;
  readonly #options: MirrorOptions<Json>;
  readonly #signal: AbortSignal;
  /** Delivered, and not acknowledged because of an event before them. */
  readonly #ahead = new Set<bigint>();
  /** Batches and retries since the peer has last taken something. */
  #refusals = 0;
  /** Events that it has taken. */
  #taken = 0;
  /** By position: answers that may have to do with the event, and what the peer had taken at the last of them. */
  readonly #doubts = new Map<bigint, { answers: number; taken: number }>();
  #batchFactor = 1;

  constructor(peer: string, subscription: string, options: MirrorOptions<Json>, signal: AbortSignal) {
    this.#peer = peer;
    this.subscription = subscription;
    this.#options = options;
    this.#signal = signal;
  }

  /** Larger while the batch has one action only, and it is in doubt whether that or the peer is the trouble. */
  get batchSize(): number {
    return Math.min(10_000, (this.#options.batchSize ?? 100) * this.#batchFactor);
  }

  /** Delivers what can be, acknowledges as far as all of it is done, and gives back the rest. */
  async deliverBatch(events: FeedEvent<Json>[], until: number): Promise<void> {
    // what was delivered before is done, also when this time it is not come to
    const done = new Set(events.map(({ position }) => position).filter((one) => this.#ahead.has(one)));
    const waits: Wait[] = [];
    const isOver = () => this.#signal.aborted || waits.some(isOfPeer) || performance.now() > until;

    const deliverAction = async (ofAction: FeedEvent<Json>[]) => {
      for (const event of ofAction) {
        if (isOver()) return;
        if (done.has(event.position)) continue;
        const outcome = await this.#attempt(event, false);
        if (outcome === 'delivered' || outcome === 'dead') done.add(event.position);
        else {
          if (outcome !== 'stopped') waits.push(outcome);
          return; // the action's later events come after this one
        }
      }
    };
    const actions = this.#inOrder(byAction(events));
    const worker = async (isAlone: boolean) => {
      while (!isOver() && !(isAlone && this.#refusals === 0)) {
        const ofAction = actions.shift();
        if (!ofAction) return;
        await deliverAction(ofAction);
      }
    };
    // one after the other, until the peer has taken something
    if (this.#refusals > 0) await worker(true);
    await Promise.all(Array.from({ length: this.#options.concurrency ?? 4 }, () => worker(false)));

    await this.#settle(events, done, waits);
  }

  /** The first action comes first; when its event is in doubt, every other time one of another action. */
  #inOrder(actions: FeedEvent<Json>[][]): FeedEvent<Json>[][] {
    const answersFor = (ofAction: FeedEvent<Json>[]) => {
      const next = ofAction.find(({ position }) => !this.#ahead.has(position));
      return next ? (this.#doubts.get(next.position)?.answers ?? 0) : Number.POSITIVE_INFINITY;
    };
    const [first, ...others] = actions.filter((ofAction) => Number.isFinite(answersFor(ofAction)));
    const isInDoubt = first !== undefined && answersFor(first) >= DOUBTS;
    if (!isInDoubt) this.#batchFactor = 1;
    else if (others.length === 0) this.#batchFactor *= 10;
    if (!isInDoubt || this.#refusals % DOUBTS !== 0) return actions;
    const [other] = others.sort((left, right) => answersFor(left) - answersFor(right));
    return other ? [other, ...actions.filter((ofAction) => ofAction !== other)] : actions;
  }

  async #settle(events: FeedEvent<Json>[], done: Set<bigint>, waits: Wait[]): Promise<void> {
    const { dpg } = this.#options;
    // all events of a batch have the same
    const lease_id = events[0]?.lease_id ?? null;
    const firstOpen = events.findIndex((event) => !done.has(event.position));
    const last = events.at(firstOpen === -1 ? -1 : firstOpen - 1);
    if (firstOpen !== 0 && last) {
      await dpg.subscriptions.acknowledge({
        subscription: this.subscription,
        position: last.position,
        lease_id,
      });
    }
    this.#ahead.clear();
    if (firstOpen === -1) return;
    for (const position of done) this.#ahead.add(position);
    if (waits.some(isOfPeer)) this.#refuse(Math.max(...waits.map(({ milliseconds }) => milliseconds)));
    const longest = waits.sort((left, right) => right.milliseconds - left.milliseconds)[0];
    await dpg.subscriptions.release({
      subscription: this.subscription,
      error: longest && messageOf(longest.error),
      retry_seconds: (longest?.milliseconds ?? 0) / 1000,
      lease_id,
    });
  }

  /** Those that an operator wants tried again: each by itself, since the feed has gone on without them. */
  async deliverRetries(events: FeedEvent<Json>[]): Promise<void> {
    const { dpg } = this.#options;
    for (const event of events) {
      if (this.#signal.aborted) return;
      const outcome = await this.#attempt(event, true);
      if (outcome === 'delivered')
        await dpg.subscriptions.settle({
          subscription: this.subscription,
          position: event.position,
          lease_id: event.lease_id,
        });
      else if (typeof outcome === 'object' && isOfPeer(outcome)) {
        this.#refuse(outcome.milliseconds);
        return;
      }
    }
  }

  #refuse(milliseconds: number): void {
    this.#refusals += 1;
    this.waitsUntil = performance.now() + milliseconds;
  }

  async #attempt(event: FeedEvent<Json>, isRetry: boolean): Promise<'delivered' | 'dead' | 'stopped' | Wait> {
    const { dpg, maxAttempts = 10, onHappening } = this.#options;
    const peer = this.#peer;
    try {
      await this.#deliver(event);
    } catch (error) {
      if (this.#signal.aborted) return 'stopped';
      if (error instanceof PeerUnavailableError && !this.#isOfEvent(event, error)) {
        const milliseconds = this.#pauseFor(error);
        onHappening?.({ what: 'unavailable', peer, error, nextTryMilliseconds: milliseconds });
        return { error, milliseconds, isOfPeer: true };
      }
      const { attempts, state } = await dpg.subscriptions.fail({
        subscription: this.subscription,
        position: event.position,
        error: messageOf(error),
        max_attempts: error instanceof DeliveryRefusedError ? 1 : maxAttempts,
        retry_seconds: isRetry ? this.#pauseAfter(1) / 1000 : 0,
        lease_id: event.lease_id,
      });
      const isDead = state === 'dead';
      if (isDead) this.#doubts.delete(event.position);
      onHappening?.({ what: 'failed', peer, event, attempts, isDead, error });
      return isDead ? 'dead' : { error, milliseconds: this.#pauseAfter(attempts), isOfPeer: false };
    }
    this.#refusals = 0;
    this.#taken += 1;
    this.#doubts.delete(event.position);
    onHappening?.({ what: 'delivered', peer, event, isRetry });
    return 'delivered';
  }

  /** With a signal of its own, so that nothing stays with the mirror's, which lives long. */
  async #deliver(event: FeedEvent<Json>): Promise<void> {
    const delivery = new AbortController();
    const stop = () => delivery.abort(this.#signal.reason);
    this.#signal.addEventListener('abort', stop);
    try {
      const { signal } = delivery;
      await this.#options.deliver(event, {
        peer: this.#peer,
        text: eventText(event as FeedEvent<object>),
        signal,
      });
    } finally {
      this.#signal.removeEventListener('abort', stop);
    }
  }

  /**
   * Whether the event is the trouble and not the peer: the peer has answered so before, more than once, and has taken events
   * of other actions since the last time. No peer that is wrong altogether does that, however long it is.
   */
  #isOfEvent({ position }: FeedEvent<Json>, { mayBeOfEvent }: PeerUnavailableError): boolean {
    if (!mayBeOfEvent) return false;
    const before = this.#doubts.get(position) ?? { answers: 0, taken: this.#taken };
    this.#doubts.delete(position);
    this.#doubts.set(position, { answers: before.answers + 1, taken: this.#taken });
    const [oldest] = this.#doubts.keys();
    if (this.#doubts.size > 10_000 && oldest !== undefined) this.#doubts.delete(oldest);
    return before.answers >= DOUBTS && this.#taken > before.taken;
  }

  /** The peer is waited for longer from time to time, and as long as it asks for. */
  #pauseFor({ retryAfterSeconds }: PeerUnavailableError): number {
    const asked = Math.min(retryAfterSeconds ?? 0, MOST_SECONDS_ASKED_FOR) * 1000;
    return Math.max(this.#pauseAfter(this.#refusals + 1), asked * (1 + Math.random() / 10));
  }

  #pauseAfter(failures: number): number {
    return backoff(this.#options.backoff ?? { first: 500, most: 60_000 }, failures);
  }
}

function isOfPeer(wait: Wait): boolean {
  return wait.isOfPeer;
}

/** The events of each action, in their order. */
function byAction<Json>(events: FeedEvent<Json>[]): FeedEvent<Json>[][] {
  const actions = new Map<string, FeedEvent<Json>[]>();
  for (const event of events) {
    const action = JSON.stringify([event.partition_network, event.action_type, event.action_id]);
    const ofAction = actions.get(action);
    if (ofAction) ofAction.push(event);
    else actions.set(action, [event]);
  }
  return [...actions.values()];
}

/**
 * A key has 120 characters, a URL up to 1,024 bytes: a longer name is cut, and a hash says which URL it was. Names of
 * subscriptions that are there must not change, and no character is cut in its middle.
 */
export function subscriptionOf(peer: string): string {
  const name = `mirror ${peer}`;
  if (name.length <= 120) return name;
  const beginning = name.slice(0, 103).replace(/[\ud800-\udbff]$/, '');
  return `${beginning} ${createHash('sha256').update(peer).digest('hex').slice(0, 16)}`;
}
