// A caller may have CREATE on a schema, and puts that first in its search path: with functions, operators, aggregates,
// types, casts and temporary tables named like those that our functions use. Each of them raises when it is used. What
// the functions of the API do for this caller is what they do for any other.

import postgres from 'postgres';
import { beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

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
    'party_leaves', 'instance_url_sightings', 'action_definitions', 'pg_class', 'pg_constraint', 'pg_attribute',
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

const STUDENT = '11111111-1111-4111-8111-111111111111';
const TUTOR = '22222222-2222-4222-8222-222222222222';
const ACTION = '33333333-3333-4333-8333-333333333333';
const EVENT = '44444444-4444-4444-8444-444444444444';
const refs = `row('shadow', 'student', 'profile', '${STUDENT}'), row('shadow', 'tutor', 'profile', '${TUTOR}')`;
const far = `row('far', 'student', 'profile', '${STUDENT}'), 'https://far.example.com', 'far'`;

// Every function of the API, what it does and what it refuses.
const CALLS = [
  `dpg.ensure_item_partition('shadow', 'student')`,
  `dpg.ensure_action_partition('shadow', 'connect')`,
  `dpg.ensure_action_event_partition('shadow', 'connect')`,
  `dpg.upsert_item('asha', 'shadow', 'student', 'profile', 'https://example.com', 'https://s.example.com', '{"a": 1}', 12.5, 77.5, '${STUDENT}')`,
  `dpg.upsert_item('ravi', 'shadow', 'tutor', 'profile', 'https://example.com', 'https://s.example.com', '{"b": [1, "x"]}', 12.75, 77.25, '${TUTOR}')`,
  `dpg.upsert_item('asha', 'shadow', 'student', 'profile', 'https://example.com', 'https://s.example.com', '{"a": 2}', 12.5, 77.5, '${STUDENT}')`,
  `dpg.upsert_item('ravi', 'shadow', 'student', 'profile', 'https://example.com', 'https://s.example.com', '{}', item_id => '${STUDENT}')`,
  `dpg.upsert_item('nobody', 'shadow', 'student', 'profile', 'https://example.com', 'https://s.example.com')`,
  `dpg.upsert_item(' ', 'shadow', 'student', 'profile', 'https://example.com', 'https://s.example.com')`,
  `dpg.upsert_item('asha', 'shadow', 'student', 'profile', 'https://example.com', 'https://s.example.com', '{}', 91, 0)`,
  `dpg.upsert_items('asha', '[{"item_network": "shadow", "item_domain": "new", "item_type": "t", "item_instance_url": "https://example.com", "item_schema_url": "s", "item_id": "${ACTION}"}]')`,
  `dpg.upsert_items('asha', '[{"item_network": "shadow"}]')`,
  `dpg.update_item('asha', 'shadow', 'student', 'profile', '${STUDENT}', '{"item_state": {"a": 3}, "item_latitude": 13}')`,
  `dpg.update_item('asha', 'shadow', 'student', 'profile', '${STUDENT}', '{"item_state": {"a": 4}}', '2020-01-01Z')`,
  `dpg.get_item('shadow', 'student', 'profile', '${STUDENT}')`,
  `dpg.get_item('shadow', 'student', 'profile', '${TUTOR}')`,
  `dpg.find_items('shadow', 'student', 'profile', 'asha', 'https://example.com', 'https://s.example.com', '{"a": 3}', 13, 77.5, 1000, 5)`,
  `dpg.find_items('shadow', 'student', page_token => 'nonsense')`,
  `dpg.count_items('shadow', 'tutor', item_state => '{"b": ["x"]}', latitude => 12.75, longitude => 77.25, radius_meters => 1)`,
  `dpg.nearest_items('shadow', 'tutor', 12.5, 77.5, 100000, 'profile', '{"b": [1]}', 3)`,
  `dpg.define_action('shadow', 'connect', '[{"from": "created", "to": "accepted", "by": "target"}]')`,
  `dpg.define_action('shadow', 'connect', '[{"from": "created", "to": "accepted", "by": "nobody"}]')`,
  `dpg.perform_action('asha', 'connect', ${refs}, '{"c": 1}', 'please', '{"d": 1}', '${ACTION}')`,
  `dpg.perform_action('asha', 'connect', ${refs}, '{"c": 1}', 'please', '{"d": 1}', '${ACTION}')`,
  `dpg.perform_action('asha', 'connect', ${refs}, '{"c": 2}', 'please', '{"d": 1}', '${ACTION}')`,
  `dpg.perform_action('ravi', 'connect', ${refs})`,
  `dpg.transition_action('asha', 'shadow', 'connect', '${ACTION}', 'accepted', 0)`,
  `dpg.transition_action('ravi', 'shadow', 'connect', '${ACTION}', 'accepted', 0, '{"e": 1}', 'gladly', '${EVENT}')`,
  `dpg.transition_action('ravi', 'shadow', 'connect', '${ACTION}', 'accepted', 0, '{"e": 1}', 'gladly', '${EVENT}')`,
  `dpg.transition_action('ravi', 'shadow', 'connect', '${ACTION}', 'accepted', 0)`,
  `dpg.transition_action('ravi', 'shadow', 'connect', '${ACTION}', 'created')`,
  `dpg.receive_action('connect', ${far}, row('shadow', 'tutor', 'profile', '${TUTOR}'), '{"f": 1}', action_id => '${STUDENT}')`,
  `dpg.receive_transition('https://far.example.com', 'far', 'shadow', 'connect', '${STUDENT}', 'accepted')`,
  `dpg.receive_transition('https://far.example.com', 'near', 'shadow', 'connect', '${STUDENT}', 'accepted')`,
  `dpg.get_action('asha', 'shadow', 'connect', '${ACTION}')`,
  `dpg.get_action('nobody', 'shadow', 'connect', '${ACTION}')`,
  `dpg.find_actions('ravi', 'received', 'shadow', 'connect', 'accepted', '${TUTOR}')`,
  `dpg.find_actions('asha')`,
  `dpg.find_events('asha', 'initiated', 'shadow', 'connect', '${ACTION}', 'accepted', 1)`,
  `dpg.find_events('ravi')`,
  `dpg.store_event('${JSON.stringify({
    ...{
      partition_network: 'shadow',
      action_type: 'connect',
      event_id: TUTOR,
      action_id: TUTOR,
      update_count: 0,
    },
    ...{
      origin_instance_domain: 'https://far.example.com',
      action_status: 'created',
      created_at: '2026-01-01T00:00:00Z',
    },
    ...{
      source_item_network: 'shadow',
      source_item_domain: 'student',
      source_item_type: 'profile',
      source_item_id: STUDENT,
    },
    ...{
      source_item_instance_url: 'https://example.com',
      source_item_owner: 'asha',
      event_payload: { g: 1 },
    },
    ...{
      target_item_network: 'shadow',
      target_item_domain: 'tutor',
      target_item_type: 'profile',
      target_item_id: ACTION,
    },
    ...{ target_item_instance_url: 'https://far.example.com', target_item_owner: 'far' },
  })}')`,
  `dpg.store_event('{"event_id": 1}')`,
  `dpg.create_subscription('all', 'shadow')`,
  `dpg.create_subscription('all', 'shadow', 'connect')`,
  `dpg.read_events('all', 1)`,
  `dpg.acknowledge('all', 1)`,
  `dpg.acknowledge('all', 99)`,
  `dpg.read_events('all')`,
  `dpg.fail_event('all', 2, 'no', 2, 0, '${ACTION}')`,
  `dpg.fail_event('all', 2, 'no', 1)`,
  `dpg.retry_events('all')`,
  `dpg.read_retries('all')`,
  `dpg.settle_event('all', 2, '${ACTION}')`,
  `dpg.settle_event('all', 2)`,
  `dpg.release_events('all', 'no luck', 0)`,
  `dpg.drop_subscription('all')`,
  `dpg.drop_subscription('all')`,
  `dpg.delete_item('asha', 'shadow', 'student', 'profile', '${STUDENT}')`,
  `dpg.delete_item('asha', 'shadow', 'new', 't', '${ACTION}')`,
  `dpg.find_events('asha', page_size => 1000)`,
];

/** Times, and ids that nobody chose, are those of the moment. */
const moment = [
  'created_at',
  'updated_at',
  'next_page_token',
  'event_id',
  'lease_id',
  'lower',
  'bytes',
  'estimated_rows',
  'leased_at',
  'leased_until',
  'acknowledged_at',
  'first_failed_at',
  'last_failed_at',
  'last_error_at',
];
async function outcome(sql: postgres.Sql, call: string): Promise<unknown> {
  try {
    const rows = await sql.unsafe(`select * from ${call}`);
    return rows.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => !moment.includes(name))),
    );
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    const { code, message, detail, hint } = error;
    return { code, message: untimed(message), detail: untimed(detail), hint };
  }
}
const untimed = (text: string | undefined) => text?.replace(/\d{4}-\d\d-\d\d[ T][\d:.+]+/g, '<time>');

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
  expect(refusals).toBe(22);
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
  expect(right.length).toBe(5);
  for (const sql of [careful, caller]) {
    await sql`set dpg.actor = 'ravi'`;
    expect((await sql`select action_id from dpg.item_actions`).length).toBe(2);
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
  expect(names.length).toBe(40);
  for (const { name } of names) {
    const reader = name.startsWith('pg_temp') ? caller : hostile.sql;
    expect((await reader.unsafe(`select id from ${name}`)).length, name).toBe(0);
  }
});
