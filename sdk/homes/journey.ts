// One call on its way to where its network lives.

import type { NetworkElsewhereError } from '../errors.js';
import { pause } from '../mirror/pause.js';
import type { Home } from './home.js';
import { PATIENCE_MILLISECONDS, PAUSE_MILLISECONDS, type Registry } from './registry.js';

export class Journey {
  readonly #registry: Registry;
  /** Network and server: each is gone to once. */
  readonly #followed = new Set<string>();
  /** Those that have said that the network has left them. */
  readonly #left = new Set<string>();
  /** Those that have said that it is about to live there. */
  readonly #opening = new Set<string>();
  #until: number | undefined;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /**
   * Where the call goes next, which is remembered for the network. A server that the network is moving to is waited for,
   * once the old one has closed it: nothing was written, so the call can be repeated.
   * @throws the refusal, where following it leads nowhere
   */
  async follow(refusal: NetworkElsewhereError, home: Home): Promise<void> {
    if (!refusal.detail) throw refusal;
    const { network, server, is_moving } = refusal.detail;
    const next = this.#registry.at(server, home, network);
    const named = (place: Home) => JSON.stringify([network, place.id]);
    (is_moving ? this.#opening : this.#left).add(named(home));

    const isClosed = !next || this.#left.has(named(next));
    const opens = is_moving && isClosed ? home : next && this.#opening.has(named(next)) ? next : undefined;
    if (opens) {
      this.#until ??= performance.now() + PATIENCE_MILLISECONDS;
      if (performance.now() > this.#until) throw refusal;
      this.#registry.learn(network, opens);
      await pause(PAUSE_MILLISECONDS, undefined);
      return;
    }
    if (!next || next === home || this.#followed.has(named(next))) throw refusal;
    this.#followed.add(named(next));
    this.#registry.learn(network, next);
  }

  /** The same for elements that are refused each on its own; returns those that can be sent again. */
  async followEach(
    refused: readonly { index: number; refusal: NetworkElsewhereError }[],
    home: Home,
  ): Promise<number[]> {
    const leads = new Map<unknown, boolean>();
    for (const { refusal } of refused) {
      const network = refusal.detail?.network;
      if (leads.has(network)) continue;
      leads.set(
        network,
        await this.follow(refusal, home).then(
          () => true,
          () => false,
        ),
      );
    }
    return refused.flatMap(({ index, refusal }) => (leads.get(refusal.detail?.network) ? [index] : []));
  }
}
