// message-db is measured as its package installs it.

import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { sqlFiles } from './message-db.js';

const folder = join(
  dirname(createRequire(import.meta.url).resolve('@eventide/message-db/package.json')),
  'database',
);

test('each SQL file of the package that defines something is run once, tables before what is on them', async () => {
  const there = (await readdir(folder, { recursive: true })).filter((file) => /\/[^/]+\.sql$/.test(file));
  const run = await sqlFiles();
  expect(run.toSorted()).toEqual(there.toSorted());
  expect(run[0]).toBe('roles/message-store.sql');
  const folders = [...new Set(run.map((file) => dirname(file)))];
  expect(folders).toEqual([
    'roles',
    'schema',
    'extensions',
    'tables',
    'types',
    'functions',
    'indexes',
    'views',
    'privileges',
  ]);
});
