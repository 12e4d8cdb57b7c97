// A caller may have CREATE on a schema, and puts that first in its search path: with functions, operators, aggregates,
// types, casts and temporary tables named like those that our functions use. Each of them raises when it is used. What
// the functions of the API do for this caller is what they do for any other.

import postgres from 'postgres';
import { beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';
import { CALLS, MOMENT, untimed } from './calls.js';

const ordinary = await testDatabase();
const hostile = await testDatabase();
let careful: postgres.Sql;
let caller: postgres.Sql;

beforeAll(async () => {
  for (const database of [ordinary, hostile])
    await database.sql`insert into public."user" (id, name, email)
      values ('asha', 'Asha', 'asha@example.com'), ('ravi', 'Ravi', 'ravi@example.com')`;
  careful = postgres(await ordinary.createLogin('dpg_app'), {
    max: 1,
    fetch_types: false,
    onnotice: () => {},
  });

  const url = await hostile.createLogin('dpg_app');
  const user = decodeURIComponent(new URL(url).username);
  await hostile.sql
    .unsafe(`grant create on schema public to ${user}; create schema evil authorization ${user}`)
    .simple();
  caller = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
  await caller.unsafe(SHADOWS).simple();
  await caller`set search_path = pg_temp, evil, public, pg_catalog`;
}, 120_000);

const SHADOWS = `
do $shadows$
declare
  schema_name text;
  type_name text;
  called name[];
  object record;
  number integer := 0;
begin
  select array_agg(distinct c.word[1])
  into called
  from pg_proc o
  cross join regexp_matches(o.prosrc || coalesce(pg_get_function_sqlbody(o.oid), ''), '([a-z0-9_]+)[(]', 'g') c(word)
  where o.pronamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace);
  foreach schema_name in array array['evil', 'public'] loop
    -- every function and aggregate of the system that occurs in one of ours, with the same arguments
    for object in
      select distinct p.proname, pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result
      from pg_proc p
      where p.pronamespace = 'pg_catalog'::regnamespace
        and p.prokind in ('f', 'a')
        and p.prorettype <> all (array['internal', 'trigger', 'event_trigger', 'language_handler', 'cstring']::regtype[])
        and not 'internal'::regtype = any (p.proargtypes)
        and p.proname = any (called)
    loop
      begin
        execute format('create function %I.%I(%s) returns %s language plpgsql as $body$begin raise exception ''shadowed %s''; end$body$',
          schema_name, object.proname, replace(object.arguments, 'ORDER BY ', ''), object.result, object.proname);
        number := number + 1;
      exception
        when others then
          null; -- arguments that a function in PL/pgSQL cannot have
      end;
    end loop;
    if number < 100 then
      raise exception 'only % functions', number;
    end if;
    number := 0;
    -- every operator of the types that we use
    for object in
      select o.oprname, o.oprleft::regtype as left_type, o.oprright::regtype as right_type, o.oprresult::regtype as result
      from pg_operator o
      where o.oprnamespace = 'pg_catalog'::regnamespace
        and o.oprkind = 'b'
        and o.oprleft = any (array[
          'text', 'uuid', 'jsonb', 'timestamptz', 'integer', 'bigint', 'double precision', 'boolean', 'name', 'oid',
          'interval', 'numeric', 'anyarray', 'record'
        ]::regtype[])
    loop
      begin
        execute format('create function %I.operator_%s(%s, %s) returns %s language plpgsql as $body$begin raise exception ''shadowed operator''; end$body$',
          schema_name, number, object.left_type, object.right_type, object.result);
        execute format('create operator %I.%s (leftarg = %s, rightarg = %s, function = %I.operator_%s)',
          schema_name, object.oprname, object.left_type, object.right_type, schema_name, number);
        number := number + 1;
      exception
        when others then
          null; -- a pseudo-type
      end;
    end loop;
    if number < 100 then
      raise exception 'only % operators', number;
    end if;
    number := 0;
    -- types
    foreach type_name in array array['text', 'uuid', 'jsonb', 'timestamptz', 'regclass', 'int4', 'float8', 'cube', 'item_ref', 'items'] loop
      if to_regtype(format('%I.%I', schema_name, type_name)) is null then
        execute format('create domain %I.%I as pg_catalog.bool check (false)', schema_name, type_name);
      end if;
    end loop;
  end loop;
end
$shadows$;
-- a type of the caller's own that turns into text by a function of the caller's own
create type evil.spy as (word pg_catalog.text);
create function evil.spy_to_text(evil.spy) returns pg_catalog.text language sql as $body$select 'asha'::pg_catalog.text$body$;
create cast (evil.spy as pg_catalog.text) with function evil.spy_to_text(evil.spy) as implicit;
-- tables and views, temporary and not
do $tables$
declare
  name pg_catalog.text;
begin
  foreach name in array array[
    'user', 'limits', 'item_actions', 'action_events', 'partitions', 'instance_urls', 'redactions', 'partition_names',
    'party_leaves', 'owner_leaves', 'item_definitions', 'item_searches', 'item_words', 'searched_domains', 'instance_url_sightings', 'action_definitions',
    'subscriptions', 'item_followers', 'changed_items', 'item_changes', 'pg_trigger', 'pg_class', 'pg_constraint', 'pg_attribute',
    'pg_extension', 'pg_locks', 'dpg', 'i_p_shadow_student', 'a_p_shadow', 'e_p_shadow_connect'
  ] loop
    execute format('create temporary table %I (id pg_catalog.int4, name pg_catalog.int4)', name);
    execute format('create table evil.%I (id pg_catalog.int4, name pg_catalog.int4)', name);
    if name <> 'user' then
      execute format('create view public.%I as select 1 as id', name);
    end if;
  end loop;
end
$tables$;`;

async function outcome(sql: postgres.Sql, call: string): Promise<unknown> {
  try {
    const rows = await sql.unsafe(`select * from ${call}`);
    return rows.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => !MOMENT.includes(name))),
    );
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    const { code, message, detail, hint } = error;
    return { code, message: untimed(message), detail: untimed(detail), hint };
  }
}
test('the shadows are there: what is not hardened meets them', async () => {
  for (const text of [
    `select length('x')`,
    `select 'a' = 'b'::pg_catalog.text`,
    `select pg_catalog.now() < pg_catalog.now()`,
  ])
    await expect(caller.unsafe(text), text).rejects.toMatchObject({
      message: expect.stringContaining('shadowed'),
    });
  await hostile.sql
    .unsafe(`create function public.careless(value text) returns boolean language plpgsql security definer
      as $body$begin return lower(value) = 'x'; end$body$`)
    .simple();
  await expect(caller`select public.careless('x'::pg_catalog.text)`).rejects.toMatchObject({
    message: expect.stringContaining('shadowed'),
  });
});

