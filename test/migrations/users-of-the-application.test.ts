// Where the application has a table of users it is used as it is: neither changed nor needed more of than reading it and
// referring to it. Where that cannot be, the migration stops and says what to do.

import { beforeAll, expect, test } from 'vitest';
import { createDpg } from '../../sdk/index.js';
import { catalogue } from '../support/catalogue.js';
import { migrateToCurrent } from '../support/migrations.js';
import { type TestDatabase, testDatabase } from '../support/test-database.js';

const theirs = await testDatabase({ from: 'empty' });
const ungranted = await testDatabase({ from: 'empty' });
const unreadable = await testDatabase({ from: 'empty' });
const numbered = await testDatabase({ from: 'empty' });
let migrator: string;

/** A login that owns the database, but not the table of users in it. */
async function ownerOf({ name, sql, createLogin }: TestDatabase, table: string, grants: string) {
  const url = await createLogin('dpg_app'); // any role that is there: the migration may not create roles
  const user = `"${new URL(url).username}"`;
  await sql.unsafe(`alter database "${name}" owner to ${user}`);
  await sql.unsafe(table);
  if (grants) await sql.unsafe(`grant ${grants} on public."user" to ${user}`);
  return url;
}

const TABLE = `create table public."user" (
  id text primary key, name text not null, email text not null unique, "emailVerified" boolean not null,
  "createdAt" timestamptz not null default now(), "updatedAt" timestamptz not null default now(), banned boolean)`;

beforeAll(async () => {
  migrator = await ownerOf(theirs, TABLE, 'select, references');
});

test('the owner of the database may only read and reference the users: all goes well, the table stays as it is', async () => {
  const aspects = async () =>
    [...(await catalogue(theirs.sql))].filter(
      ([object]) => /\buser\b/.test(object) && !/RI_ConstraintTrigger|trigger|rows of/.test(object),
    );
  const before = await aspects();
  expect(before.length).toBeGreaterThan(0);
  await migrateToCurrent(migrator);
  expect(await aspects()).toEqual(before);

  await theirs.sql`insert into public."user" (id, name, email, "emailVerified") values ('asha', 'A', 'a@x', false), ('ravi', 'R', 'r@x', true)`;
  const dpg = createDpg(theirs.connect({ url: migrator, role: 'dpg_app' }));
  const common = { item_network: 'yellow_dot', item_type: 't', item_instance_url: 'u', item_schema_url: 's' };
  const source = await dpg.as('asha').items.upsert({ ...common, item_domain: 'student' });
  const target = await dpg.as('ravi').items.upsert({ ...common, item_domain: 'tutor' });
  const action = await dpg.as('asha').actions.perform({ action_type: 'connect', source, target });
  expect(action.action_status).toBe('created');
  expect(await dpg.partitions.list()).toHaveLength(4);
  await expect(dpg.as('nobody').items.upsert({ ...common, item_domain: 'student' })).rejects.toMatchObject({
    code: 'DP009',
  });
  await expect(theirs.sql`delete from public."user" where id = 'asha'`).rejects.toMatchObject({
    code: '23503',
  });
});

test('it may not reference them: the migration says what their owner must run', async () => {
  const url = await ownerOf(ungranted, TABLE, 'select');
  await expect(migrateToCurrent(url)).rejects.toMatchObject({
    message: expect.stringMatching(/may not read or reference public\."user"/),
    cause: {
      code: '42501',
      hint: expect.stringMatching(
        /^The owner of the table must run: grant select, references on public\."user" to /,
      ),
    },
  });
  expect(await ungranted.sql`select from pg_namespace where nspname = 'dpg'`).toHaveLength(0);
});

test('it may not read them: the same', async () => {
  const url = await ownerOf(unreadable, TABLE, 'references');
  await expect(migrateToCurrent(url)).rejects.toMatchObject({ cause: { code: '42501' } });
});

test('their ids are no text: the migration says so', async () => {
  const url = await ownerOf(numbered, TABLE.replace('id text', 'id bigint'), 'select, references');
  await expect(migrateToCurrent(url)).rejects.toMatchObject({
    message: expect.stringMatching(/public\."user"\.id must be text, it is bigint/),
  });
  expect(await numbered.sql`select from pg_namespace where nspname = 'dpg'`).toHaveLength(0);
});
