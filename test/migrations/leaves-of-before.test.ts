// Leaves that a former release created get the row level security of their root, while somebody is connected who has read and
// written them; whoever still has them open is waited for.

import { expect, onTestFinished, test } from 'vitest';
import { fill } from '../restores/story.js';
import { folderOfRelease, migrate, migrateToCurrent } from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase({ from: 'empty' });
const { sql } = database;

const unguarded = async () =>
  (
    await sql`
      select t.relid::text as name
      from unnest(array['dpg.item_actions', 'dpg.action_events']::regclass[]) r
      cross join pg_partition_tree(r) t
      join pg_class c on c.oid = t.relid
      where not c.relrowsecurity or (select count(*) from pg_policy p where p.polrelid = c.oid) <> 2`
  ).map(({ name }) => name);

test('they get it, once nobody has them open', async () => {
  const before = await folderOfRelease(3);
  onTestFinished(before.remove);
  await migrate(database.url, before.folder);
  await fill(sql);
  expect((await unguarded()).length).toBeGreaterThan(10);

  const reader = database.connect({ max: 1 });
  await reader.unsafe('begin; select count(*) from dpg.e_p_restoreone_visit').simple();
  const migrated = migrateToCurrent(database.url);
  await reader`select pg_sleep(0.3)`;
  await reader`commit`;
  await migrated;
  expect(await unguarded()).toEqual([]);
  expect(await reader`select from dpg.find_events('restore asha')`).not.toHaveLength(0);

  // where all is there, nobody is waited for
  await reader.unsafe('begin; select count(*) from dpg.e_p_restoreone_visit').simple();
  await sql`select dpg_private.copy_row_level_security('dpg.action_events', 'dpg.e_p_restoreone_visit')`;
  await reader`commit`;
});
