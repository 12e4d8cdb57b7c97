// Hues of marks, on light paper and on dark.

import { CONTESTANTS, type Hue } from '../contestants/all.js';
import { THIS } from '../contestants/contestant.js';

export const PAPER: Hue = { light: '#ffffff', dark: '#0d1117' };
export const INK: Hue = { light: '#1f2328', dark: '#e6edf3' };

/** Whoever is no contestant is this project under some condition, and has its hue. */
export function hueOf(who: string): string {
  return (CONTESTANTS[who] ?? CONTESTANTS[THIS])?.light ?? INK.light;
}

/** A condition beside this project itself is drawn hollow, since both have one hue. */
export function isHollow(who: string, all: string[]): boolean {
  return !(who in CONTESTANTS) && all.includes(THIS);
}

/** By the order of the contestants. */
export function ordered<One extends { who: string }>(all: One[]): One[] {
  const order = Object.keys(CONTESTANTS);
  const place = ({ who }: One) => order.indexOf(who in CONTESTANTS ? who : THIS);
  return all.toSorted((a, b) => place(a) - place(b));
}

/** Marks are drawn in the light hues. This exchanges them where a reader's screen is dark: the paper too, so that no text vanishes. */
export function style(): string {
  const exchanged = [PAPER, ...Object.values(CONTESTANTS)].map(
    ({ light, dark }) => `[fill="${light}"] { fill: ${dark} } [stroke="${light}"] { stroke: ${dark} }`,
  );
  return [
    `.chart { color: ${INK.light} }`,
    'text { white-space: pre }',
    '@media (prefers-color-scheme: dark) {',
    `.chart { color: ${INK.dark} }`,
    ...exchanged,
    '}',
  ].join('\n');
}
