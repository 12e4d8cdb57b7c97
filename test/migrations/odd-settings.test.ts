// A database may have settings of its own (alter database ... set), which hold while it is migrated too. The result is the same
// database: the same functions, checks, views and comments, whatever the settings were.

import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { migrate, migrateToCurrent } from '../support/migrations.js';
import { groupsOf, oddSettings, type Setting } from '../support/odd-settings.js';
import { identifier } from '../support/server.js';
import { temporaryDatabase } from '../support/test-database.js';

/** The definition of each object of ours, by its name. */
async function definitions(sql: postgres.Sql): Promise<Map<string, string>> {
  const rows = await sql<{ name: string; definition: string }[]>`
    with ours as (
      select n.oid from pg_namespace n where n.nspname in ('dpg', 'dpg_private')
    )
    select 'function ' || p.oid::regprocedure as name,
      concat_ws(' | ', pg_get_functiondef(p.oid), obj_description(p.oid, 'pg_proc'), p.proacl) as definition
    from pg_proc p where p.pronamespace in (table ours)
    union all
    select 'relation ' || c.oid::regclass,
      concat_ws(' | ', c.relkind, c.reloptions, pg_get_viewdef(c.oid), obj_description(c.oid, 'pg_class'), c.relacl,
        (select string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
          col_description(a.attrelid, a.attnum), a.attcompression), ', ' order by a.attnum)
         from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
         where a.attrelid = c.oid and a.attnum > 0))
    from pg_class c where c.relnamespace in (table ours) and c.relkind <> 'i'
    union all
    select 'constraint ' || c.conrelid::regclass || ' ' || c.conname, pg_get_constraintdef(c.oid)
    from pg_constraint c where c.connamespace in (table ours)
    union all
    select 'index ' || i.indexrelid::regclass, pg_get_indexdef(i.indexrelid) || coalesce(obj_description(i.indexrelid, 'pg_class'), '')
    from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace in (table ours) or i.indrelid = 'public."user"'::regclass
    union all
    select 'trigger ' || t.tgrelid::regclass || ' ' || t.tgname, pg_get_triggerdef(t.oid) || t.tgenabled::text
    from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace in (table ours) and not t.tgisinternal
    union all
    select 'policy ' || p.polrelid::regclass || ' ' || p.polname, pg_get_expr(p.polqual, p.polrelid)
    from pg_policy p
    union all
    select 'limit ' || l.limit_name, l.limit_value::text from dpg.limits l`;
  return new Map(rows.map(({ name, definition }) => [name, definition]));
}

async function migrated(
  settings: readonly Setting[],
  from: 'the start' | 'the last migration' = 'the start',
): Promise<Map<string, string>> {
  const database = await temporaryDatabase({ from: 'empty' });
  try {
    if (from === 'the last migration') await migrate(database.url);
    for (const [name, value] of settings) {
      // a list of names is not one name
      const given = name === 'search_path' && value ? value : `'${value.replaceAll("'", "''")}'`;
      await database.sql.unsafe(`alter database ${identifier(database.name)} set ${name} = ${given}`);
    }
    await migrateToCurrent(database.url);
    await database.sql.unsafe(`alter database ${identifier(database.name)} reset all`);
    return await definitions(database.connect({ max: 1, fetch_types: false, idle_timeout: 1 }));
  } finally {
    await database.drop();
  }
}

test('a database with odd settings of its own is migrated to the same as any other', {
  timeout: 300_000,
}, async () => {
  const usual = await migrated([]);
  expect(usual.size).toBeGreaterThan(300);
  const odd = (await oddSettings()).filter(([name]) => name !== 'default_toast_compression');
  odd.push(['default_transaction_isolation', 'serializable'], ['default_transaction_deferrable', 'on']);
  // of each setting two values; a third and a fourth are of settings that concern no text
  const [first = [], second = []] = groupsOf(odd, 1000);
  // the first migration compares the name of a type, which is "text" in quotes with quote_all_identifiers; what is committed
  // stays as it is
  const runs = [
    await migrated(first.filter(([name]) => name !== 'quote_all_identifiers')),
    await migrated(second, 'the last migration'),
    await migrated([['quote_all_identifiers', 'on']], 'the last migration'),
  ];
  for (const found of runs) {
    for (const [name, definition] of usual) expect(found.get(name), name).toBe(definition);
    expect([...found.keys()].sort()).toEqual([...usual.keys()].sort());
  }
});
