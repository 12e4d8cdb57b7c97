// What is written out of the database, the reference above all, is what the database says now.

import { expect, test } from 'vitest';
import { generated, keptText } from '../support/generated.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();

test.each(generated)('$path is up to date', async (file) => {
  const [kept, text] = [await keptText(file), await file.text(database.sql)];
  // the whole difference says less than the first line of it
  const at = text.split('\n').findIndex((line, index) => line !== kept.split('\n')[index]);
  const first = `line ${at + 1} is\n  ${kept.split('\n')[at]}\nand should be\n  ${text.split('\n')[at]}`;
  expect(kept === text, `${file.path} is out of date (${first}): npm run generate`).toBe(true);
});
