// sql/access/privileges.sql grants functions by name. A function that no list names is nobody's, and a name that is no
// function stops the migration.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { sqlFolder } from '../support/migrations.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const privileges = await readFile(join(sqlFolder, 'access/privileges.sql'), 'utf8');

/** The functions of that name, each with the roles that may call it, after the grants were made anew. */
async function rolesAfter(name: string, change: string): Promise<postgres.Row[]> {
  const undone = new Error('undone');
  let rows: postgres.Row[] = [];
  await database.sql
    .begin(async (sql) => {
      await sql.unsafe(`${change}; ${privileges}`).simple();
      rows = await sql`
        select p.pronargs as arguments,
          array(
            select r from unnest(array['public', 'dpg_app', 'dpg_readonly', 'dpg_admin']) r
            where has_function_privilege(r, p.oid, 'execute')
          ) as roles
        from pg_proc p
        where p.pronamespace = 'dpg'::regnamespace and p.proname = ${name}
        order by p.pronargs`;
      throw undone;
    })
    .catch((error) => {
      if (error !== undone) throw error;
    });
  return rows.map((row) => ({ ...row }));
}

test('a function that no list names is nobody’s, even if its name looks like a read', async () => {
  const create = `create function dpg.get_everything() returns integer language sql as 'select 1'`;
  expect(await rolesAfter('get_everything', create)).toEqual([{ arguments: 0, roles: [] }]);
});

test('the lists count for every function of a name', async () => {
  const create = `create function dpg.get_item(item_id uuid) returns uuid language sql as 'select $1'`;
  const roles = ['dpg_app', 'dpg_readonly', 'dpg_admin'];
  expect(await rolesAfter('get_item', create)).toEqual([
    { arguments: 1, roles },
    { arguments: 4, roles },
  ]);
});

test.each([
  ['dpg.get_item(text, text, text, uuid)', 'get_item'],
  ['dpg.upsert_items(text, jsonb)', 'upsert_items'],
  ['dpg.erase_user(text, text, text)', 'erase_user'],
])('without %s its name in a list is refused', async (signature, name) => {
  await expect(rolesAfter(name, `drop function ${signature}`)).rejects.toMatchObject({
    code: '42883',
    message: `no function has this name: ${name}`,
  });
});
