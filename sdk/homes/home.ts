// One server of several on which networks have their homes.

import { createHash } from 'node:crypto';
import type postgres from 'postgres';
import { type CallSettings, type Queryable, withSettings } from '../client.js';
import { type ConnectionOptions, connectTo } from '../connection.js';

export class Home {
  readonly sql: postgres.Sql;
  /** Where writes go, and reads that must not be late. */
  readonly primary: Queryable;
  /** Where calls go. */
  readonly way: Queryable;
  /** Whether the SDK made the connections. */
  readonly isOurs: boolean;
  /** Short, the same in every process, and says nothing to who sees it: page tokens hold it. */
  readonly id: string;
  /** host:port/database, of each host; none where the instance does not tell. */
  readonly addresses: readonly string[];

  constructor(sql: postgres.Sql, settings: CallSettings, isOurs: boolean) {
    this.sql = sql;
    this.primary = withSettings(sql, settings);
    this.way = this.primary;
    this.isOurs = isOurs;
    this.addresses = addressesOf(sql);
    const named = this.addresses[0] ?? String(Math.random());
    this.id = createHash('sha256').update(named).digest('hex').slice(0, 8);
  }

  /** As it may be shown: without user and password. */
  get server(): string {
    return `postgres://${this.addresses[0] ?? ''}`;
  }

  /** The user who logs in. */
  get user(): string | undefined {
    return this.#options?.user;
  }

  get #options(): postgres.ParsedOptions | undefined {
    return this.sql.options as postgres.ParsedOptions | undefined;
  }

  /** Connections to another server, as whoever is connected to this one. */
  connectElsewhere(server: URL, options: ConnectionOptions): postgres.Sql {
    const url = new URL(server);
    url.username = '';
    url.password = '';
    const { user, pass, ssl, prepare, max, connection } = this.#options ?? {};
    return connectTo(url.href, {
      ...Object.fromEntries(
        Object.entries({ user, pass, ssl, prepare, max, connection }).filter(
          ([, value]) => value !== undefined,
        ),
      ),
      ...options,
    });
  }
}

function addressesOf({ options }: Queryable): string[] {
  const { host, port, database } = (options ?? {}) as Partial<postgres.ParsedOptions>;
  if (!Array.isArray(host) || !Array.isArray(port) || database === undefined) return [];
  return host.map((name, index) => address(name, port[index] ?? port[0], database));
}

/** That of `postgres://host:port/database`; undefined where it is a name of another form. */
export function addressOf(server: string): { url: URL; address: string } | undefined {
  let url: URL;
  let database: string;
  try {
    url = new URL(server);
    database = decodeURIComponent(url.pathname.slice(1));
  } catch {
    return undefined;
  }
  if (!/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '') return undefined;
  return { url, address: address(url.hostname, url.port || 5432, database) };
}

const LOOPBACK = ['127.0.0.1', '::1', '[::1]'];

function address(host: string, port: string | number | undefined, database: string): string {
  const name = host.toLowerCase();
  return `${LOOPBACK.includes(name) ? 'localhost' : name}:${port ?? 5432}/${database}`;
}
