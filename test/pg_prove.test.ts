// The pgTAP files run unchanged under pg_prove too, where that and psql are installed (Debian: postgresql-client and
// libtap-parser-sourcehandler-pgtap-perl). On a server that has the extension pgtap it is made where a DBA would make
// it; elsewhere pgTAP is in a schema that search_path leads to.

import { spawn, spawnSync } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { projectFolder } from './support/migrations.js';
import { temporaryDatabase } from './support/test-database.js';

const missing = ['pg_prove', 'psql'].filter((command) => spawnSync(command, ['--version']).status !== 0);
if (missing.length)
  console.log(`SKIPPED: pg_prove runs every pgTAP file (no ${missing.join(', no ')} on this machine)`);

test.skipIf(missing.length)('pg_prove runs every pgTAP file', { timeout: 600_000 }, async () => {
  const plain = await temporaryDatabase();
  onTestFinished(plain.drop);
  const withPgtap = await temporaryDatabase({ from: 'pgtap' });
  onTestFinished(withPgtap.drop);
  const [extension] = await plain.sql`select from pg_available_extensions where name = 'pgtap'`;
  if (extension) await plain.sql`create extension pgtap`;
  const url = extension ? plain.url : withPgtap.url;
  const options = extension ? '' : '-c search_path=public,tap';

  const child = spawn('pg_prove', ['--recurse', '--ext', '.sql', '--dbname', url, 'test/pgtap'], {
    cwd: projectFolder,
    env: { ...process.env, PGOPTIONS: options },
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
