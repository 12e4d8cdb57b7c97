// "alter default privileges" gives its grants at the creation of each object, those of migrations and leaves included. What
// we create has our grants and no others; what somebody grants on purpose stays.

import { randomBytes } from 'node:crypto';
import type postgres from 'postgres';
import { afterAll, expect, inject, test } from 'vitest';
import { examine } from '../../sdk/cli/doctor.js';
import { migrateToCurrent } from '../support/migrations.js';
import { withAdmin } from '../support/server.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase({ from: 'empty' });
const { sql } = database;
const role = `${inject('prefix')}_report_${randomBytes(4).toString('hex')}`;

afterAll(async () => {
  await database.sql.unsafe(`drop owned by ${role} cascade`);
  await withAdmin(inject('adminUrl'), (admin) => admin.unsafe(`drop role ${role}`));
});

/** What a role was granted on schemas, functions, tables, columns, sequences and types of ours, and what PUBLIC was. */
const granted = async (connection: postgres.Sql) =>
  (
    await connection`
      with ours as (select oid, nspname, nspacl, nspowner from pg_namespace where nspname in ('dpg', 'dpg_private')),
      acls as (
        select 'schema ' || nspname as object, nspacl as acl, nspowner as owner from ours
        union all
        select 'function ' || p.oid::regprocedure, p.proacl, p.proowner from pg_proc p join ours n on n.oid = p.pronamespace
        union all
        select 'relation ' || c.oid::regclass, c.relacl, c.relowner from pg_class c join ours n on n.oid = c.relnamespace
        union all
        select 'type ' || t.oid::regtype, t.typacl, t.typowner from pg_type t join ours n on n.oid = t.typnamespace
      )
      select object, privilege_type as privilege
      from acls
      cross join lateral aclexplode(acl) a
      left join pg_roles r on r.oid = a.grantee
      where a.grantee = 0 or r.rolname = ${role}
      order by 1, 2`
  ).map(({ object, privilege }) => `${privilege} on ${object}`);

test('a database that is created under default privileges has our grants, leaves made later as well', async () => {
  await sql.unsafe(`create role ${role}`);
  await sql.unsafe(`
    alter default privileges grant usage on schemas to ${role};
    alter default privileges grant execute on functions to ${role};
    alter default privileges grant all on tables to ${role}, public;
    alter default privileges grant all on sequences to ${role};
    alter default privileges grant usage on types to ${role} with grant option;`);
  await migrateToCurrent(database.url);
  expect(await granted(sql)).toEqual([]);

  await sql.unsafe(`
    alter default privileges in schema dpg grant select, insert on tables to ${role};
    alter default privileges in schema dpg, dpg_private grant execute on functions to ${role};
    insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com');`);
  await sql`select dpg.upsert_item('asha', 'yellow_dot', 'student', 't', 'https://one.example.com', 'https://s.example.com')`;
  await sql`select dpg.ensure_action_partition('yellow_dot', 'connect'), dpg.ensure_action_event_partition('yellow_dot', 'connect')`;
  expect(await sql`select from dpg.partitions`).toHaveLength(3);
  expect(await granted(sql)).toEqual([]);
});

test('what somebody granted on purpose is left alone, by a migration that runs again and by a leaf that is made', async () => {
  const given = ['dpg.erase_user', 'dpg_private.find_leaf'];
  await sql.unsafe(`
    grant execute on function ${given.join(', ')} to ${role};
    grant usage on schema dpg_private to ${role};
    grant select on dpg.items, dpg.i_p_yellowdot_student to ${role};`);
  const before = await granted(sql);
  expect(before).toHaveLength(5);

  await migrateToCurrent(database.url);
  await sql`select dpg.ensure_item_partition('yellow_dot', 'tutor')`;
  expect(await granted(sql)).toEqual(before);

  const { found } = await examine(sql);
  const ofRole = found.filter(({ problem }) => problem.includes(role));
  expect(ofRole.map(({ object }) => object).sort()).toEqual([
    'function dpg.erase_user(text,text,text)',
    'function dpg_private.find_leaf(text,text,text)',
    'schema dpg_private',
    'table dpg.i_p_yellowdot_student',
    'table dpg.items',
  ]);
});

test('a function that a migration creates anew has our grants, one that it replaces keeps its own', async () => {
  await sql`drop function dpg.count_items`;
  await migrateToCurrent(database.url);
  const of = (name: string, grants: string[]) => grants.filter((grant) => grant.includes(name));
  const now = await granted(sql);
  expect(of('count_items', now)).toEqual([]);
  expect(of('erase_user', now)).toHaveLength(1);
});
