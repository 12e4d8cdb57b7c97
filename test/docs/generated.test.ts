// What is written out of the database, the reference above all, is what the database says now; and the tables of ratios are
// those of the kept results.

import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { expect, test } from 'vitest';
import { summaries } from '../bench/summary.js';
import { generated, keptText } from '../support/generated.js';
import { projectFolder } from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();

test.each(generated)('$path is up to date', async (file) => {
  expectSame(file.path, await keptText(file), await file.text(database.sql));
});

test.each([...(await summaries())].map(([path, text]) => [relative(projectFolder, path), text]))(
  '%s has the ratios of the results',
  async (path, text) => expectSame(path, await readFile(projectFolder + path, 'utf8'), text),
);

function expectSame(path: string, kept: string, text: string): void {
  // the whole difference says less than the first line of it
  const at = text.split('\n').findIndex((line, index) => line !== kept.split('\n')[index]);
  const first = `line ${at + 1} is\n  ${kept.split('\n')[at]}\nand should be\n  ${text.split('\n')[at]}`;
  expect(kept === text, `${path} is out of date (${first}): npm run generate`).toBe(true);
}
