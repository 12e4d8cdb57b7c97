// What is printed, and what is kept in results/.

import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { chart } from './charts/chart.js';
import { type Experiment, type Finding, isMet, type Ratio, target } from './experiment.js';
import type { Machine, ServerFacts } from './machine.js';
import { rounded } from './measure.js';
import type { Options } from './options.js';

const results = fileURLToPath(new URL('results/', import.meta.url));

export interface Conditions {
  at: string;
  machine: Machine;
  servers: ServerFacts[];
}

/** The results of another kind of run stand beside those of the full one. */
export function fileName(name: string, { quick, noFlush, pg15 }: Options): string {
  return [name, quick && 'quick', noFlush && 'no-flush', pg15 && 'pg15'].filter(Boolean).join('.');
}

export async function keep(
  experiment: Experiment,
  finding: Finding,
  conditions: Conditions,
  options: Options,
): Promise<void> {
  await mkdir(results, { recursive: true });
  const file = `${results}${fileName(experiment.name, options)}`;
  const { name, title } = experiment;
  await writeFile(`${file}.json`, `${JSON.stringify({ name, title, ...conditions, ...finding }, null, 2)}\n`);
  await writeFile(`${file}.svg`, chart(title, finding));
}

export function print(experiment: Experiment, { measurements, ratios, unit, notes }: Finding): void {
  console.log(`\n${experiment.title} (${experiment.name})`);
  const table = new Table({
    head: ['', '', `median (${unit})`, 'quartiles', 'samples'],
    style: { head: [], border: [] },
  });
  for (const m of measurements)
    table.push([
      [m.panel, m.what].filter(Boolean).join(', '),
      `${m.who}${m.unit ? ` (${m.unit})` : ''}`,
      rounded(m.median),
      `${rounded(m.q1)} – ${rounded(m.q3)}`,
      m.samples,
    ]);
  console.log(table.toString());
  for (const ratio of ratios) console.log(`  ${ratioLine(ratio)}`);
  for (const note of notes) console.log(`  ${note}`);
}

export function ratioLine(ratio: Ratio): string {
  const wanted = target(ratio);
  const verdict = wanted === '' ? '' : ` (target ${wanted}: ${isMet(ratio) ? 'reached' : 'missed'})`;
  return `${ratio.value.toFixed(ratio.value < 0.1 ? 3 : 2)}  ${ratio.what}${verdict}`;
}
