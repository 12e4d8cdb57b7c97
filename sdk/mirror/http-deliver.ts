// Delivery by HTTP: a signed POST of the event to the handler of the instance that its source lives on.

import type { Deliver } from './delivery.js';
import { messageOf, PeerUnavailableError, toDeliveryError } from './errors.js';
import { PROTOCOL, type Protocol } from './messages.js';
import { type Acquaintance, remoteOf } from './remote.js';
import type { Secret } from './signature.js';

export interface HttpDeliverOptions {
  /** What this instance shares with that peer, by the peer's URL; undefined when it shares nothing: its events wait. */
  secretOf: (peer: string) => Secret | undefined | Promise<Secret | undefined>;
  /** Where that peer's handler listens: its URL and `/dpg` unless told. */
  endpointOf?: (peer: string) => string | URL;
  /** For the whole answer to come, 10,000 unless told. */
  timeoutMilliseconds?: number;
  /** Instead of Node's own. */
  fetch?: typeof fetch;
}

/** Keep one for all peers: it remembers which version of messages each of them knows. */
export function httpDeliver(options: HttpDeliverOptions): Deliver<object> {
  return deliverBy(options, PROTOCOL);
}

export function deliverBy(options: HttpDeliverOptions, protocol: Protocol): Deliver<object> {
  const acquaintances = new Map<string, Acquaintance>();
  return async (event, { peer, text, signal }) => {
    const { endpoint, secret } = await configured(options, peer);
    const acquaintance = acquaintances.get(peer) ?? {};
    acquaintances.set(peer, acquaintance);
    const { timeoutMilliseconds, fetch } = options;
    const sender = event.origin_instance_domain;
    const remote = { endpoint, sender, secret, timeoutMilliseconds, signal, fetch };
    try {
      await remoteOf(remote, acquaintance, protocol).storeEvent(text);
    } catch (error) {
      throw toDeliveryError(error);
    }
  };
}

/** What our configuration says of a peer. Whatever is wrong with that, no event can help it. */
async function configured(
  { secretOf, endpointOf = (peer) => `${peer.replace(/\/+$/, '')}/dpg` }: HttpDeliverOptions,
  peer: string,
): Promise<{ endpoint: URL; secret: Secret }> {
  let secret: Secret | undefined;
  let endpoint: URL;
  try {
    secret = await secretOf(peer);
    endpoint = new URL(endpointOf(peer));
  } catch (cause) {
    throw new PeerUnavailableError(`the configuration of ${peer} is wrong: ${messageOf(cause)}`, { cause });
  }
  if (secret === undefined || [secret].flat().every((one) => one === ''))
    throw new PeerUnavailableError(`no secret is shared with ${peer}`);
  return { endpoint, secret };
}
