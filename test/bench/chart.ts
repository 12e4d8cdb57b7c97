// A finding as an SVG chart: bars with their quartiles, or lines.

import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { CONTESTANTS, type Finding, type Measurement } from './experiment.js';

const COLOURS = ['#2f6f4f', '#5b8fd6', '#9b7fc4', '#d9a441', '#c8553d'];
const WIDTH = 760;

export function chart(title: string, finding: Finding): string {
  const plot = finding.chart === 'lines' ? lines(finding) : bars(finding);
  return svg(plot, title);
}

function bars(finding: Finding): Plot.PlotOptions {
  const { unit } = finding;
  const measurements = isSparse(finding.measurements)
    ? flattened(finding.measurements)
    : finding.measurements;
  const whats = distinct(measurements.map(({ what }) => what));
  const whos = ordered(measurements);
  const span =
    Math.max(...measurements.map((m) => m.median)) / Math.min(...measurements.map((m) => m.median));
  const isLog = span > 20;
  const least = Math.min(...measurements.map((m) => m.q1)) / 2;
  const marginLeft = Math.max(110, 20 + 6.3 * Math.max(...whos.map((who) => who.length)));
  return {
    height: 70 + whats.length * (whos.length * 22 + 16),
    width: WIDTH + marginLeft - 110,
    marginLeft,
    marginRight: 70,
    x: {
      label: isLog ? `${unit} (median and quartiles; logarithmic)` : `${unit} (median and quartiles)`,
      type: isLog ? 'log' : 'linear',
      ...(isLog ? { domain: [least, Math.max(...measurements.map((m) => m.q3)) * 1.5] } : {}),
      grid: true,
      ticks: 6,
      tickFormat: (value: number) => rounded(value),
    },
    y: { domain: whos, label: null },
    fy: { domain: whats, label: null, axis: whats.length > 1 ? 'left' : null },
    color: { domain: CONTESTANTS, range: COLOURS },
    marks: [
      Plot.barX(measurements, {
        x1: isLog ? least : 0,
        x2: 'median',
        y: 'who',
        fy: 'what',
        fill: colourOf,
        insetTop: 1,
        insetBottom: 1,
      }),
      Plot.ruleY(measurements, { x1: 'q1', x2: 'q3', y: 'who', fy: 'what', stroke: 'black' }),
      Plot.text(measurements, {
        x: 'q3',
        y: 'who',
        fy: 'what',
        text: (m: Measurement) => rounded(m.median),
        textAnchor: 'start',
        dx: 6,
      }),
      ...(whats.length > 1
        ? [
            Plot.text(whats, {
              fy: (what: string) => what,
              text: (what: string) => what,
              frameAnchor: 'top-left',
              dy: -12,
              dx: 10 - marginLeft,
              textAnchor: 'start',
              fontWeight: 'bold',
            }),
          ]
        : []),
    ],
    ...(whats.length > 1 ? { fy: { domain: whats, label: null, axis: null, padding: 0.28 } } : {}),
  };
}

function lines({ measurements, unit, axis }: Finding): Plot.PlotOptions {
  const points = measurements.map((m) => ({ ...m, x: Number(m.what.replaceAll(',', '')) }));
  const last = Math.max(...points.map(({ x }) => x));
  const marginRight = Math.max(190, 20 + 5.4 * Math.max(...points.map(({ who }) => who.length)));
  return {
    height: 420,
    width: WIDTH + marginRight - 190,
    marginLeft: 60,
    marginRight,
    x: { type: 'log', axis: null },
    y: {
      label: `${unit} (median, logarithmic)`,
      type: 'log',
      grid: true,
      tickFormat: (value: number) => rounded(value),
    },
    color: { scheme: 'dark2' },
    marks: [
      Plot.axisX(distinct(points.map(({ x }) => x)), {
        label: `${axis} (logarithmic)`,
        text: (value: number) => value.toLocaleString('en'),
      }),
      Plot.line(points, { x: 'x', y: 'median', z: 'who', stroke: 'who' }),
      Plot.dot(points, { x: 'x', y: 'median', stroke: 'who', fill: 'who', r: 2.5 }),
      Plot.text(
        labels(
          points.filter(({ x }) => x === last),
          points.map(({ median }) => median),
        ),
        { x: 'x', y: 'at', text: 'who', textAnchor: 'start', dx: 8, fill: 'who' },
      ),
    ],
  };
}

function ordered(measurements: Measurement[]): string[] {
  const present = distinct(measurements.map(({ who }) => who));
  return [
    ...CONTESTANTS.filter((who) => present.includes(who)),
    ...present.filter((who) => !CONTESTANTS.includes(who)),
  ];
}

/** Where the name of each line stands: beside its end, and a line of text at least above the one below. */
function labels<Point extends { median: number }>(ends: Point[], all: number[]): (Point & { at: number })[] {
  const lineOfText = (Math.max(...all) / Math.min(...all)) ** (14 / 350);
  let below = 0;
  return ends
    .toSorted((a, b) => a.median - b.median)
    .map((end) => {
      below = Math.max(end.median, below * lineOfText);
      return { ...end, at: below };
    });
}

/** Whether not everybody did everything. */
function isSparse(measurements: Measurement[]): boolean {
  return (
    measurements.length < distinct(measurements.map(({ what }) => what)).length * ordered(measurements).length
  );
}

/** One bar a measurement, by what and by whom. */
function flattened(measurements: Measurement[]): Measurement[] {
  return measurements.map((m) => ({ ...m, what: '', who: `${m.what}: ${m.who}` }));
}

const distinct = <Value>(values: Value[]) => [...new Set(values)];
const colourOf = (m: Measurement) => (CONTESTANTS.includes(m.who) ? m.who : COLOURS[1]);

/** Three digits are more than a benchmark knows. */
export function rounded(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(2)));
}

function svg(options: Plot.PlotOptions, title: string): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const plot = Plot.plot({
    ...options,
    width: options.width ?? WIDTH,
    document: document as unknown as NonNullable<Plot.PlotOptions['document']>,
    marginTop: 30,
  });
  plot.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  plot.setAttribute('style', 'background: white; font-family: system-ui, sans-serif');
  plot.setAttribute('role', 'img');
  plot.setAttribute('aria-label', title);
  return `${plot.outerHTML}\n`;
}
