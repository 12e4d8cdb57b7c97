// A finding as an SVG chart: a title, what is better, and rows or lines below. Light or dark as the reader's screen.

import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { Finding, Measurement, Unit } from '../experiment.js';
import { rounded } from '../measure.js';
import { PAPER, style } from './hues.js';
import { lines } from './lines.js';
import { rows } from './rows.js';

export const WIDTH = 800;
export const MARGIN = 16;
/** Of title and subtitle. */
const HEAD = 64;
const FONT = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";
const SVG = 'http://www.w3.org/2000/svg';

/** A part of a chart, drawn by Plot, and where it stands. */
export interface Panel {
  x: number;
  y: number;
  options: Plot.PlotOptions & { width: number; height: number };
  /** What Plot cannot draw: in pixels, by its scales. */
  also?(plot: Plot.Plot, add: Add): void;
}

/** Adds an element to a panel. */
export type Add = (name: string, attributes: Record<string, string | number>, text?: string) => void;

export function chart(title: string, finding: Finding): string {
  const { panels, says } = (finding.chart === 'lines' ? lines : rows)(finding, WIDTH - 2 * MARGIN);
  return picture(title, `${units(finding)}: ${says}. ${better(finding.unit)}.`, panels);
}

/** The panels below a title and a line that says what they show. */
export function picture(title: string, subtitle: string, panels: Panel[]): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const adder =
    (parent: { append(child: unknown): void }): Add =>
    (name, attributes, text) => {
      const element = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
      if (text !== undefined) element.textContent = text;
      parent.append(element);
    };
  const height = HEAD + MARGIN + Math.max(...panels.map(({ y, options }) => y + options.height));

  const root = document.createElementNS(SVG, 'svg');
  const attributes = { class: 'chart', width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}`, role: 'img' };
  for (const [key, value] of Object.entries(attributes)) root.setAttribute(key, String(value));
  root.setAttribute('xmlns', SVG);
  root.setAttribute('aria-label', title);
  root.setAttribute('font-family', FONT);
  root.setAttribute('font-size', '13');
  root.setAttribute('fill', 'currentColor');
  const add = adder(root);
  add('style', {}, `\n${style()}\n`);
  add('rect', { fill: PAPER.light, width: WIDTH, height });
  add('text', { x: MARGIN, y: 28, 'font-size': 17, 'font-weight': 600 }, title);
  add('text', { x: MARGIN, y: 49 }, subtitle);
  for (const { x, y, options, also } of panels) {
    const plot = Plot.plot({
      ...options,
      document: document as unknown as NonNullable<Plot.PlotOptions['document']>,
    });
    // its own style and font are a page's, and know no dark screen
    for (const name of ['style', 'class', 'font-family', 'font-size', 'text-anchor'])
      plot.removeAttribute(name);
    plot.querySelector('style')?.remove();
    plot.setAttribute('x', String(MARGIN + x));
    plot.setAttribute('y', String(HEAD + y));
    plot.setAttribute('text-anchor', 'middle');
    also?.(plot as Plot.Plot, adder(plot));
    root.append(plot);
  }
  return `${root.outerHTML}\n`;
}

function units({ unit, measurements }: Finding): string {
  return [...new Set(measurements.map((m) => m.unit ?? unit))].join(' or ');
}

export function better(unit: Unit): string {
  return unit === 'ms' || unit === 'MiB' ? 'Lower is better' : 'Higher is better';
}

/** What a mark says of its measurement where a pointer rests on it; the test finds the mark by it. */
export function titleOf({ what, who, panel, median, q1, q3 }: Measurement): string {
  const where = panel === undefined ? what : `${panel}, ${what}`;
  return `${where}, ${who}: ${rounded(median)} (${rounded(q1)} to ${rounded(q3)})`;
}
