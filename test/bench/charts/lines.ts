// A line for each who, by the number that was varied, in panels side by side. From zero, so that flat is flat.

import * as Plot from '@observablehq/plot';
import type { Finding, Measurement } from '../experiment.js';
import { type Add, type Panel, titleOf } from './chart.js';
import { hueOf, isHollow, PAPER } from './hues.js';
import { widthOf } from './text.js';

const GAP = 24;
const LINE_OF_TEXT = 16;
const MARGINS = { marginLeft: 44, marginBottom: 44 };

type Point = Measurement & { x: number };

export function lines(finding: Finding, width: number): { panels: Panel[]; says: string } {
  const points = finding.measurements.map((m): Point => ({ ...m, x: Number(m.what.replaceAll(',', '')) }));
  const names = distinct(points.flatMap(({ panel }) => panel ?? []));
  const columns = Math.min(2, Math.max(1, names.length));
  const panelWidth = (width - (columns - 1) * GAP) / columns;
  const groups = (names.length === 0 ? [undefined] : names).map((name) => ({
    name,
    points: points.filter(({ panel }) => panel === undefined || panel === name),
  }));
  const panels: Panel[] = [];
  let y = 0;
  for (let first = 0; first < groups.length; first += columns) {
    const beside = groups.slice(first, first + columns);
    // neighbours have one height, with room for a name at each line
    const most = Math.max(...beside.map((group) => distinct(group.points.map(({ who }) => who)).length));
    const size = { width: panelWidth, height: 190 + most * 22 };
    for (const [column, group] of beside.entries())
      panels.push({ x: column * (panelWidth + GAP), y, ...panelOf(group, size, finding) });
    y += size.height + GAP;
  }
  return { panels, says: 'median' };
}

function panelOf(
  { name, points }: { name: string | undefined; points: Point[] },
  { width, height }: { width: number; height: number },
  { unit, axis = '' }: Finding,
): Pick<Panel, 'options' | 'also'> {
  const whos = distinct(points.map(({ who }) => who));
  const xs = distinct(points.map(({ x }) => x));
  const last = Math.max(...xs);
  const first = Math.min(...xs);
  const marginRight = Math.ceil(Math.max(...whos.map((who) => widthOf(who)))) + 28;
  const hue = { value: (m: Measurement) => hueOf(m.who), scale: null };
  const options = {
    ...MARGINS,
    width,
    height,
    marginRight,
    marginTop: name === undefined ? 0 : 28,
    x: last >= 100 * first ? { type: 'log' as const, domain: [first, last] } : { domain: [0, last] },
    y: { domain: [0, Math.max(...points.map(({ median }) => median)) * 1.1] },
    marks: [
      Plot.gridY({ ticks: 5, strokeOpacity: 0.15 }),
      Plot.axisY({
        ticks: 5,
        tickFormat: (value: number) => value.toLocaleString('en'),
        tickSize: 0,
        label: null,
      }),
      Plot.ruleY([0], { strokeOpacity: 0.5 }),
      Plot.axisX(xs, { label: null, text: (value: number) => value.toLocaleString('en') }),
      Plot.line(points, { x: 'x', y: 'median', z: 'who', stroke: hue, strokeWidth: 1.75 }),
      Plot.dot(points, {
        x: 'x',
        y: 'median',
        r: 3.5,
        stroke: hue,
        fill: {
          value: (m: Measurement) => (isHollow(m.who, whos) ? PAPER.light : hueOf(m.who)),
          scale: null,
        },
        title: titleOf,
      }),
    ],
  };
  return {
    options,
    also(plot, add) {
      const apply = (scale: 'x' | 'y', value: number): number => plot.scale(scale)?.apply(value);
      const heading = `${name} (${points.find((m) => m.unit)?.unit ?? unit})`;
      if (name !== undefined)
        add('text', { x: 0, y: 13, 'text-anchor': 'start', 'font-weight': 600 }, heading);
      add('text', { x: MARGINS.marginLeft, y: height - 8, 'text-anchor': 'start' }, axis);
      const ends = points.filter(({ x }) => x === last);
      label(
        ends.map(({ who, median }) => ({ who, y: apply('y', median) })),
        apply('x', last),
        add,
      );
    },
  };
}

/** Each name beside the end of its line, at least a line of text above the one below, and a stroke from the one to the other. */
function label(ends: { who: string; y: number }[], x: number, add: Add): void {
  let below = Number.POSITIVE_INFINITY;
  for (const { who, y } of ends.toSorted((a, b) => b.y - a.y)) {
    const at = Math.min(y, below - LINE_OF_TEXT);
    below = at;
    const hue = hueOf(who);
    add('line', { x1: x + 6, y1: y, x2: x + 16, y2: at, stroke: hue, 'stroke-opacity': 0.6 });
    add('text', { x: x + 20, y: at, dy: '0.32em', 'text-anchor': 'start', fill: hue }, who);
  }
}

const distinct = <Value>(values: Value[]) => [...new Set(values)];
