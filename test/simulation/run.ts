// The policy day by day: moves take their time, one after the other on each server.

import { choose, isOver, type Limits, loadOf, type Server } from './policy.js';
import { days, type Growth, type Network } from './world.js';

export interface Settings extends Growth, Limits {
  /** Bytes a second that a move copies. */
  copies: number;
  /** No server is added beyond so many. */
  mostServers: number;
}

export interface Move {
  network: number;
  from: number;
  to: number;
  /** In days. */
  start: number;
  end: number;
  bytes: number;
}

export interface Day {
  /** Writes a second of each server, in the order in which they were added. */
  loads: number[];
  /** Of the network with the highest load. */
  largest: number;
  /** Moves that have ended until then. */
  moves: number;
}

export interface Run {
  days: Day[];
  moves: Move[];
  /** Networks of each server on the last day. */
  servers: Server[];
}

const SECONDS_A_DAY = 86_400;

/** Everything begins on one server. */
export function run(settings: Settings): Run {
  const servers: Server[] = [{ networks: [] }];
  const result: Run = { days: [], moves: [], servers };
  const underWay: { move: Move; network: Network; from: Server; to: Server }[] = [];
  /** When each server has ended its last move. */
  const free = new Map<Server, number>();
  /** Those that give away: from the day on which they are over the limit, until they are down to the goal. */
  const relieved = new Set<Server>();
  let today = 0;
  for (const networks of days(settings)) {
    if (today === 0) servers[0]?.networks.push(...networks);
    for (let finished = true; finished; ) {
      finished = false;
      for (const one of underWay
        .filter(({ move }) => move.end <= today + 1)
        .toSorted((a, b) => a.move.end - b.move.end)) {
        one.from.networks = one.from.networks.filter((network) => network !== one.network);
        one.to.networks.push(one.network);
        underWay.splice(underWay.indexOf(one), 1);
        result.moves.push(one.move);
        finished = true;
      }
      for (const server of servers) {
        if (isOver(server, settings)) relieved.add(server);
        else if (loadOf(server.networks) <= settings.capacity * settings.goal) relieved.delete(server);
      }
      for (const from of [...relieved].toSorted(byLoad)) {
        const isBusy = (server: Server) => underWay.some((one) => one.from === server || one.to === server);
        if (isBusy(from) || (free.get(from) ?? 0) >= today + 1) continue;
        const receivers = servers.filter((server) => !isBusy(server));
        let choice = choose(from, receivers, settings);
        if (!choice && from.networks.length > 1 && servers.length < settings.mostServers) {
          const added: Server = { networks: [] };
          choice = choose(from, [added], settings);
          if (choice) servers.push(added);
        }
        if (!choice) continue;
        const { network, to } = choice;
        const start = Math.max(today, free.get(from) ?? 0, free.get(to) ?? 0);
        const end = start + network.bytes / settings.copies / SECONDS_A_DAY;
        free.set(from, end).set(to, end);
        const move = {
          network: network.rank,
          from: servers.indexOf(from),
          to: servers.indexOf(to),
          start,
          end,
          bytes: network.bytes,
        };
        underWay.push({ move, network, from, to });
        finished = true;
      }
    }
    result.days.push({
      loads: servers.map(({ networks: own }) => loadOf(own)),
      largest: Math.max(...networks.map(({ load }) => load)),
      moves: result.moves.length,
    });
    today += 1;
  }
  return result;
}

/** The same networks, each by its hash on one of so many servers from the first day on, and never moved. */
export function withoutMoves(settings: Settings, servers: number): number[] {
  const busiest: number[] = [];
  for (const networks of days(settings)) {
    const loads = Array.from({ length: servers }, () => 0);
    for (const { rank, load } of networks) {
      const at = hash(rank) % servers;
      loads[at] = (loads[at] ?? 0) + load;
    }
    busiest.push(Math.max(...loads));
  }
  return busiest;
}

const byLoad = (a: Server, b: Server) => loadOf(b.networks) - loadOf(a.networks);

/** The finalizer of MurmurHash3. */
function hash(value: number): number {
  let bits = value >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
