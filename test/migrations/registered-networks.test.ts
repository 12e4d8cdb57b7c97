// What was registered before the database knew of public fields is read when it is migrated.

import { expect, onTestFinished, test } from 'vitest';
import { folderOfRelease, migrate, migrateToCurrent } from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase({ from: 'empty' });
const { sql } = database;

test('a network of before', async () => {
  const before = await folderOfRelease(7);
  onTestFinished(before.remove);
  await migrate(database.url, before.folder);
  // a member id was not read then
  const document = {
    id: 'something else',
    name: 'old_dot',
    domains: [
      {
        ...{ id: 7, name: 'tutor' },
        item_schemas: { profile: { properties: { subject: {}, phone: { private: true } } } },
      },
    ],
  };
  const written = JSON.stringify(document);
  await sql`select dpg.register_network(${written}::text::jsonb)`;
  const registered = async () => (await sql`select * from dpg.networks`)[0];
  const former = await registered();
  expect(former).not.toHaveProperty('item_fields');

  const item_fields = {
    tutor: {
      subject: { declared: ['profile'], closed: [] },
      phone: { declared: ['profile'], closed: ['profile'] },
    },
  };
  await migrateToCurrent(database.url);
  expect(await registered()).toEqual({ ...former, item_fields });
  await expect(sql`select * from dpg.count_facets('old_dot', 'tutor', '{phone}')`).rejects.toMatchObject({
    code: 'DP014',
  });

  // not again as it is
  await expect(sql`select dpg.register_network(${written}::text::jsonb)`).rejects.toMatchObject({
    code: 'DP001',
    detail: expect.stringContaining('"path": "/id"'),
  });
});
