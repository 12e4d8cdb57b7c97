// The deliveries to one peer: in which order its events are tried, what is acknowledged, and when the peer is tried again.

import { eventText, type FeedEvent } from '../feed.js';
import { tell } from '../listeners.js';
import type { MirrorOptions } from './delivery.js';
import { DeliveryRefusedError, messageOf, PeerUnavailableError } from './errors.js';
import { backoff } from './pause.js';

/** Nothing is done for now: with an event, with those of its network, or with any of the peer. */
interface Wait {
  error: unknown;
  milliseconds: number;
  of: 'event' | 'network' | 'peer';
}

/** Answers in a row that may have to do with an event, after which one of another action is tried. */
const DOUBTS = 2;
const MOST_SECONDS_ASKED_FOR = 3600;
/** A network that waits holds up the others for so long. */
const MOST_MILLISECONDS_FOR_OTHERS = 500;

/** What is remembered of a peer from one batch to the next. */
export class PeerServer<Json> {
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
  /** By network: what the peer has said of it, and when it is tried again. */
  readonly #networks = new Map<string, { error: unknown; until: number; failures: number }>();
  #heldFactor = 1;

  constructor(peer: string, subscription: string, options: MirrorOptions<Json>, signal: AbortSignal) {
    this.#peer = peer;
    this.subscription = subscription;
    this.#options = options;
    this.#signal = signal;
  }

  /**
   * Larger while the batch has one action only, and it is in doubt whether that or the peer is the trouble; and while it has
   * none but events of networks that wait.
   */
  get batchSize(): number {
    return Math.min(10_000, (this.#options.batchSize ?? 100) * this.#batchFactor * this.#heldFactor);
  }

  /**
   * Delivers what can be, acknowledges as far as all of it is done, and gives back the rest. Events of the networks in
   * `held` wait for others, for the reason given.
   */
  async deliverBatch(
    events: FeedEvent<Json>[],
    until: number,
    held: ReadonlyMap<string, unknown> = new Map(),
  ): Promise<void> {
    const batchSize = this.batchSize;
    // what was delivered before is done, also when this time it is not come to
    const done = new Set(events.map(({ position }) => position).filter((one) => this.#ahead.has(one)));
    const waits: Wait[] = [];
    const isOver = () => this.#signal.aborted || waits.some(isOfPeer) || performance.now() > until;

    const deliverAction = async (ofAction: FeedEvent<Json>[]) => {
      for (const event of ofAction) {
        if (isOver()) return;
        if (done.has(event.position)) continue;
        const wait = this.#waitOf(event, held);
        if (wait) {
          waits.push(wait);
          return;
        }
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

    const areHeld = waits.length > 0 && waits.every((wait) => wait.of === 'network');
    if (!areHeld) this.#heldFactor = 1;
    else if (events.length >= batchSize) this.#heldFactor *= 10;
    await this.#settle(events, done, waits);
  }

  /** Whether the network of the event is known to wait. */
  #waitOf({ partition_network }: FeedEvent<Json>, held: ReadonlyMap<string, unknown>): Wait | undefined {
    const told = this.#networks.get(partition_network);
    const isWaiting = told !== undefined && performance.now() < told.until;
    const error = held.get(partition_network) ?? (isWaiting ? told.error : undefined);
    return error === undefined
      ? undefined
      : { error, milliseconds: MOST_MILLISECONDS_FOR_OTHERS, of: 'network' };
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
      if (error instanceof PeerUnavailableError && error.isOfNetwork) {
        const failures = (this.#networks.get(event.partition_network)?.failures ?? 0) + 1;
        const milliseconds = this.#pauseFor(error, failures);
        this.#networks.set(event.partition_network, {
          error,
          until: performance.now() + milliseconds,
          failures,
        });
        tell(onHappening, { what: 'unavailable', peer, error, nextTryMilliseconds: milliseconds });
        return { error, milliseconds: Math.min(milliseconds, MOST_MILLISECONDS_FOR_OTHERS), of: 'network' };
      }
      if (error instanceof PeerUnavailableError && !this.#isOfEvent(event, error)) {
        const milliseconds = this.#pauseFor(error);
        tell(onHappening, { what: 'unavailable', peer, error, nextTryMilliseconds: milliseconds });
        return { error, milliseconds, of: 'peer' };
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
      tell(onHappening, { what: 'failed', peer, event, attempts, isDead, error });
      return isDead ? 'dead' : { error, milliseconds: this.#pauseAfter(attempts), of: 'event' };
    }
    this.#refusals = 0;
    this.#taken += 1;
    this.#networks.delete(event.partition_network);
    this.#doubts.delete(event.position);
    tell(onHappening, { what: 'delivered', peer, event, isRetry });
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
  #pauseFor({ retryAfterSeconds }: PeerUnavailableError, failures = this.#refusals + 1): number {
    const asked = Math.min(retryAfterSeconds ?? 0, MOST_SECONDS_ASKED_FOR) * 1000;
    return Math.max(this.#pauseAfter(failures), asked * (1 + Math.random() / 10));
  }

  #pauseAfter(failures: number): number {
    return backoff(this.#options.backoff ?? { first: 500, most: 60_000 }, failures);
  }
}

function isOfPeer(wait: Wait): boolean {
  return wait.of === 'peer';
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
