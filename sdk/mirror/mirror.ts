// The sending side: each peer has a subscription of its own, and is served by whoever leases it.

import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { JsonObject } from '../arguments.js';
import type { FeedEvent } from '../feed.js';
import { normalisedUrl } from '../instance-url.js';
import { tell } from '../listeners.js';
import type { MirrorOptions } from './delivery.js';
import { isEnded, isMisconfiguration } from './errors.js';
import { OldFeeds } from './old-feeds.js';
import { type Backoff, backoff, pause } from './pause.js';
import { PeerServer } from './peer-server.js';

/** Whether anything has worked: until then a mistake of configuration ends the mirror. */
interface Experience {
  hasWorked: boolean;
}

/**
 * Delivers every event of an action that started elsewhere to the instance it started on, in the order of the action's
 * `update_count`, at least once, whatever fails in between. Runs until the signal comes. Several processes may do the
 * same: a peer is served by one of them at a time. Trouble with one peer is told, and the others go on. It ends with an error
 * only when the connections were ended, or at the beginning, when it may not or cannot read the feed at all.
 *
 * Where networks have several homes, the feed of each server is delivered. Those of a network that has moved come from two
 * feeds: the new one's wait until the old one's are delivered, so that the order stays.
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
  const servers = new Map<unknown, Served<Json>>();
  const experience: Experience = { hasWorked: false };
  let failures = 0;
  let failure: { error: unknown } | undefined;

  try {
    while (!signal.aborted) {
      let failed = false;
      for (const home of await dpg.homes())
        if (!servers.has(home.sql)) servers.set(home.sql, { dpg: home, number: servers.size });
      for (const server of servers.values()) {
        let known: { instance_url: string }[] = [];
        try {
          known = await server.dpg.subscriptions.peers();
        } catch (error) {
          if (isFatal(error, experience)) throw error;
          failed = true;
          tell(onHappening, { what: 'database', peer: null, error });
        }
        for (const { instance_url: peer } of known) {
          const form = `${server.number} ${normalisedUrl(peer)}`;
          if (peers.has(form) || !isServed(peer)) continue;
          const others = () =>
            [...servers.values()].filter((other) => other !== server).map((other) => other.dpg);
          const serving = serve(peer, { ...options, dpg: server.dpg }, others, signal, experience).catch(
            (error) => {
              failure ??= { error };
              stop();
            },
          );
          peers.set(form, serving);
        }
      }
      failures = failed ? failures + 1 : 0;
      await pause(failures > 0 ? backoff(DATABASE, failures) : idleMilliseconds, signal);
    }
  } finally {
    stop();
    options.signal?.removeEventListener('abort', stop);
    await Promise.all(peers.values());
  }
  if (failure) throw failure.error;
}

/** A server, as the first that was met or a later one. */
interface Served<Json> {
  dpg: MirrorOptions<Json>['dpg'];
  number: number;
}

/** Between tries of what the database refused. */
const DATABASE: Backoff = { first: 100, most: 10_000 };

function isFatal(error: unknown, { hasWorked }: Experience): boolean {
  return isEnded(error) || (!hasWorked && isMisconfiguration(error));
}

/** Serves one peer from one server until the signal. */
async function serve<Json>(
  peer: string,
  options: MirrorOptions<Json>,
  others: () => MirrorOptions<Json>['dpg'][],
  signal: AbortSignal,
  experience: Experience,
): Promise<void> {
  const { dpg, leaseSeconds = 30, idleMilliseconds = 1000, onHappening } = options;
  const oldFeeds = new OldFeeds(peer, others);
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
      if (events.length > 0)
        await server.deliverBatch(events, until, await oldFeeds.held(subscription, events));
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
      tell(onHappening, { what: 'database', peer, error });
      await pause(backoff(DATABASE, failures), signal);
    }
  }
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
