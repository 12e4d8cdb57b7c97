// What an experiment is, and what it finds.

import type { Databases } from './databases.js';
import type { Summary } from './measure.js';
import { summary } from './measure.js';
import type { Options } from './options.js';

export interface Bench {
  options: Options;
  databases: Databases;
  /** Says a line about what is going on. */
  say(line: string): void;
  /** The first amount, or the second with --quick. */
  amount<Value>(full: Value, quick: Value): Value;
}

export interface Experiment {
  name: string;
  title: string;
  /** For a reader of docs/benchmark.md, without figures that a run would change: what is done. */
  done: string;
  /** What the result does not say. */
  limits: string[];
  /** Why a target is missed; shown while one is. */
  missed?: string[];
  run(bench: Bench): Promise<Finding>;
}

export interface Measurement extends Summary {
  /** What was measured: a heading in a chart of rows, a number on the axis of a chart of lines. */
  what: string;
  /** Who: a row or a line. A contestant, or this project under some condition. */
  who: string;
  /** The panel of a chart of lines that shows it; each panel does where there is none. */
  panel?: string;
  /** Where it is not the finding's. */
  unit?: Unit;
}

export type Unit = 'ms' | 'MiB' | 'calls a second' | 'rows a second' | 'events a second';

export interface Ratio {
  what: string;
  /** Quotient of two medians of this run. */
  value: number;
  /** The target: at most, or at least. */
  atMost?: number;
  atLeast?: number;
  /** What the row of a table says of this ratio and of all others with the same words and target. */
  shown?: string;
}

export interface Finding {
  unit: Unit;
  measurements: Measurement[];
  ratios: Ratio[];
  /** What a reader has to know, and what was left out. */
  notes: string[];
  /** Rows unless told; `what` of lines is a number. */
  chart?: 'lines';
  /** The name of the axis of lines. */
  axis?: string;
}

export function measurements(what: string, times: Map<string, number[]>): Measurement[] {
  return [...times].map(([who, values]) => ({ what, who, ...summary(values) }));
}

export function median(found: Measurement[], who: string, what?: string): number {
  const match = found.find((m) => m.who === who && (what === undefined || m.what === what));
  return match?.median ?? Number.NaN;
}

export function isMet({ value, atMost, atLeast }: Ratio): boolean {
  return (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast);
}

/** In words; empty where there is none. */
export function target({ atMost, atLeast }: Ratio): string {
  const limit = atMost ?? atLeast;
  return limit === undefined
    ? ''
    : `at ${atMost === undefined ? 'least' : 'most'} ${Number(limit.toFixed(2))}`;
}
