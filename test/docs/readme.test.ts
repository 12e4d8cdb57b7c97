// README.md is the way in: short enough to be read, and a page of docs/ that it does not name is found by nobody.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectFolder } from '../support/migrations.js';

const readme = await readFile(join(projectFolder, 'README.md'), 'utf8');

test('it leads to every page of docs/', async () => {
  const pages = (await readdir(join(projectFolder, 'docs'), { withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.(md|svg)$/.test(entry.name))
    .map((entry) => `docs/${entry.name}`);
  expect(pages.length).toBeGreaterThan(0);
  expect(pages.filter((page) => !readme.includes(`](${page})`))).toEqual([]);
});

test('it stays a page: what is longer has a page in docs/', () => {
  expect(readme.split('\n').length).toBeLessThanOrEqual(260);
});

// npm shows no pictures that GitHub draws
test('its pictures are files', () => {
  expect(readme).not.toContain('```mermaid');
});
