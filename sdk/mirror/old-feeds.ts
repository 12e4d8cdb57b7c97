// A network that has moved leaves the events from before in the feed of its old home.

import type { Queryable } from '../client.js';
import type { Dpg } from '../dpg.js';
import { type Departure, departuresOf } from '../homes/departures.js';
import { isSameInstance } from '../instance-url.js';

/** What is asked of a server. */
interface Server {
  sql: Queryable;
  subscriptions: Pick<Dpg['subscriptions'], 'list' | 'peers'>;
}

export class OldFeeds {
  readonly #peer: string;
  readonly #others: () => readonly Server[];
  /** What is known to be delivered: server, network, since when it lives elsewhere. */
  readonly #delivered = new Set<string>();
  /** What each server said last. */
  readonly #departures = new Map<number, Departure[]>();

  constructor(peer: string, others: () => readonly Server[]) {
    this.#peer = peer;
    this.#others = others;
  }

  /**
   * The networks among these events whose earlier events are still to be delivered by another server, each with why. Of a
   * server that cannot be reached counts what it said last; one that was never reached may have some of any.
   */
  async held(
    subscription: string,
    events: readonly { partition_network: string }[],
  ): Promise<Map<string, unknown>> {
    const held = new Map<string, unknown>();
    const networks = new Set(events.map((event) => event.partition_network));
    const asked = this.#others().map(async (other, number) => {
      try {
        const undelivered = this.#undelivered(other, number, subscription, networks);
        for (const network of await withoutWaiting(undelivered))
          held.set(
            network,
            new Error(`events of network '${network}' wait for those from before it moved here`),
          );
      } catch (error) {
        const known = this.#departures.get(number);
        for (const network of networks)
          if (!known || this.#open(number, known).some((one) => one.network === network))
            held.set(network, error);
      }
    });
    await Promise.all(asked);
    return held;
  }

  async #undelivered(
    server: Server,
    number: number,
    subscription: string,
    networks: ReadonlySet<string>,
  ): Promise<string[]> {
    const departures = [...(await departuresOf(server.sql)).values()];
    this.#departures.set(number, departures);
    const open = this.#open(number, departures).filter(({ network }) => networks.has(network));
    if (open.length === 0) return [];
    const oldestAge = await this.#oldestAge(server, subscription);
    const undelivered: string[] = [];
    for (const departure of open) {
      if (oldestAge < departure.seconds) this.#delivered.add(nameOf(number, departure));
      else undelivered.push(departure.network);
    }
    return undelivered;
  }

  /** Those of which it is not known that all is delivered. */
  #open(number: number, departures: readonly Departure[]): Departure[] {
    return departures.filter((departure) => !this.#delivered.has(nameOf(number, departure)));
  }

  /**
   * The age of the oldest event that waits on the server, in seconds. A network that left it before that has none among
   * those that wait. Both ages are by the clock of that server; that of the network was taken first.
   */
  async #oldestAge({ subscriptions }: Server, subscription: string): Promise<number> {
    const [status] = await subscriptions.list({ subscription });
    if (status) return status.lag_events === 0n ? 0 : status.lag_seconds;
    // whoever serves the peer there has not begun, or there is nothing for it
    const peers = await subscriptions.peers();
    return peers.some(({ instance_url }) => isSameInstance(instance_url, this.#peer)) ? Infinity : 0;
  }
}

/** A server that does not answer must not hold up a batch until its lease has ended. */
const MOST_MILLISECONDS = 3000;

async function withoutWaiting<Result>(asked: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error('a server does not answer which events it has to deliver before these');
    timer = setTimeout(() => reject(error), MOST_MILLISECONDS);
  });
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
}

const nameOf = (number: number, { network, since }: Departure) => JSON.stringify([number, network, since]);
