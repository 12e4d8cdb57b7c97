// A row for each measurement, under a heading for what was measured: bars from zero, or dots on a logarithmic axis, which has no zero.

import * as Plot from '@observablehq/plot';
import type { Finding, Measurement } from '../experiment.js';
import { rounded } from '../measure.js';
import { type Panel, titleOf } from './chart.js';
import { hueOf, isHollow, ordered, PAPER } from './hues.js';
import { widthOf } from './text.js';

/** Height of a row. */
const STEP = 24;
/** From this quotient of the largest and the smallest on, the small ones cannot be seen on a linear axis. */
const WIDE = 20;
const SAYS = 'median and quartiles';

export function rows({ measurements }: Finding, width: number): { panels: Panel[]; says: string } {
  const whos = [...new Set(measurements.map(({ who }) => who))];
  const whats = [...new Set(measurements.map(({ what }) => what))];
  const isLog =
    Math.max(...measurements.map(({ median }) => median)) >
    WIDE * Math.min(...measurements.map(({ median }) => median));
  const most = Math.max(...measurements.map(({ q3, median }) => Math.max(q3, median)));
  const least = Math.min(...measurements.map(({ q1, median }) => Math.min(q1, median)));
  const domain = isLog ? [10 ** Math.floor(Math.log10(least)), most] : [0, most];
  const placed = measurements.map((m) => ({ ...m, row: rowOf(m) }));
  const order = whats.flatMap((what) => [
    heading(what),
    ...ordered(placed.filter((m) => m.what === what)).map(({ row }) => row),
  ]);
  const marginLeft = Math.ceil(Math.max(...whos.map((who) => widthOf(who)))) + 24;
  const marginBottom = 30;
  const fill = { value: (m: Measurement) => hueOf(m.who), scale: null };
  const quartiles = { x1: 'q1', x2: 'q3', y: 'row' };

  const options = {
    width,
    height: order.length * STEP + marginBottom,
    marginLeft,
    marginRight: 72,
    marginTop: 0,
    marginBottom,
    x: { domain, type: isLog ? ('log' as const) : ('linear' as const) },
    y: { domain: order, type: 'band' as const, padding: 0, axis: null },
    marks: [
      Plot.gridX({ ...(isLog && { ticks: powers(domain) }), strokeOpacity: 0.15 }),
      Plot.axisX({
        ...(isLog && { ticks: powers(domain) }),
        tickFormat: (value: number) => value.toLocaleString('en'),
        tickSize: 0,
        label: null,
      }),
      ...(isLog
        ? [
            Plot.ruleY(placed, { ...quartiles, stroke: fill, strokeWidth: 2 }),
            Plot.dot(placed, {
              x: 'median',
              y: 'row',
              r: 5,
              fill: {
                value: (m: Measurement) => (isHollow(m.who, whos) ? PAPER.light : hueOf(m.who)),
                scale: null,
              },
              stroke: fill,
              strokeWidth: 2,
              title: titleOf,
            }),
          ]
        : [
            Plot.barX(placed, {
              x1: 0,
              x2: 'median',
              y: 'row',
              fill,
              fillOpacity: { value: (m: Measurement) => (isHollow(m.who, whos) ? 0.3 : 1), scale: null },
              stroke: fill,
              insetTop: 3,
              insetBottom: 3,
              title: titleOf,
            }),
            // seen on the bar and beside it
            Plot.ruleY(placed, { ...quartiles, stroke: PAPER.light, strokeWidth: 5 }),
            Plot.ruleY(placed, { ...quartiles, stroke: 'currentColor', strokeWidth: 1.5 }),
          ]),
      Plot.text(placed, {
        x: ({ q3, median }: Measurement) => Math.max(q3, median),
        y: 'row',
        text: ({ median }: Measurement) => rounded(median),
        textAnchor: 'start',
        dx: 10,
      }),
      Plot.text(placed, { y: 'row', text: 'who', frameAnchor: 'left', textAnchor: 'end', dx: -10 }),
      Plot.text(whats, {
        y: heading,
        text: (what: string) => what,
        frameAnchor: 'left',
        textAnchor: 'start',
        dx: -marginLeft,
        dy: 2,
        fontWeight: 600,
        fill: 'currentColor',
        // no line of the grid through the words
        stroke: PAPER.light,
        strokeWidth: 6,
      }),
    ],
  };
  return { panels: [{ x: 0, y: 0, options }], says: isLog ? `${SAYS}, on a logarithmic axis` : SAYS };
}

const heading = (what: string) => `heading ${what}`;
const rowOf = ({ what, who }: Measurement) => `row ${JSON.stringify([what, who])}`;

/** 1, 10, 100 ... within the domain. */
function powers([least = 1, most = 1]: number[]): number[] {
  const from = Math.ceil(Math.log10(least));
  const count = Math.floor(Math.log10(most)) - from + 1;
  return Array.from({ length: count }, (_, n) => 10 ** (from + n));
}
