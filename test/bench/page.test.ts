// What docs/benchmark.md promises. That its figures are those of the kept results: ../docs/generated.test.ts.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectFolder } from '../support/migrations.js';
import { type Finding, isMet, target } from './experiment.js';
import { experiments, scale } from './experiments/all.js';

const results = join(projectFolder, 'test/bench/results');
const text = await readFile(join(projectFolder, 'docs/benchmark.md'), 'utf8');
const sections = new Map(
  text.split(/^## /m).map((section): [string, string] => [section.split('\n')[0] ?? '', section]),
);

test('first what a user gains, in at most five sentences and a table, then how it is measured', () => {
  const [title, , lead = '', table = ''] = text.split('\n\n');
  expect(title).toBe('# Benchmark');
  expect(lead.split(/[.!?](?:\s|$)/).filter(Boolean).length).toBeLessThanOrEqual(5);
  expect(table).toMatch(/^\|/);
  expect([...sections.keys()][1]).toBe('How it is measured');
});

test('each result has its chart and its section', async () => {
  const names = (await readdir(results)).flatMap((file) => /^([^.]+)\.json$/.exec(file)?.[1] ?? []);
  expect(names.length).toBeGreaterThan(0);
  const shown = [...text.matchAll(/\]\(\.\.\/test\/bench\/results\/([^.]+)\.svg\)/g)].map(([, name]) => name);
  expect(shown.toSorted()).toEqual(names.toSorted());
});

test.each([...experiments, scale])(
  '$name says what is done, what is better, and why a target is missed',
  async (experiment) => {
    const found: Finding = JSON.parse(await readFile(join(results, `${experiment.name}.json`), 'utf8'));
    const section = sections.get(experiment.title) ?? '';
    expect(section).toContain(experiment.done);
    expect(section).toMatch(/(Lower|Higher) is better/);
    for (const limit of experiment.limits) expect(section).toContain(limit);
    if (!found.ratios.every(isMet)) expect(section).toMatch(/Why a target is missed:\n\n- \S/);
  },
);

/** What the project has promised to measure: the experiment, what the ratio is of, the target. */
const PROMISED = [
  ['upsert', /^× bare SQL/, 'at most 1.15'],
  ['upsert-concurrently', /^× bare SQL/, 'at least 0.85'],
  ['actions', /^× bare SQL's time, both/, 'at most 1.2'],
  ['get-item', /^× bare SQL/, 'at most 1.3'],
  ['append', /^× the appends a second of message-db, one connection, no flush/, 'at least 0.6'],
  ['feed', /^× the events a second of message-db, first reader/, 'at least 0.5'],
  ['feed', /^× the events a second of message-db, later readers/, 'at least 0.7'],
  ['circle', /^× PostGIS, newest 20, one domain/, 'at most 0.8'],
  ['circle', /^× PostGIS, how many, one domain/, 'at most 0.8'],
  ['circle', /^× PostGIS, all rows, one domain/, 'at most 1'],
  ['circle', /^× PostGIS, newest 20, ten domains/, 'at most 1'],
  ['circle', /^× PostGIS, how many, ten domains/, 'at most 1'],
  ['circle', /^× PostGIS, all rows, ten domains/, 'at most 1'],
  ['nearest', /^× PostGIS, one domain/, 'at most 1'],
  ['nearest', /^× PostGIS, ten domains/, 'at most 1'],
  ['nearest', /^× PostGIS, ten tables, ten domains/, 'at most 0.5'],
  ['in-server', /^× bare SQL, get_item/, 'at most 4'],
  ['in-server', /^× PostGIS, nearest 20/, 'at most 1.4'],
  ['in-server', /^× PostGIS, circle of 20 km/, 'at most 1.2'],
  ['leaves', /^× the time at 10 leaves/, 'at most 1.25'],
] as const;

/** Cells of the table of targets: title of the experiment, ratio, measured, target, verdict. */
const promised = (sections.get('Targets') ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| ['))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, link = '', ...cells]) => [/^\[(.*)\]/.exec(link)?.[1] ?? '', ...cells]);

test.each(PROMISED)('the table of targets has %s: %s %s', (name, words, wanted) => {
  const title = [...experiments, scale].find((experiment) => experiment.name === name)?.title;
  const rows = promised.filter(([of, ratio = '']) => of === title && words.test(ratio));
  expect(rows.length).toBeGreaterThan(0);
  for (const [, , measured, limit, verdict] of rows) {
    expect(measured).toMatch(/^[\d.,]+( to [\d.,]+)?$/);
    expect(limit).toBe(wanted);
    expect(verdict).toMatch(/^(reached|missed|reached in \d+ of \d+)$/);
  }
});

test('the table of targets has each target of the results', async () => {
  for (const { name, title } of [...experiments, scale]) {
    const { ratios }: Finding = JSON.parse(await readFile(join(results, `${name}.json`), 'utf8'));
    const limits = new Set(ratios.map(target).filter(Boolean));
    const shown = new Set(promised.filter(([of]) => of === title).map(([, , , limit]) => limit));
    expect(shown, title).toEqual(limits);
  }
});
