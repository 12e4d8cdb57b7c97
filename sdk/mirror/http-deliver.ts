// Delivery by HTTP: a signed POST of the event to the handler of the instance that its source lives on.

import { toDeliveryError } from './errors.js';
import type { Deliver } from './mirror.js';
import { remoteInstance } from './remote.js';
import type { Secret } from './signature.js';

export interface HttpDeliverOptions {
  /** What this instance shares with that peer, by the peer's URL; undefined when it shares nothing. */
  secretOf: (peer: string) => Secret | undefined | Promise<Secret | undefined>;
  /** Where that peer's handler listens: its URL and `/dpg` unless told. */
  endpointOf?: (peer: string) => string | URL;
  /** For an answer to come, 10,000 unless told. */
  timeoutMilliseconds?: number;
  /** Instead of Node's own. */
  fetch?: typeof fetch;
}

export function httpDeliver(options: HttpDeliverOptions): Deliver {
  const { secretOf, endpointOf = (peer) => `${peer.replace(/\/+$/, '')}/dpg`, timeoutMilliseconds } = options;
  return async (event, { peer, text, signal }) => {
    const secret = await secretOf(peer);
    if (secret === undefined) throw new Error(`no secret is shared with ${peer}`);
    const remote = remoteInstance({
      endpoint: endpointOf(peer),
      sender: event.origin_instance_domain,
      secret,
      timeoutMilliseconds,
      signal,
      fetch: options.fetch,
    });
    try {
      await remote.storeEvent(text);
    } catch (error) {
      throw toDeliveryError(error);
    }
  };
}
