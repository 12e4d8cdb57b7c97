// What a database administrator does with a database in use: VACUUM, ANALYZE, REINDEX and CLUSTER work in a session without
// a search path, wherever the extension cube lives, and the indexes are as good after as before.

import { describe, expect, test } from 'vitest';
import { migrateToCurrent } from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';
import { fill } from './story.js';

describe.each(['public', 'extensions'])('with the extension cube in schema %s', async (schema) => {
  const database = await testDatabase({ from: 'empty' });

  test('every kind of maintenance succeeds without a search path', async () => {
    if (schema !== 'public')
      await database.sql.unsafe(`create schema ${schema}; create extension cube schema ${schema}`).simple();
    await migrateToCurrent(database.url);
    await fill(database.sql);
    const sql = database.connect({ max: 1, connection: { search_path: '' } });
    const indexes = () => sql`
      select indexrelid::pg_catalog.regclass::text as name, indisvalid as valid from pg_catalog.pg_index
      where indexrelid::pg_catalog.regclass::text like 'dpg.%' order by 1`;
    const before = await indexes();
    expect(before.length).toBeGreaterThan(100);

    await sql`vacuum (full, analyze)`;
    await sql`vacuum (freeze, analyze, disable_page_skipping)`;
    await sql`analyze dpg.items`;
    await sql.unsafe(`reindex database "${database.name}"`);
    await sql`reindex (verbose) index dpg.items_place_idx`;
    await sql`reindex table concurrently dpg.items`;
    await sql`cluster dpg.i_p_restoreone_student using i_p_restoreone_student_pkey`;

    expect([...(await indexes())]).toEqual([...before]);
    const plan = await sql.begin(async (transaction) => {
      await transaction`set local enable_seqscan = off`;
      return await transaction`
        explain select from dpg.items where item_network = 'restore one' and item_domain = 'student' and item_latitude is not null
        order by dpg_private.chord_meters(item_latitude, item_longitude, dpg_private.place(12.97, 77.59)) limit 1`;
    });
    expect(JSON.stringify(plan)).toContain('Index Scan using i_p_restoreone_student_place_box_idx');
    // Rows are written by the functions in such a session as in any other.
    const [row] = await sql`
      select created_by from dpg.upsert_item('restore asha', 'restore one', 'student', 'profile', 'https://1.restore.test',
        'https://schemas.restore.test', '{}', 13, 78)`;
    expect(row?.created_by).toBe('restore asha');
  });
});
