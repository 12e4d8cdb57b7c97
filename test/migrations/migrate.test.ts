import { expect, test } from 'vitest';
import { catalogue, differences } from '../support/catalogue.js';
import { graphileMigrate } from '../support/graphile-migrate.js';
import { committedMigrations } from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase({ from: 'empty' });

test('graphile-migrate migrate builds an empty database from DATABASE_URL alone, and again changes nothing', async () => {
  const empty = await catalogue(database.sql);
  await graphileMigrate(database.url, 'migrate');

  const built = await catalogue(database.sql);
  expect([...built.keys()]).toEqual(expect.arrayContaining(['schema dpg', 'table dpg.items']));
  expect(differences(empty, built, ['empty', 'built']).length).toBeGreaterThan(1);
  const recorded = await database.sql`select filename from graphile_migrate.migrations order by filename`;
  const committed = (await committedMigrations()).map((name) => name.replace(/^(\d+).*$/, '$1.sql'));
  expect(recorded.map((row) => row.filename)).toEqual(committed);

  await graphileMigrate(database.url, 'migrate');
  expect(differences(built, await catalogue(database.sql), ['first', 'second'])).toEqual([]);
});
