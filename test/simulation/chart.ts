// docs/scaling.svg: the busiest server day by day, and how the load lies on the servers.

import * as Plot from '@observablehq/plot';
import { MARGIN, type Panel, picture, WIDTH } from '../bench/charts/chart.js';
import { PAPER } from '../bench/charts/hues.js';
import { widthOf } from '../bench/charts/text.js';
import { CONTESTANTS } from '../bench/contestants/all.js';
import { ROUND_TRIP, SEED, THIS } from '../bench/contestants/contestant.js';
import type { Run, Settings } from './run.js';

const HEIGHT = 330;
const GAP = 24;
const MARGINS = { marginLeft: 44, marginBottom: 44, marginTop: 28 };
const QUARTERS = [0, 182, 365, 547, 729];
const hue = (who: string) => CONTESTANTS[who]?.light ?? PAPER.light;

export function chartOf(settings: Settings, usual: Run, withGiant: Run, neverMoved: number[]): string {
  const percent = (load: number) => (100 * load) / settings.capacity;
  const busiest = (run: Run) => run.days.map(({ loads }) => percent(Math.max(...loads)));
  // the giant first: until it grows, it is under the other
  const curves = [
    { who: 'with a giant', hue: hue(SEED), values: busiest(withGiant) },
    { who: 'moved by the rule', hue: hue(THIS), values: busiest(usual) },
    { who: 'never moved', hue: hue(ROUND_TRIP), values: neverMoved.map(percent) },
  ];
  const width = (WIDTH - 2 * MARGIN - GAP) / 2;
  return picture(
    '1,000 networks over several servers',
    'Load in the busiest hour, % of what one server holds, over two years.',
    [
      { x: 0, y: 0, ...busiestServer(curves, width, percent(settings.capacity * settings.limit)) },
      { x: width + GAP, y: 0, ...eachServer(usual, width, percent) },
    ],
  );
}

type Drawn = Pick<Panel, 'options' | 'also'>;

function busiestServer(
  curves: { who: string; hue: string; values: number[] }[],
  width: number,
  limit: number,
): Drawn {
  const marginRight = Math.ceil(Math.max(...curves.map(({ who }) => widthOf(who)))) + 28;
  return {
    options: {
      ...MARGINS,
      width,
      height: HEIGHT,
      marginRight,
      x: { domain: [0, 729] },
      y: { domain: [0, 160] },
      marks: [
        ...axes(),
        Plot.ruleY([limit, 100], { strokeDasharray: '4 3', strokeOpacity: 0.6 }),
        ...curves.map(({ hue: stroke, values }) =>
          Plot.line(
            values.map((value, day) => ({ day, value })),
            { x: 'day', y: 'value', stroke, strokeWidth: 1.75 },
          ),
        ),
      ],
    },
    also(plot, add) {
      const x = (value: number): number => plot.scale('x')?.apply(value);
      const y = (value: number): number => plot.scale('y')?.apply(value);
      add('text', { x: 0, y: 13, 'text-anchor': 'start', 'font-weight': 600 }, 'The busiest server');
      add('text', { x: MARGINS.marginLeft, y: HEIGHT - 8, 'text-anchor': 'start' }, 'days');
      add('text', { x: x(8), y: y(limit) - 5, 'text-anchor': 'start' }, 'limit');
      add('text', { x: x(8), y: y(100) - 5, 'text-anchor': 'start' }, 'what it holds');
      let below = Number.POSITIVE_INFINITY;
      const ends = curves.map((curve) => ({ ...curve, at: y(Math.min(curve.values.at(-1) ?? 0, 160)) }));
      for (const { who, hue: fill, at } of ends.toSorted((a, b) => b.at - a.at)) {
        below = Math.min(at, below - 16);
        add('text', { x: x(729) + 10, y: below, dy: '0.32em', 'text-anchor': 'start', fill }, who);
      }
    },
  };
}

/** One above the other, in the order in which they were added. */
function eachServer(run: Run, width: number, percent: (load: number) => number): Drawn {
  const parts = run.days.flatMap(({ loads }, day) =>
    run.servers.map((_, server) => ({ day, server, value: percent(loads[server] ?? 0) })),
  );
  const ends = (run.days.at(-1)?.loads ?? []).map(percent);
  const labels = ends.map((_, server) => `server ${server + 1}`);
  return {
    options: {
      ...MARGINS,
      width,
      height: HEIGHT,
      marginRight: Math.ceil(Math.max(...labels.map((label) => widthOf(label)))) + 18,
      x: { domain: [0, 729] },
      y: { domain: [0, 50 * Math.ceil((ends.reduce((sum, load) => sum + load, 0) * 1.1) / 50)] },
      marks: [
        ...axes(),
        Plot.areaY(parts, {
          x: 'day',
          y: 'value',
          z: 'server',
          fill: hue(THIS),
          stroke: PAPER.light,
          strokeWidth: 1,
          fillOpacity: 0.8,
        }),
      ],
    },
    also(plot, add) {
      const y = (value: number): number => plot.scale('y')?.apply(value);
      add(
        'text',
        { x: 0, y: 13, 'text-anchor': 'start', 'font-weight': 600 },
        'All servers, one above the other',
      );
      add('text', { x: MARGINS.marginLeft, y: HEIGHT - 8, 'text-anchor': 'start' }, 'days');
      let below = 0;
      for (const [server, load] of ends.entries()) {
        const at = { x: plot.scale('x')?.apply(729) + 8, y: y(below + load / 2), dy: '0.32em' };
        add('text', { ...at, 'text-anchor': 'start', fill: hue(THIS) }, labels[server]);
        below += load;
      }
    },
  };
}

function axes(): Plot.Markish[] {
  return [
    Plot.gridY({ ticks: 5, strokeOpacity: 0.15 }),
    Plot.axisY({ ticks: 5, tickSize: 0, label: null }),
    Plot.ruleY([0], { strokeOpacity: 0.5 }),
    Plot.axisX(QUARTERS, { label: null, text: (value: number) => String(value) }),
  ];
}
