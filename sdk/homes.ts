// Networks on servers of their own: which server gets which call.

import type postgres from 'postgres';
import { z } from 'zod';
import { check, fields, key } from './arguments.js';
import { type CallSettings, type Queryable, routed } from './client.js';
import { type ConnectionOptions, checkUrl, connectTo } from './connection.js';
import { InvalidArgumentError } from './errors.js';
import { Home } from './homes/home.js';
import { Registry } from './homes/registry.js';
import { learningRouteOf, routeOf } from './homes/route.js';

/** A server: a connection string, or an instance of postgres.js of your own. */
export type Server = string | postgres.Sql;

/**
 * The servers of an instance. Together they are one: the same URLs of the instance, the same users.
 */
export interface Homes {
  /** By network: the server that it lives on. One that has moved since is found by itself. */
  homes: Readonly<Record<string, Server>>;
  /** That of all other networks. It is the one on which users are written. */
  default: Server;
}

const A_SERVER = 'Pass a connection string, or an instance of postgres.js.';
const server = z.custom<Server>(isServer, A_SERVER);
const homesOption = fields({
  homes: z.record(key, server, 'Pass an object of servers by network.'),
  default: server,
});

function isServer(given: unknown): boolean {
  if (typeof given === 'string') return given !== '';
  // not a transaction: calls of several servers are in none
  return typeof given === 'function' && 'unsafe' in given && 'typed' in given && !('savepoint' in given);
}

export function isHomes(given: unknown): given is Homes {
  return typeof given === 'object' && given !== null && 'default' in given;
}

/** The servers of an instance, and what is sent to them. */
export class Servers {
  readonly #registry: Registry;
  /** Of calls that may go to any. */
  readonly way: Queryable;

  constructor(given: Homes, options: ConnectionOptions, settings: CallSettings) {
    const checked = check(homesOption, given, 'homes') as Homes;
    const opened: Home[] = [];
    const open = (one: Server): Home => {
      if (typeof one !== 'string') {
        const known = opened.find(({ sql }) => sql === one);
        if (known) return known;
      } else checkUrl(one, 'createDpg takes connection strings or instances of postgres.js');
      const sql = typeof one === 'string' ? connectTo(one, options) : one;
      const home = new Home(sql, settings, typeof one === 'string');
      const same = opened.find(({ addresses }) =>
        addresses.some((address) => home.addresses.includes(address)),
      );
      if (!same) opened.push(home);
      else if (same.user !== home.user) throw twoUsers(home.server);
      return same ?? home;
    };
    const usual = open(checked.default);
    const configured = new Map(Object.entries(checked.homes).map(([network, one]) => [network, open(one)]));
    this.#registry = new Registry(usual, configured, (url, refuser) => {
      const sql = refuser.connectElsewhere(url, options);
      return new Home(sql, settings, true);
    });
    this.way = routed(usual.primary, routeOf(this.#registry));
  }

  /** The server of all networks that have none of their own. */
  get default(): Home {
    return this.#registry.default;
  }

  /** As far as it is known. */
  homeOf(network: string): Home {
    return this.#registry.homeOf(network);
  }

  /** All servers that are known; nobody is asked for others. */
  get known(): Home[] {
    return this.#registry.homes;
  }

  /** All servers that are known, after they were asked for others. One that cannot be asked is among them. */
  async all(): Promise<Home[]> {
    await this.#registry.discover();
    return this.#registry.homes;
  }

  /** The way of calls for one server, on its connections or on a transaction of them. */
  wayOf(home: Home, sql: Queryable): Queryable {
    return routed(sql, learningRouteOf(this.#registry, home, sql));
  }

  /** Closes the connections that the SDK made. */
  async end(how: { timeout?: number }): Promise<void> {
    await Promise.all(this.#registry.homes.filter(({ isOurs }) => isOurs).map(({ sql }) => sql.end(how)));
  }
}

function twoUsers(named: string): InvalidArgumentError {
  return new InvalidArgumentError('DP001', `homes name ${named} with two users`, {
    detail: { argument: 'homes', value: named },
    hint: 'A server has one way to it: pass the same connection string wherever it is the home.',
  });
}
