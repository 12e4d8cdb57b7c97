// results/README.md: charts and ratios of the last run of each experiment.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Finding, isMet, type Ratio } from './experiment.js';
import type { Conditions } from './report.js';

const results = fileURLToPath(new URL('results/', import.meta.url));

type Kept = Finding & Conditions & { name: string; title: string };

/** Of full runs; those with --quick, --no-flush or --pg15 have their own files beside. */
export async function summarise(order: string[]): Promise<void> {
  const files = (await readdir(results)).filter((file) => /^[^.]+\.json$/.test(file));
  const all = await Promise.all(
    files.map(async (file): Promise<Kept> => JSON.parse(await readFile(results + file, 'utf8'))),
  );
  all.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  const parts = all.flatMap((kept) => [
    `## ${kept.title}`,
    `![${kept.title}](${kept.name}.svg)`,
    `| ratio of medians | | target | |\n|---|---|---|---|\n${kept.ratios.map(line).join('\n')}`,
    ...kept.notes,
    under(kept),
  ]);
  const head = 'Written by `npm run bench`. What is compared, and how, stands in the README of the project.';
  await writeFile(`${results}README.md`, `${['# Results', head, ...parts].join('\n\n')}\n`);
}

function line(ratio: Ratio): string {
  const { what, value, atMost, atLeast } = ratio;
  const limit = atMost ?? atLeast;
  const target =
    limit === undefined ? '' : `at ${atMost === undefined ? 'least' : 'most'} ${Number(limit.toFixed(2))}`;
  return `| ${what} | ${value.toFixed(value < 0.1 ? 3 : 2)} | ${target} | ${target && (isMet(ratio) ? 'met' : 'missed')} |`;
}

function under({ at, machine, servers }: Kept): string {
  const versions = servers.map(({ version, flush_ms }) => `${version} (a flush takes ${flush_ms} ms)`);
  const load = machine.load_average.join(', ');
  return `${at.slice(0, 10)}, ${machine.cores} × ${machine.processor}, ${machine.memory_gib} GiB, load average ${load} at the start, Node.js ${machine.node}, PostgreSQL ${versions.join(' and ')}`;
}
