// The feeds of several servers. Each server has its own, with positions and leases of its own.

import type { Called, Send } from '../client.js';
import { InvalidArgumentError, NetworkElsewhereError } from '../errors.js';
import type { Home } from './home.js';
import type { Registry } from './registry.js';

const MOST_LEASES = 10_000;
const MILLISECONDS_BETWEEN_LOOKS = 1000;

export class Feeds {
  readonly #registry: Registry;
  /** Where each lease was given, the latest last. */
  readonly #leases = new Map<string, Home>();
  #turn = 0;
  #looksAt = 0;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The next batch of the first server that has one. They take turns, so that none waits for ever. */
  async read<Row>(send: Send<Row>): Promise<Row[]> {
    const homes = this.#registry.homes;
    const first = this.#turn++;
    for (let i = 0; i < homes.length; i++) {
      const home = homes[(first + i) % homes.length] as Home;
      const rows = await send(home.primary);
      for (const { lease_id } of rows as { lease_id: string }[]) this.#note(lease_id, home);
      if (rows.length > 0) return rows;
    }
    await this.#findOthers();
    return [];
  }

  /** A network that has moved is in the feed of a server that nobody has named yet. */
  async #findOthers(): Promise<void> {
    if (performance.now() < this.#looksAt) return;
    this.#looksAt = performance.now() + MILLISECONDS_BETWEEN_LOOKS;
    await this.#registry.discover();
  }

  #note(lease: string, home: Home): void {
    this.#leases.delete(lease);
    this.#leases.set(lease, home);
    const [oldest] = this.#leases.keys();
    if (this.#leases.size > MOST_LEASES && oldest !== undefined) this.#leases.delete(oldest);
  }

  /** To the server that gave the lease: a position without it could be one of any. */
  async leased<Row>({ given, name }: Called, send: Send<Row>): Promise<Row[]> {
    const { homes } = this.#registry;
    const home = homes.length === 1 ? homes[0] : this.#leases.get(String(given.lease_id));
    if (home) return send(home.primary);
    throw new InvalidArgumentError('DP001', 'lease_id is none that this dpg was given', {
      detail: { argument: 'lease_id', value: given.lease_id ?? null },
      hint: `Positions are those of one server: pass the lease_id of what you have read, or call ${name} of dpg.home(network).`,
    });
  }

  /** On all servers. What one of them does not have, another may have; the error is that of the first where none has it. */
  async everywhere<Row>({ name, given }: Called, send: Send<Row>): Promise<Row[]> {
    // a server that nobody has named yet is read from as well, once it is found
    await this.#registry.discover();
    const { homes } = this.#registry;
    if (name === 'retry_events' && typeof given.position === 'bigint' && homes.length > 1)
      throw new InvalidArgumentError('DP001', 'position may be one of several servers', {
        detail: { argument: 'position', value: String(given.position) },
        hint: 'Positions are those of one server: dpg.home(network).subscriptions.retry(...)',
      });
    const outcomes = await Promise.allSettled(homes.map((home) => send(home.primary)));
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason);
    const other = failures.find((error) => !isOfOneServer(name, error));
    if (other ?? failures.length === homes.length) throw other ?? failures[0];
    const rows = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
    return name === 'retry_events' ? rows : rows.slice(0, 1);
  }
}

/** A subscription that a server has not, a network that lives on another. */
function isOfOneServer(name: string, error: unknown): boolean {
  if (error instanceof NetworkElsewhereError) return true;
  return !name.startsWith('create') && error instanceof InvalidArgumentError;
}
