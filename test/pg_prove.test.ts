// The pgTAP files run unchanged under pg_prove too, by the commands of the documentation, where pg_prove and psql are
// installed (Debian: postgresql-client and libtap-parser-sourcehandler-pgtap-perl). On a server that has the extension
// pgtap it is made where a DBA would make it; elsewhere pgTAP is in a schema that search_path leads to.

import { spawn, spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { projectFolder } from './support/migrations.js';
import { loadPgtap } from './support/pgtap-source.js';
import { temporaryDatabase } from './support/test-database.js';

const missing = ['pg_prove', 'psql'].filter((command) => spawnSync(command, ['--version']).status !== 0);
if (missing.length)
  console.log(`SKIPPED: pg_prove runs every pgTAP file (no ${missing.join(', no ')} on this machine)`);

/** The one block of the documentation that calls pg_prove. */
async function documented(): Promise<string> {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    ...(await readdir(join(projectFolder, 'docs'))).map((name) => `docs/${name}`),
  ];
  const texts = await Promise.all(
    pages.filter((name) => name.endsWith('.md')).map((name) => readFile(join(projectFolder, name), 'utf8')),
  );
  const blocks = texts.flatMap((text) =>
    [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block),
  );
  const found = blocks.filter((block) => /^pg_prove /m.test(block));
  expect(found).toHaveLength(1);
  return found[0] as string;
}

test('the documentation says how, in one place', async () => {
  expect(await documented()).toContain('test/support/pgtap.sql');
});

test.skipIf(missing.length)('pg_prove runs every pgTAP file', { timeout: 600_000 }, async () => {
  const database = await temporaryDatabase();
  onTestFinished(database.drop);
  const [extension] = await database.sql`select from pg_available_extensions where name = 'pgtap'`;
  if (extension) await database.sql`create extension pgtap`;
  else await loadPgtap(database.url);

  const child = spawn('bash', ['-euo', 'pipefail', '-c', await documented()], {
    cwd: projectFolder,
    env: {
      ...process.env,
      DATABASE_URL: database.url,
      PGOPTIONS: extension ? '' : '-c search_path=public,tap',
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  expect(code, said).toBe(0);
  expect(said).toMatch(/^Files=[1-9]\d*, Tests=[1-9]\d*/m);
  expect(said).toContain('Result: PASS');
});
