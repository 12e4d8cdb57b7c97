// What is made of the kept results: the page docs/benchmark.md, the figures in README.md, and a chart of each.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chart } from './charts/chart.js';
import type { Experiment, Finding } from './experiment.js';
import { experiments, scale } from './experiments/all.js';
import { page, readmeFigures } from './page.js';
import type { Conditions } from './report.js';

const results = fileURLToPath(new URL('results/', import.meta.url));
const benchmark = fileURLToPath(new URL('../../docs/benchmark.md', import.meta.url));
const readme = fileURLToPath(new URL('../../README.md', import.meta.url));
/** What is between these lines of the README. */
const FIGURES = /(<!-- figures: [^\n]*-->\n\n).*?(\n\n<!-- end of the figures -->)/s;

/** A result as it is kept, and what the experiment says of itself now. */
export type Kept = Finding & Conditions & Experiment;

/** Writes all of them anew, without measuring. */
export async function summarise(): Promise<void> {
  for (const [path, text] of await summaries()) await writeFile(path, text);
}

/** Path and text of each. Of full runs; those with --quick, --no-flush or --pg15 have their own files beside. */
export async function summaries(): Promise<Map<string, string>> {
  const files = await readdir(results);
  const all: Kept[] = [];
  for (const experiment of [...experiments, scale]) {
    if (!files.includes(`${experiment.name}.json`)) continue;
    const found: Finding & Conditions = JSON.parse(
      await readFile(`${results}${experiment.name}.json`, 'utf8'),
    );
    all.push({ ...found, ...experiment });
  }
  const before = await readFile(readme, 'utf8');
  if (!FIGURES.test(before)) throw new Error('README.md has no lines between which the figures stand.');
  return new Map([
    [benchmark, page(all)],
    [readme, before.replace(FIGURES, (_, head, end) => `${head}${readmeFigures(all)}${end}`)],
    ...all.map((kept): [string, string] => [`${results}${kept.name}.svg`, chart(kept.title, kept)]),
  ]);
}
