// What README.md, sql/README.md and docs/ show is so: each code block is run, in order, on a database that nobody else has, and
// each output that is shown is compared. documents/blocks.ts says how a document marks what is not run.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectFolder } from '../support/migrations.js';
import { runDocument } from './documents/run.js';

// the reference has the examples of the comments: examples.test.ts runs them
const guides = (await readdir(join(projectFolder, 'docs'))).filter(
  (name) => name.endsWith('.md') && name !== 'reference.md',
);

test.each(['README.md', 'sql/README.md', ...guides.map((name) => `docs/${name}`)])(
  '%s',
  async (name) => {
    expect(await runDocument(name, await readFile(join(projectFolder, name), 'utf8'))).toEqual([]);
  },
  600_000,
);
