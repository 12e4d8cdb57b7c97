// An error of a connection comes to whoever waits for a call, and never to nobody: that would end the process.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addUsers } from '../sdk/story.js';
import { run } from '../support/installed.js';
import { projectFolder } from '../support/migrations.js';
import { soakSeconds, soakTimeout } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();

test('connections that are cut all the time end no process', { timeout: soakTimeout(4) }, async () => {
  await addUsers(database.sql, 'asha');
  const program = join(projectFolder, 'test/crashes/cut-connections.ts');
  const said = await run(process.execPath, ['--import', 'tsx', program], {
    cwd: projectFolder,
    env: { ...process.env, DATABASE_URL: database.url, SECONDS: String(soakSeconds(4)) },
  });
  const { done, heard, unheard, count, isStuck } = JSON.parse(said);
  expect(unheard).toEqual([]);
  expect({ count, isStuck }).toEqual({ count: 0, isStuck: false });
  // all of it has happened: terminated, cut, timed out, and done
  expect(done).toBeGreaterThan(10);
  expect(heard['57014']).toBeGreaterThan(0);
  expect(
    Object.keys(heard).some((code) => /^(CONNECTION_CLOSED|ECONNRESET|OutcomeUnknownError)$/.test(code)),
  ).toBe(true);
});
