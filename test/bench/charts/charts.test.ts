// What a chart must show, of every kept result and of findings that nobody has thought of: each measurement once, in a hue that
// can be seen on light paper and on dark, and no text cut off or over another.

import { readdir, readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { CONTESTANTS } from '../contestants/all.js';
import type { Finding, Measurement } from '../experiment.js';
import { chart, titleOf, WIDTH } from './chart.js';
import { INK, PAPER } from './hues.js';
import { widthOf } from './text.js';

const results = new URL('../results/', import.meta.url);
const kept: (Finding & { name: string; title: string })[] = [];
for (const file of (await readdir(results)).filter((name) => /^[^.]+\.json$/.test(name)))
  kept.push(JSON.parse(await readFile(new URL(file, results), 'utf8')));

interface Element {
  parentNode: Element | null;
  tagName: string;
  textContent: string;
  getAttribute(name: string): string | null;
  hasAttribute(name: string): boolean;
}

function elements(svg: string, selector: string): Element[] {
  return [...parseHTML(`<body>${svg}</body>`).document.querySelectorAll(selector)];
}

const number = (element: Element, name: string) => Number.parseFloat(element.getAttribute(name) ?? '0');

/** The nearest that the element or one around it has. */
function inherited(element: Element | null, name: string): string | null {
  for (let at = element; at?.hasAttribute; at = at.parentNode)
    if (at.hasAttribute(name)) return at.getAttribute(name);
  return null;
}

/** Where the element's origin is in the whole picture. */
function origin(element: Element): { x: number; y: number } {
  let [x, y] = [0, 0];
  for (let at: Element | null = element; at?.hasAttribute; at = at.parentNode) {
    const [, dx = '0', dy = '0'] =
      /translate\(([-\d.e]+)(?:,\s*([-\d.e]+))?\)/.exec(at.getAttribute('transform') ?? '') ?? [];
    x += Number(dx) + (at.tagName.toLowerCase() === 'svg' ? number(at, 'x') : 0);
    y += Number(dy) + (at.tagName.toLowerCase() === 'svg' ? number(at, 'y') : 0);
  }
  return { x, y };
}

interface Box {
  text: string;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

function boxOf(element: Element): Box {
  const text = element.textContent;
  const at = origin(element);
  const size = Number(inherited(element, 'font-size') ?? 13);
  const width = widthOf(text, size);
  const anchor = inherited(element, 'text-anchor') ?? 'start';
  const left = at.x + number(element, 'x') - (anchor === 'end' ? width : anchor === 'middle' ? width / 2 : 0);
  const dy = element.getAttribute('dy') ?? element.getAttribute('y') ?? '0';
  const base = at.y + (dy.endsWith('em') ? Number.parseFloat(dy) * size : 0);
  const bottom = base + (element.getAttribute('y')?.endsWith('em') ? 0 : number(element, 'y'));
  return { text, left, right: left + width, top: bottom - size * 0.75, bottom };
}

function check(finding: Finding): void {
  const svg = chart('A title', finding);
  const [root] = elements(svg, 'svg');
  expect(Number(root?.getAttribute('width'))).toBe(WIDTH);
  const height = Number(root?.getAttribute('height'));

  // each measurement has a mark of its own; what belongs to no panel has one in each
  const panels = new Set(finding.measurements.map(({ panel }) => panel ?? '')).size;
  const titles = elements(svg, 'title');
  const said = titles.map(({ textContent }) => textContent);
  const wanted = finding.measurements.flatMap((m) => {
    const inAll = finding.chart === 'lines' && m.panel === undefined && panels > 1;
    return Array<string>(inAll ? panels - 1 : 1).fill(titleOf(m));
  });
  expect(said.toSorted()).toEqual(wanted.toSorted());
  const hues = Object.values(CONTESTANTS).map(({ light }) => light);
  for (const { parentNode: mark } of titles) {
    expect(hues).toContain(inherited(mark, 'stroke'));
    if (!mark) continue;
    const at = origin(mark);
    const isBar = mark.tagName.toLowerCase() === 'rect';
    if (isBar) expect(number(mark, 'width')).toBeGreaterThan(0.5);
    const x = at.x + number(mark, isBar ? 'x' : 'cx') + (isBar ? number(mark, 'width') : 0);
    const y = at.y + number(mark, isBar ? 'y' : 'cy');
    expect(x).toBeGreaterThan(0);
    expect(x).toBeLessThan(WIDTH);
    expect(y).toBeGreaterThan(0);
    expect(y).toBeLessThan(height);
  }

  const texts = elements(svg, 'text');
  for (const text of texts) expect([...hues, 'currentColor']).toContain(inherited(text, 'fill'));
  const boxes = texts.map(boxOf);
  const cut = boxes.filter((b) => b.left < 0 || b.right > WIDTH || b.top < 0 || b.bottom > height);
  expect(cut).toEqual([]);
  const over = boxes.flatMap((a, index) =>
    boxes
      .slice(index + 1)
      .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
      .map((b) => `${a.text} over ${b.text}`),
  );
  expect(over).toEqual([]);

  const words = boxes.map(({ text }) => text);
  expect(words).toContain('A title');
  expect(words.filter((text) => /(Lower|Higher) is better/.test(text))).toHaveLength(1);
  for (const { who, what } of finding.measurements) {
    expect(words).toContain(who);
    if (finding.chart !== 'lines') expect(words).toContain(what);
  }
  if (/logarithmic/.test(svg)) expect(elements(svg, 'rect title')).toEqual([]);
}

test.each(kept)('$name', check);

test('there are results', () => expect(kept.length).toBeGreaterThan(10));

describe('of any finding', () => {
  const who = fc.constantFrom(...Object.keys(CONTESTANTS), 'another', 'this project, at night');
  const measured = (what: fc.Arbitrary<string>, values: fc.Arbitrary<number>) =>
    fc
      .record({
        what,
        who,
        median: values,
        low: fc.double({ min: 0.5, max: 1, noNaN: true }),
        high: fc.double({ min: 1, max: 2, noNaN: true }),
      })
      .map(
        ({ low, high, median, ...rest }): Measurement => ({
          ...rest,
          median,
          q1: median * low,
          q3: median * high,
          samples: 9,
        }),
      );
  const several = (what: fc.Arbitrary<string>, values: fc.Arbitrary<number>) =>
    fc.uniqueArray(measured(what, values), {
      minLength: 1,
      maxLength: 12,
      selector: (m) => `${m.what} ${m.who}`,
    });
  const unit = fc.constantFrom('ms' as const, 'rows a second' as const);

  test('in rows, of values that are near or far apart', () => {
    const values = fc.oneof(
      fc.double({ min: 0.1, max: 1, noNaN: true }),
      fc.double({ min: -2, max: 5, noNaN: true }).map((exponent) => 10 ** exponent),
    );
    fc.assert(
      fc.property(several(fc.constantFrom('one', 'two', 'three'), values), unit, (measurements, of) =>
        check({ unit: of, measurements, ratios: [], notes: [] }),
      ),
      { numRuns: 60 },
    );
  });

  test('in lines', () => {
    const values = fc.double({ min: 0.1, max: 100, noNaN: true });
    fc.assert(
      fc.property(several(fc.constantFrom('10', '100', '2000'), values), unit, (found, of) => {
        // everybody at the last, where names stand
        const measurements = found.map((m) => ({ ...m, what: '2000' }));
        const unique = [...new Map(measurements.map((m) => [m.who, m])).values()];
        const all = unique.flatMap((m) => ['10', '100', '2000'].map((what) => ({ ...m, what })));
        check({ unit: of, measurements: all, ratios: [], notes: [], chart: 'lines', axis: 'leaves' });
      }),
      { numRuns: 60 },
    );
  });
});

describe('hues', () => {
  const hues = [...Object.entries(CONTESTANTS), ['ink', INK] as const];

  test.each(hues)('%s is seen on both papers', (_, hue) => {
    expect(contrast(hue.light, PAPER.light)).toBeGreaterThan(3);
    expect(contrast(hue.dark, PAPER.dark)).toBeGreaterThan(3);
  });

  test.each(['light', 'dark'] as const)('no two are taken for one another: %s', (paper) => {
    const near = hues.flatMap(([a, one], index) =>
      hues.slice(index + 1).flatMap(([b, other]) => {
        const [r, s] = [channels(one[paper]), channels(other[paper])];
        const distance = Math.hypot(...r.map((value, n) => value - (s[n] ?? 0)));
        return distance < 60 ? [`${a} and ${b}`] : [];
      }),
    );
    expect(near).toEqual([]);
  });
});

const channels = (hue: string) => [1, 3, 5].map((at) => Number.parseInt(hue.slice(at, at + 2), 16));

/** As WCAG 2 defines it. */
function contrast(a: string, b: string): number {
  const luminance = (hue: string) => {
    const [red = 0, green = 0, blue = 0] = channels(hue)
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}