test('every function does for a caller who shadows what it does for any other', async () => {
  let refusals = 0;
  for (const call of CALLS) {
    const expected = await outcome(careful, call);
    expect(await outcome(caller, call), call).toEqual(expected);
    if ('code' in (expected as object)) {
      refusals++;
      expect(expected, call).toMatchObject({ code: expect.stringMatching(/^DP/) });
    }
  }
  expect(refusals).toBe(41);
  const called = await hostile.sql`
    select p.proname as name from pg_proc p
    where p.pronamespace = 'dpg'::regnamespace and has_function_privilege('dpg_app', p.oid, 'execute')`;
  expect(
    called
      .map(({ name }) => name as string)
      .filter((name) => !CALLS.some((call) => call.startsWith(`dpg.${name}(`))),
  ).toEqual([]);
});

test('views and policies are as they were', async () => {
  const text = 'select root, network, key, pg_catalog.regclassout(leaf) as leaf from dpg.partitions';
  const sorted = async (sql: postgres.Sql) =>
    (await sql.unsafe(text)).map((row) => JSON.stringify(row)).sort();
  const [left, right] = [await sorted(careful), await sorted(caller)];
  expect(right.map((row) => row.replaceAll('dpg.', ''))).toEqual(
    left.map((row) => row.replaceAll('dpg.', '')),
  );
  expect(right.length).toBe(7);
  for (const sql of [careful, caller]) {
    await sql`set dpg.actor = 'ravi'`;
    expect((await sql`select action_id from dpg.item_actions`).length).toBe(3);
    await sql`reset dpg.actor`;
    expect((await sql`select action_id from dpg.item_actions`).length).toBe(0);
  }
});

test('a value of a type of the caller’s own is what its cast says, and no more', async () => {
  const [item] = await caller.unsafe(
    `select created_by from dpg.upsert_item(row('ravi')::evil.spy, 'shadow', 'student', 'profile', 'https://example.com', 's')`,
  );
  expect(item?.created_by).toBe('asha');
});

test('nothing was written to a table of the caller’s', async () => {
  const names = await hostile.sql`
    select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and (n.nspname = 'evil' or n.nspname like 'pg_temp%')`;
  expect(names.length).toBe(60);
  for (const { name } of names) {
    const reader = name.startsWith('pg_temp') ? caller : hostile.sql;
    expect((await reader.unsafe(`select id from ${name}`)).length, name).toBe(0);
  }
});
