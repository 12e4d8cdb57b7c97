// Which network is moved, and where. A simple rule, which a person can follow with a list of loads in hand.
//
// A server whose busiest hour is over its limit gives away one network at a time, to the server that has most room. A server takes
// none that would bring it over the goal, which is below the limit: else it would soon give it away again. The network that
// helps most is the one with the fewest bytes to copy among those that alone bring the sender down to the goal. Where none
// does, it is the one with the highest load that finds room. Where nobody has room, an empty server is added. A server with a
// single network has nothing to give away: this network needs a larger machine.

import type { Network } from './world.js';

export interface Limits {
  /** Writes a second that one server holds. */
  capacity: number;
  /** Of the capacity: a server above it gives away. */
  limit: number;
  /** Of the capacity: no server is brought above it. */
  goal: number;
}

export interface Server {
  networks: Network[];
}

export interface Choice {
  network: Network;
  to: Server;
}

export const loadOf = (networks: readonly Network[]): number =>
  networks.reduce((sum, { load }) => sum + load, 0);

export const isOver = (server: Server, { capacity, limit }: Limits): boolean =>
  loadOf(server.networks) > capacity * limit;

/** What `from` gives away next. Undefined: nobody has room for any of its networks, or it has only one. */
export function choose(
  from: Server,
  receivers: readonly Server[],
  { capacity, goal }: Limits,
): Choice | undefined {
  if (from.networks.length < 2) return undefined;
  const [emptiest] = receivers
    .filter((server) => server !== from)
    .map((server) => ({ server, room: capacity * goal - loadOf(server.networks) }))
    .toSorted((a, b) => b.room - a.room);
  if (!emptiest) return undefined;
  const excess = loadOf(from.networks) - capacity * goal;
  const fitting = from.networks.filter(({ load }) => load <= emptiest.room);
  const enough = fitting.filter(({ load }) => load >= excess).toSorted((a, b) => a.bytes - b.bytes);
  const [network] = enough.length > 0 ? enough : fitting.toSorted((a, b) => b.load - a.load);
  return network && { network, to: emptiest.server };
}
