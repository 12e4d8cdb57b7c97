// Which servers there are, and which of them is the home of a network.

import { InvalidArgumentError, NetworkElsewhereError } from '../errors.js';
import { pause } from '../mirror/pause.js';
import { type Departure, departuresOf } from './departures.js';
import { addressOf, type Home } from './home.js';

/** What each server says of networks that live elsewhere. */
export type Departures = ReadonlyMap<Home, ReadonlyMap<string, Departure>>;

/** A network that is closed on the old server is opened on the new one in less than that. */
export const PATIENCE_MILLISECONDS = 5000;
export const PAUSE_MILLISECONDS = 25;

export class Registry {
  readonly default: Home;
  readonly #configured: ReadonlyMap<string, Home>;
  readonly #connect: (server: URL, refuser: Home) => Home;
  readonly #byAddress = new Map<string, Home>();
  readonly #all = new Set<Home>();
  /** What DP017 has said since. */
  readonly #learned = new Map<string, Home>();
  #departures: Departures | undefined;

  constructor(
    usual: Home,
    configured: ReadonlyMap<string, Home>,
    connect: (server: URL, refuser: Home) => Home,
  ) {
    this.default = usual;
    this.#configured = configured;
    this.#connect = connect;
    for (const home of [usual, ...configured.values()]) this.#add(home);
  }

  get homes(): Home[] {
    return [...this.#all];
  }

  #add(home: Home): Home {
    this.#all.add(home);
    for (const address of home.addresses)
      if (!this.#byAddress.has(address)) this.#byAddress.set(address, home);
    return home;
  }

  homeOf(network: unknown): Home {
    const name = network as string;
    return this.#learned.get(name) ?? this.#configured.get(name) ?? this.default;
  }

  learn(network: string, home: Home): void {
    this.#learned.set(network, home);
  }

  /**
   * The server that a refusal names. What is no URL is a name of the administrator's own, which only the configuration can
   * explain.
   */
  at(server: string, refuser: Home, network: string): Home | undefined {
    const found = addressOf(server);
    if (!found) {
      const home = this.#configured.get(network) ?? this.default;
      return home === refuser ? undefined : home;
    }
    return this.#byAddress.get(found.address) ?? this.#add(this.#connect(found.url, refuser));
  }

  /** Asks all servers that can be reached for others. */
  async discover(): Promise<void> {
    const asked = new Set<Home>();
    for (;;) {
      const others = this.homes.filter((home) => !asked.has(home));
      if (others.length === 0) return;
      await Promise.allSettled(
        others.map(async (home) => {
          asked.add(home);
          for (const { network, server } of (await departuresOf(home.primary)).values())
            this.at(server, home, network);
        }),
      );
    }
  }

  /** Asks all servers which networks live elsewhere, and those of which it learns so. */
  async look(): Promise<Departures> {
    const departures = new Map<Home, ReadonlyMap<string, Departure>>();
    for (;;) {
      const others = this.homes.filter((home) => !departures.has(home));
      if (others.length === 0) break;
      const told = await Promise.all(others.map((home) => departuresOf(home.primary)));
      others.forEach((home, index) => {
        departures.set(home, told[index] as ReadonlyMap<string, Departure>);
      });
      for (const [home, networks] of departures)
        for (const { network, server } of networks.values()) this.at(server, home, network);
    }
    for (const network of new Set([...departures.values()].flatMap((networks) => [...networks.keys()]))) {
      const { home } = this.#placeOf(network, this.homeOf(network), departures);
      if (home) this.learn(network, home);
    }
    this.#departures = departures;
    return departures;
  }

  /**
   * Does what concerns all servers, so that a network which moves meanwhile is neither missed nor met twice: which networks
   * live elsewhere is the same before and after, else it is done again. It is read in a statement of its own, after the
   * answer: a call can see a network closed that its own snapshot does not yet know to be elsewhere.
   */
  async settled<Result>(work: (homes: Home[], departures: Departures) => Promise<Result>): Promise<Result> {
    const until = performance.now() + PATIENCE_MILLISECONDS;
    let before = this.#departures ?? (await this.look());
    for (;;) {
      const result = await work([...before.keys()], before);
      const after = await this.look();
      const refusal = this.#nowhere(after);
      if (!refusal && isSame(before, after)) return result;
      if (refusal && (!refusal.detail?.is_moving || performance.now() > until)) throw refusal;
      if (refusal) await pause(PAUSE_MILLISECONDS, undefined);
      before = after;
    }
  }

  /** The refusal where a network is open on none of these servers: then what it holds would be missing without a word. */
  #nowhere(departures: Departures): NetworkElsewhereError | undefined {
    for (const [home, networks] of departures)
      for (const network of networks.keys()) {
        const { refusal } = this.#placeOf(network, home, departures);
        if (refusal) return refusal;
      }
    return undefined;
  }

  /** The server that one comes to who starts at this one and goes where each says. */
  #placeOf(
    network: string,
    start: Home,
    departures: Departures,
  ): { home?: Home; refusal?: NetworkElsewhereError } {
    const passed = new Set<Home>();
    let home = start;
    for (;;) {
      const told = departures.get(home)?.get(network);
      if (!told) return { home };
      // the old server has closed it, and the new one not yet opened
      if (passed.has(home)) return { refusal: movingRefusal(network, told.server) };
      passed.add(home);
      const next = this.at(told.server, home, network);
      if (!next) return { refusal: unknownRefusal(network, told.server) };
      home = next;
    }
  }
}

function isSame(some: Departures, others: Departures): boolean {
  const textOf = (departures: Departures) =>
    JSON.stringify(
      [...departures].map(([home, networks]) => [
        home.id,
        [...networks.values()].map(({ network, server, since }) => [network, server, since]).sort(),
      ]),
    );
  return some.size === others.size && textOf(some) === textOf(others);
}

function movingRefusal(network: string, server: string): NetworkElsewhereError {
  return new NetworkElsewhereError('DP017', `the network '${network}' is moving, and is open nowhere yet`, {
    detail: { network, server, is_moving: true },
    hint: 'Repeat the call in a moment. If that does not help, the move was interrupted: run npx dpg-database move again.',
  });
}

function unknownRefusal(network: string, server: string): NetworkElsewhereError {
  return new NetworkElsewhereError(
    'DP017',
    `the network '${network}' lives on '${server}', of which this program knows nothing`,
    {
      detail: { network, server },
      hint: `Name its URL: createDpg({ homes: { '${network}': url }, default }).`,
    },
  );
}

/** What one call would have to do on several servers. */
export function severalHomes(argument: string, networks: readonly string[]): InvalidArgumentError {
  const named = networks.map((network) => `'${network}'`).join(', ');
  return new InvalidArgumentError('DP001', `${argument} names networks that have different homes: ${named}`, {
    detail: { argument, value: networks },
    hint: 'One call is one transaction, on one server: make a call for each home.',
  });
}
