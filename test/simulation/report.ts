// What a run says in 80 columns.

import { quantile } from '../bench/measure.js';
import { isOver, loadOf } from './policy.js';
import type { Run, Settings } from './run.js';

const SHOWN_DAYS = [0, 90, 180, 270, 365, 455, 545, 635, 729];
const count = (value: number) => Math.round(value).toLocaleString('en');
const terabytes = (bytes: number) => (bytes / 1e12).toFixed(1);

/** A row a quarter of a year. */
export function table({ capacity }: Settings, { days, moves }: Run): string {
  const percent = (load: number) => String(Math.round((100 * load) / capacity));
  const head = ` day  writes/s  moves     TB  load of each server in %`;
  const rows = SHOWN_DAYS.flatMap((at) => {
    const day = days[at];
    if (!day) return [];
    const copied = moves.filter(({ end }) => end <= at + 1).reduce((sum, { bytes }) => sum + bytes, 0);
    const cells = [
      String(at).padStart(4),
      count(day.loads.reduce((sum, load) => sum + load, 0)).padStart(9),
      count(day.moves).padStart(6),
      terabytes(copied).padStart(6),
    ];
    return [`${cells.join(' ')}  ${day.loads.map((load) => percent(load).padStart(3)).join(' ')}`];
  });
  return [head, ...rows].join('\n');
}

export interface Summary {
  moves: number;
  movedNetworks: number;
  medianHours: number;
  longestHours: number;
  copied: number;
  kept: number;
  daysOver: number;
  busiest: number;
  servers: number[];
}

export function summaryOf(settings: Settings, { days, moves, servers }: Run): Summary {
  const hours = moves.map(({ start, end }) => (end - start) * 24);
  const busiest = days.map(({ loads }) => Math.max(...loads));
  return {
    moves: moves.length,
    movedNetworks: new Set(moves.map(({ network }) => network)).size,
    medianHours: quantile(hours, 0.5),
    longestHours: Math.max(...hours),
    copied: moves.reduce((sum, { bytes }) => sum + bytes, 0),
    kept: servers.flatMap(({ networks }) => networks).reduce((sum, { bytes }) => sum + bytes, 0),
    daysOver: busiest.filter((load) => load > settings.capacity * settings.limit).length,
    busiest: Math.max(...busiest) / settings.capacity,
    servers: servers.map(({ networks }) => networks.length),
  };
}

export function sentences(settings: Settings, run: Run): string {
  const found = summaryOf(settings, run);
  const days = run.days.length;
  return [
    `Moves       ${found.moves}, ${((found.moves * 7) / days).toFixed(1)} a week; ` +
      `${found.movedNetworks} of ${count(settings.networks)} networks were moved`,
    `A move      ${found.medianHours.toFixed(1)} hours in the median, ${found.longestHours.toFixed(0)} the longest`,
    `Copied      ${terabytes(found.copied)} TB; ${terabytes(found.kept)} TB are kept on the last day`,
    `Over limit  the busiest server on ${found.daysOver} of ${days} days; ` +
      `at most ${Math.round(found.busiest * 100)} % of what it holds`,
    `Networks    ${found.servers.map(count).join(', ')} on the servers`,
  ].join('\n');
}

/** Servers over the limit that have nothing to give away. */
export function outgrown(settings: Settings, { servers }: Run): string[] {
  return servers
    .filter((server) => server.networks.length === 1 && isOver(server, settings))
    .map(({ networks }) => `${Math.round((100 * loadOf(networks)) / settings.capacity)} %`);
}
