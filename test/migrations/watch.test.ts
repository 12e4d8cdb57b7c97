import { expect, test } from 'vitest';
import { catalogue, differences } from '../support/catalogue.js';
import { graphileMigrate } from '../support/graphile-migrate.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase({ from: 'empty' });

test('graphile-migrate watch --once a second time changes nothing, even when it runs every file again', async () => {
  await graphileMigrate(database.url, 'watch', '--once');
  const first = await catalogue(database.sql);
  expect([...first.keys()]).toContain('schema dpg');

  await graphileMigrate(database.url, 'watch', '--once');
  expect(differences(first, await catalogue(database.sql), ['first', 'second'])).toEqual([]);

  // It skips what it remembers to have run; without that memory the files must be idempotent by themselves.
  await database.sql`delete from graphile_migrate.current`;
  const said = await graphileMigrate(database.url, 'watch', '--once');
  expect(said).not.toContain('unchanged');
  expect(differences(first, await catalogue(database.sql), ['first', 'third'])).toEqual([]);
});
