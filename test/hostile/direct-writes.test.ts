// Applications write through the functions, never to a table: by real logins of each role, on every relation there is,
// also on partitions that were made later.

import { beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();

beforeAll(async () => {
  for (const id of ['asha', 'ravi'])
    await database.sql`insert into public."user" (id, name, email) values (${id}, ${id}, ${`${id}@example.com`})`;
  // Partitions and rows of them, made by the role that is going to try.
  const sql = database.connect({ url: await database.createLogin('dpg_app'), max: 1 });
  const [student, tutor] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
  const items = [
    ['asha', 'student', student],
    ['ravi', 'tutor', tutor],
  ] as const;
  for (const [actor, domain, id] of items)
    await sql`select from dpg.upsert_item(${actor}, 'made later', ${domain}, 'profile', 'https://example.com',
      'https://schemas.example.com', item_id => ${id}::uuid)`;
  await sql`
    select from dpg.perform_action('asha', 'connect', row('made later', 'student', 'profile', ${student}::uuid)::dpg.item_ref,
      row('made later', 'tutor', 'profile', ${tutor}::uuid)::dpg.item_ref)`;
});

const digest = async () => {
  const tables = await database.sql`
    select c.oid::regclass::text as name from pg_class c
    where c.relkind = 'r' and c.relnamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace) order by 1`;
  const rows = [];
  for (const { name } of tables)
    rows.push(
      (
        await database.sql.unsafe(
          `select ${`'${name}'`} as name, md5(string_agg(t::text, ';' order by t::text)) from ${name} t`,
        )
      )[0],
    );
  return rows;
};

test.each(['dpg_app', 'dpg_readonly', 'dpg_admin'])(
  'a login of %s changes no table, leaf or view',
  async (role) => {
    const sql = database.connect({ url: await database.createLogin(role), max: 1 });
    const relations = await database.sql`
    select c.oid::regclass::text as name, c.relkind in ('r', 'p') as is_table, c.relispartition as is_partition,
      (select quote_ident(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum = 1) as column
    from pg_class c
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relnamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace)
    order by 1`;
    expect(relations.filter((relation) => relation.is_partition).length).toBe(7);
    expect(relations.length).toBeGreaterThan(18);
    const before = await digest();

    const done: string[] = [];
    let refused = 0;
    for (const { name, column, is_table, is_partition } of relations) {
      if (role === 'dpg_admin' && name === 'dpg.homes') continue; // is its own to write
      const attempts = [
        `insert into ${name} default values`,
        `insert into ${name} select * from ${name}`,
        `update ${name} set ${column} = ${column}`,
        `delete from ${name}`,
        `merge into ${name} t using (select 1) s on true when matched then delete`,
        ...(is_table
          ? [`truncate ${name}`, `do $$begin lock table ${name} in share row exclusive mode; end$$`]
          : []),
        `alter table ${name} owner to current_user`,
        `create trigger own before insert on ${name} for each statement execute function pg_catalog.suppress_redundant_updates_trigger()`,
        `drop ${is_table ? 'table' : 'view'} ${name}`,
        // Leaves are read through the root, where the policies are.
        ...(is_partition || name.startsWith('dpg_private.') ? [`select * from ${name}`] : []),
      ];
      for (const attempt of attempts) {
        const code = await sql.unsafe(attempt).then(
          () => 'done',
          (error) => error.code,
        );
        // 42501 no privilege; what is said before that: 428C9 a column that is always generated, and of views 55000, 42809,
        // 0A000, that they cannot be written at all.
        const codes = is_table ? ['42501', '428C9'] : ['42501', '55000', '42809', '0A000'];
        if (codes.includes(code)) refused++;
        else done.push(`${attempt}: ${code}`);
      }
    }
    expect(done).toEqual([]);
    expect(refused).toBeGreaterThan(150);
    expect(await digest()).toEqual(before);
  },
);

test.each(['dpg_app', 'dpg_readonly', 'dpg_admin'])(
  'a login of %s calls no helper and makes nothing in our schemas',
  async (role) => {
    const sql = database.connect({ url: await database.createLogin(role), max: 1 });
    const helpers = await database.sql`
    select p.oid::regprocedure::text as name,
      format('select %I.%I(%s)', n.nspname, p.proname,
        (select string_agg(format('null::%s', replace(format_type(t.type, null), 'anyenum', 'dpg_private.slot_1')), ', ' order by t.position)
         from unnest(p.proargtypes) with ordinality t(type, position) )) as call
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'dpg_private' and p.prokind = 'f' and p.prorettype not in ('trigger'::regtype)
      and not 'anyelement'::regtype = any (p.proargtypes)`;
    expect(helpers.length).toBeGreaterThan(60);
    const statements = [
      ...helpers.map(({ call }) => call as string),
      'create table dpg.own ()',
      'create table dpg_private.own ()',
      'create function dpg.own() returns integer language sql as $$select 1$$',
      'create function dpg.get_item(text) returns integer language sql as $$select 1$$',
      'create or replace view dpg.partitions as select 1',
      'alter function dpg.get_item(text, text, text, uuid) security invoker',
      'drop function dpg.get_item(text, text, text, uuid)',
      'drop policy item_actions_parties_only on dpg.item_actions',
      'alter table dpg.item_actions disable row level security',
      'alter table dpg.action_events disable trigger all',
      'set session_replication_role = replica',
    ];
    for (const statement of statements) {
      const code = await sql.unsafe(statement).then(
        () => 'done',
        (error) => error.code,
      );
      expect(code, statement).toBe('42501');
    }
  },
);

test('a login of nothing reads and calls nothing', async () => {
  const sql = database.connect({ url: await database.createLogin('pg_read_all_settings'), max: 1 });
  for (const statement of [
    'select * from dpg.items',
    'select * from dpg.partitions',
    `select dpg.get_item('made later', 'student', 'profile', '11111111-1111-4111-8111-111111111111')`,
    `select dpg.upsert_item('asha', 'made later', 'student', 'profile', 'u', 's')`,
    'select dpg_private.tombstone()',
  ])
    await expect(sql.unsafe(statement), statement).rejects.toMatchObject({ code: '42501' });
});
