// What npm run simulate says, and the chart that belongs to it.

import { chartOf } from './chart.js';
import { outgrown, sentences, table } from './report.js';
import { run, type Settings, withoutMoves } from './run.js';
import { GIANT } from './settings.js';

const OTHER_SEEDS = 10;

export function story(settings: Settings): { text: string; chart: string } {
  const usual = run(settings);
  const giant = run({ ...settings, giant: GIANT });
  const neverMoved = withoutMoves(settings, usual.servers.length);
  /** Of other seeds: whether one of them says what the others say. */
  const others = Array.from({ length: OTHER_SEEDS }, (_, index) => {
    const other = { ...settings, seed: settings.seed + 1 + index };
    const found = run(other);
    const last = found.days.at(-1)?.loads ?? [];
    return {
      servers: last.length,
      moves: found.moves.length,
      busiest: Math.max(...last),
      neverMoved: withoutMoves(other, last.length).at(-1) ?? 0,
    };
  });
  const span = (values: number[], show: (value: number) => string = String) =>
    `${show(Math.min(...values))} to ${show(Math.max(...values))}`;
  const percent = (load: number) => `${Math.round((100 * load) / settings.capacity)} %`;

  const texts = [
    `${settings.networks.toLocaleString('en')} networks over ${settings.days} days. A server holds ${settings.capacity.toLocaleString('en')} writes a second.
Above ${settings.limit * 100} % of that it gives networks away until it is down to ${settings.goal * 100} %.`,
    table(settings, usual),
    sentences(settings, usual),
    `Never moved: each network by its hash on one of ${usual.servers.length} servers from the first day.
The busiest one has ${percent(neverMoved.at(-1) ?? 0)} on the last day, and ${percent(Math.max(...(usual.days.at(-1)?.loads ?? [])))} where networks are moved.`,
    `${OTHER_SEEDS} other seeds: ${span(others.map(({ servers }) => servers))} servers, ${span(others.map(({ moves }) => moves))} moves. On the last day the busiest
has ${span(
      others.map(({ busiest }) => busiest),
      percent,
    )} where networks are moved, ${span(
      others.map((o) => o.neverMoved),
      percent,
    )} where they are not.`,
    `A giant: network ${GIANT.rank} grows by another ${((GIANT.factor - 1) * 100).toFixed(1)} % a day from day ${GIANT.from} on.`,
    table(settings, giant),
    `Alone on its server, and over the limit on the last day: ${outgrown(settings, giant).join(', ') || 'none'}.`,
  ];
  return { text: texts.join('\n\n'), chart: chartOf(settings, usual, giant, neverMoved) };
}
