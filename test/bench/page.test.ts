// What docs/benchmark.md promises. That its figures are those of the kept results: ../docs/generated.test.ts.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectFolder } from '../support/migrations.js';
import { type Finding, isMet } from './experiment.js';
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
