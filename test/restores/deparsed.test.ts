// A dump holds what PostgreSQL writes of the objects that it keeps parsed, and a restore parses that again. Each of ours comes
// back as it was: no pg_dump is needed to see it. Where one does not (a between b and c and d loses parentheses), write it in
// the form in which it comes back.

import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();

interface Parsed {
  object: string;
  /** The query that gives the text of the object of this name. */
  text: string;
  /** Statements that parse that text again: %s is the text. */
  again: string;
}

const OURS = `('dpg', 'dpg_private')`;

/** Each kind of which PostgreSQL keeps the parsed form: query of object, its text, and what parses it again. */
const KINDS: Record<string, string> = {
  function: `
    select format('function %s', p.oid::regprocedure) as object, format('select pg_get_functiondef(%s) as text', p.oid) as text, '%s' as again
    from pg_proc p where p.pronamespace in (select oid from pg_namespace where nspname in ${OURS}) and p.prosqlbody is not null`,
  view: `
    select format('view %s', c.oid::regclass), format('select pg_get_viewdef(%s) as text', c.oid), format('create or replace view %s as %%s', c.oid::regclass)
    from pg_class c where c.relnamespace in (select oid from pg_namespace where nspname in ${OURS}) and c.relkind = 'v'`,
  constraint: `
    select format('constraint %s on %s', k.conname, k.conrelid::regclass),
      format('select pg_get_constraintdef(oid) as text from pg_constraint where conrelid = %L::regclass and conname = %L', k.conrelid::regclass, k.conname),
      format('alter table %1$s drop constraint %2$I, add constraint %2$I %%s', k.conrelid::regclass, k.conname)
    from pg_constraint k join pg_class c on c.oid = k.conrelid
    where c.relnamespace in (select oid from pg_namespace where nspname in ${OURS}) and not c.relispartition and k.contype = 'c'`,
  default: `
    select format('default of %s.%I', d.adrelid::regclass, a.attname),
      format('select pg_get_expr(adbin, adrelid) as text from pg_attrdef where adrelid = %L::regclass and adnum = %s', d.adrelid::regclass, d.adnum),
      format('alter table %s alter column %I set default %%s', d.adrelid::regclass, a.attname)
    from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
    join pg_class c on c.oid = d.adrelid
    where c.relnamespace in (select oid from pg_namespace where nspname in ${OURS}) and not c.relispartition and a.attgenerated = ''`,
  index: `
    select format('index %s', i.indexrelid::regclass), format('select pg_get_indexdef(%L::regclass) as text', i.indexrelid::regclass),
      format('drop index %s; %%s', i.indexrelid::regclass)
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where c.relnamespace in (select oid from pg_namespace where nspname in ${OURS}) and not c.relispartition
      and not exists (select from pg_constraint k where k.conindid = i.indexrelid)`,
  trigger: `
    select format('trigger %s on %s', g.tgname, g.tgrelid::regclass),
      format('select pg_get_triggerdef(oid) as text from pg_trigger where tgrelid = %L::regclass and tgname = %L', g.tgrelid::regclass, g.tgname),
      format('drop trigger %I on %s; %%s', g.tgname, g.tgrelid::regclass)
    from pg_trigger g join pg_class c on c.oid = g.tgrelid
    where c.relnamespace in (select oid from pg_namespace where nspname in ${OURS}) and not g.tgisinternal and g.tgparentid = 0`,
  policy: `
    select format('policy %s on %s', p.polname, p.polrelid::regclass),
      format('select pg_get_expr(polqual, polrelid) as text from pg_policy where polrelid = %L::regclass and polname = %L', p.polrelid::regclass, p.polname),
      format('alter policy %I on %s using (%%s)', p.polname, p.polrelid::regclass)
    from pg_policy p join pg_class c on c.oid = p.polrelid
    where c.relnamespace in (select oid from pg_namespace where nspname in ${OURS}) and p.polqual is not null`,
};

const listed = (query: string) => `select * from (${query}) found (object, text, again)`;

const ROLLED_BACK = new Error('rolled back');

async function twice(sql: postgres.Sql, { text, again }: Parsed): Promise<{ once: string; twice: string }> {
  const read = async (connection: postgres.Sql | postgres.TransactionSql) =>
    String((await connection.unsafe(text))[0]?.text);
  const found = { once: '', twice: '' };
  await sql
    .begin(async (transaction) => {
      await transaction`set local search_path = pg_catalog`;
      found.once = await read(transaction);
      await transaction.unsafe(again.replace('%s', () => found.once)).simple();
      found.twice = await read(transaction);
      throw ROLLED_BACK;
    })
    .catch((error) => {
      if (error !== ROLLED_BACK) throw error;
    });
  return found;
}

test.each(Object.entries(KINDS))('each %s is the same, parsed again', async (_, query) => {
  const sql = database.connect({ max: 1, connection: { search_path: 'pg_catalog' } });
  const parsed = (await sql.unsafe(listed(query))) as unknown as Parsed[];
  expect(parsed.length).toBeGreaterThan(1);
  const changed: unknown[] = [];
  for (const each of parsed) {
    const texts = await twice(sql, each);
    if (texts.once !== texts.twice) changed.push({ object: each.object, ...texts });
  }
  expect(changed).toEqual([]);
});

test('the sweep sees what does not come back', async () => {
  const sql = database.connect({ max: 1, connection: { search_path: 'pg_catalog' } });
  await sql`alter table dpg.limits add constraint twisted check (limit_value between 0 and 9e12 and limit_name <> '')`;
  const parsed = (await sql.unsafe(listed(KINDS.constraint ?? ''))) as unknown as Parsed[];
  const twisted = parsed.find(({ object }) => object === 'constraint twisted on dpg.limits');
  const texts = await twice(sql, twisted as Parsed);
  expect(texts.once).not.toBe(texts.twice);
  await sql`alter table dpg.limits drop constraint twisted`;
});
