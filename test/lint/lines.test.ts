// A line under sql/ is read in editors, in reviews and, as a comment of the database, in psql: 120 characters are the most.
// Files of indexes and policies are not changed for it, because a migration would run them again and lock their tables.

import { expect, test } from 'vitest';
import { fileTexts, presentFiles } from '../support/migrations.js';

const files = (await presentFiles()).filter((path) => !/_(indexes|policies)\.sql$/.test(path));

test.each([...(await fileTexts(files))])('sql/%s has no line of more than 120 characters', (_path, text) => {
  const long = text
    .split('\n')
    .flatMap((line, index) => (line.length > 120 ? [`${index + 1}: ${line}`] : []));
  expect(long).toEqual([]);
});
