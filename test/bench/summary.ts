// results/README.md: charts and ratios of the last run of each experiment; and the table of them in the README of the project.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Finding, isMet, type Ratio } from './experiment.js';
import { experiments, scale } from './experiments/all.js';
import type { Conditions } from './report.js';

const results = fileURLToPath(new URL('results/', import.meta.url));
const readme = fileURLToPath(new URL('../../README.md', import.meta.url));
const BEGIN = '<!-- ratios: written by npm run bench -->';
const END = '<!-- end of ratios -->';

type Kept = Finding & Conditions & { name: string; title: string };

/** Writes both anew. */
export async function summarise(): Promise<void> {
  for (const [path, text] of await summaries()) await writeFile(path, text);
}

/** Path and text of both. Of full runs; those with --quick, --no-flush or --pg15 have their own files beside. */
export async function summaries(): Promise<Map<string, string>> {
  const order = [...experiments, scale].map(({ name }) => name);
  const files = (await readdir(results)).filter((file) => /^[^.]+\.json$/.test(file));
  const all = await Promise.all(
    files.map(async (file): Promise<Kept> => JSON.parse(await readFile(results + file, 'utf8'))),
  );
  all.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  return new Map([
    [`${results}README.md`, page(all)],
    [readme, withTable(await readFile(readme, 'utf8'), all)],
  ]);
}

function page(all: Kept[]): string {
  const parts = all.flatMap((kept) => [
    `## ${kept.title}`,
    `![${kept.title}](${kept.name}.svg)`,
    `| ratio of medians | | target | |\n|---|---|---|---|\n${kept.ratios.map(line).join('\n')}`,
    ...kept.notes,
    under(kept),
  ]);
  const head = 'Written by `npm run bench`. What is compared, and how, stands in the README of the project.';
  return `${['# Results', head, ...parts].join('\n\n')}\n`;
}

/** The document with the table of ratios between its marks made anew. */
function withTable(document: string, all: Kept[]): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`README.md lacks the lines ${BEGIN} and ${END}`);
  const head = '| experiment | ratio of medians | | target | |\n|---|---|---|---|---|';
  const table = [head, ...all.flatMap(rows)].join('\n');
  const charts = all.map(({ name, title }) => `![${title}](test/bench/results/${name}.svg)`).join('\n');
  const written = `${table}\n\n<details><summary>All charts</summary>\n\n${charts}\n\n</details>`;
  return `${document.slice(0, begin + BEGIN.length)}\n${written}\n${document.slice(end)}`;
}

/** A row for each target, or for what is shown without one: its ratios from the lowest to the highest. One row where there is neither. */
function rows({ name, title, ratios }: Kept): string[] {
  const groups = new Map<string, Ratio[]>();
  for (const ratio of ratios.filter((each) => each.shown || target(each) !== '')) {
    const key = ratio.shown ?? `${ratio.what.split(', ')[0]} | ${target(ratio)}`;
    groups.set(key, [...(groups.get(key) ?? []), ratio]);
  }
  const link = `[${title}](test/bench/results/${name}.svg)`;
  if (groups.size === 0) return [`| ${link} | | | | |`];
  return [...groups.values()].map((group, index) => {
    const [first, ...others] = group;
    if (!first) return '';
    const values = group.map(({ value }) => value);
    const [least, most] = [decimals(Math.min(...values)), decimals(Math.max(...values))];
    const met = group.filter(isMet).length;
    const held = met === group.length ? 'met' : met === 0 ? 'missed' : `met in ${met} of ${group.length}`;
    const verdict = first.shown ? '' : held;
    const cases = others.length === 0 ? first.what : `${first.what.split(', ')[0]}, ${group.length} cases`;
    const what = first.shown ?? cases;
    const value = least === most ? least : `${least} to ${most}`;
    return `| ${index === 0 ? link : ''} | ${what} | ${value} | ${target(first)} | ${verdict} |`;
  });
}

function line(ratio: Ratio): string {
  const aim = target(ratio);
  return `| ${ratio.what} | ${decimals(ratio.value)} | ${aim} | ${aim && (isMet(ratio) ? 'met' : 'missed')} |`;
}

function target({ atMost, atLeast }: Ratio): string {
  const limit = atMost ?? atLeast;
  return limit === undefined
    ? ''
    : `at ${atMost === undefined ? 'least' : 'most'} ${Number(limit.toFixed(2))}`;
}

function decimals(value: number): string {
  return value < 0.1 ? String(Number(value.toPrecision(2))) : value.toFixed(2);
}

function under({ at, machine, servers }: Kept): string {
  const versions = servers.map(({ version, flush_ms }) => `${version} (a flush takes ${flush_ms} ms)`);
  const load = machine.load_average.join(', ');
  return `${at.slice(0, 10)}, ${machine.cores} × ${machine.processor}, ${machine.memory_gib} GiB, load average ${load} at the start, Node.js ${machine.node}, PostgreSQL ${versions.join(' and ')}`;
}
