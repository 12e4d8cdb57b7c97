// The migrations on a server as somebody else runs it: the role that migrates owns its database, or less, and is no
// superuser. What it may not do it asks for, one statement at a time. The administrator of these tests runs exactly what
// the messages ask for, nothing else, and then the database must work.

import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDpg, UserNotFoundError } from '../../sdk/index.js';
import { student, tutor } from '../sdk/story.js';
import { fileTexts, listedFiles, migrateToCurrent } from '../support/migrations.js';
import { type Server, startServer, withAdmin } from '../support/server.js';

// A server of its own: roles belong to a whole server, and here they must be missing at first.
const shared = process.env.TEST_DATABASE_URL !== undefined;
if (shared) console.log('SKIPPED: migrations without the rights of a superuser (TEST_DATABASE_URL is given)');

let server: Server;
let text: string;

describe.skipIf(shared)('migrated by a role that is no superuser', () => {
  beforeAll(async () => {
    server = await startServer();
    text = [...(await fileTexts(await listedFiles())).values()].join('\n');
  });
  afterAll(() => server.stop());

  test('roles that it may not create are asked for one by one; the owner of the database needs nothing else', async () => {
    const { url, asked } = await migratedBy('owner', (name) => server.createDatabase(name, { owner: name }));
    expect(asked).toEqual([
      'create role dpg_app nologin;',
      'create role dpg_readonly nologin;',
      'create role dpg_admin nologin;',
    ]);
    await works(url);
    const [row] = await database(url)`select array_agg(extname order by extname) as names from pg_extension`;
    // The trusted ones; earthdistance is for a superuser to create, and not needed.
    expect(row?.names).toEqual(['cube', 'pgcrypto', 'plpgsql']);
  });

  test('one that may create roles and owns the database needs nothing', async () => {
    for (const role of ['dpg_app', 'dpg_readonly', 'dpg_admin']) await dropRole(role);
    const { url, asked } = await migratedBy(
      'creator',
      (name) => server.createDatabase(name, { owner: name }),
      'createrole',
    );
    expect(asked).toEqual([]);
    await works(url);
  });

  test('one that may only create schemas asks for the right to make the table of users', async () => {
    const { url, asked, name } = await migratedBy('tenant', async (role) => {
      const made = await server.createDatabase(role);
      await withAdmin(made, (sql) => sql.unsafe(`grant create on database ${role} to ${role}`));
      return made;
    });
    expect(asked).toEqual([`grant create on schema public to ${name};`]);
    await works(url);
  });

  test('where the provider lets nobody else create extensions, cube is asked for and the others are done without', async () => {
    const { url, asked } = await migratedBy('extensions', async (role) => {
      const made = await server.createDatabase(role, { owner: role });
      await withAdmin(made, (sql) =>
        sql
          .unsafe(`
            create function public.only_the_provider() returns event_trigger language plpgsql as $body$
            begin
              if not (select rolsuper from pg_roles where rolname = current_user) then
                raise exception 'permission denied to create an extension' using errcode = 'insufficient_privilege';
              end if;
            end
            $body$;
            create event trigger only_the_provider on ddl_command_start when tag in ('CREATE EXTENSION')
            execute function public.only_the_provider();`)
          .simple(),
      );
      return made;
    });
    expect(asked).toEqual(['create extension cube;']);
    await works(url);
    const [row] = await database(url)`select array_agg(extname order by extname) as names from pg_extension`;
    expect(row?.names).toEqual(['cube', 'plpgsql']);
  });

  test('the table of users may be another role’s: grants are asked for and are enough', async () => {
    const { url, asked, name } = await migratedBy('second', async (role) => {
      const made = await server.createDatabase(role, { owner: role });
      await withAdmin(made, (sql) =>
        sql
          .unsafe(`
            create role ${role}_auth login;
            create table public."user" (id text primary key, name text not null, email text not null unique,
              "emailVerified" boolean not null, image text, "createdAt" timestamptz not null, "updatedAt" timestamptz not null);
            alter table public."user" owner to ${role}_auth;`)
          .simple(),
      );
      return made;
    });
    expect(asked).toEqual([`grant select, references on public."user" to ${name};`]);
    await works(url);

    // The migrating role cannot make the tombstone: the refusal says so, and once the application made it, it is done.
    const sql = database(url);
    const officer = await database(url).reserve();
    await officer`set role dpg_admin`;
    const erase = () => officer`select kind from dpg.erase_user('officer', 'asha', 'request')`;
    await expect(erase()).rejects.toMatchObject({
      code: 'DP009',
      hint: expect.stringContaining('dpg_erased_user'),
    });
    await addUser(sql, 'dpg_erased_user');
    expect(await erase()).toMatchObject([{ kind: 'user' }]);
    await sql`delete from public."user" where id = 'asha'`;
    officer.release();
  });

  test('ids of users of another type stop it, and nothing is left', async () => {
    for (const type of ['integer', 'uuid', 'varchar(36)']) {
      const url = await server.createDatabase(unique('ids'));
      await withAdmin(url, (sql) => sql.unsafe(`create table public."user" (id ${type} primary key)`));
      const error = await refusal(url);
      expect(error).toMatchObject({ code: '42804' });
      expect(error?.message).toContain('public."user".id must be text');
      const schemas = await database(url)`select nspname from pg_namespace where nspname like 'dpg%'`;
      expect([...schemas]).toEqual([]);
    }
  });

  test('a database that is not in UTF-8 is refused with the way to make one that is', async () => {
    const name = unique('latin');
    await withAdmin(server.adminUrl, (sql) =>
      sql.unsafe(`create database ${name} encoding 'LATIN1' locale 'C' template template0`),
    );
    const error = await refusal(server.url(name));
    expect(error?.message).toContain('this one has LATIN1');
    expect(error?.hint).toContain("encoding 'UTF8' template template0");
  });
});

const unique = (what: string) => `managed_${what}_${randomUUID().slice(0, 8)}`;

const pools = new Map<string, postgres.Sql>();
/** The administrator in the database of the URL, whatever role that names. */
function database(url: string): postgres.Sql {
  const target = new URL(server.adminUrl);
  target.pathname = new URL(url).pathname;
  const sql = pools.get(target.href) ?? postgres(target.href, { max: 2, onnotice: () => {} });
  pools.set(target.href, sql);
  return sql;
}
afterAll(() => Promise.all([...pools.values()].map((sql) => sql.end())));

async function dropRole(role: string): Promise<void> {
  const databases = await withAdmin(
    server.adminUrl,
    (sql) => sql`select datname from pg_database where datname like 'managed_%'`,
  );
  for (const { datname } of databases)
    await withAdmin(server.url(datname), (sql) => sql.unsafe(`drop owned by ${role}`));
  await withAdmin(server.adminUrl, (sql) => sql.unsafe(`drop role ${role}`));
}

/** Nothing stays: a migration of before would not replace what a later one makes. */
async function refusal(url: string): Promise<postgres.PostgresError | undefined> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const done = new Error('nothing was refused');
  try {
    await sql.begin(async (transaction) => {
      await transaction.unsafe(text).simple();
      throw done;
    });
  } catch (error) {
    if (error === done) return undefined;
    if (error instanceof postgres.PostgresError) return error;
    throw error;
  } finally {
    await sql.end();
  }
}

/** Tries, does as an administrator what the refusal asks for, and tries again; then once more with graphile-migrate. */
async function migratedBy(what: string, create: (role: string) => Promise<string>, attributes = '') {
  const name = unique(what);
  await withAdmin(server.adminUrl, (sql) =>
    sql.unsafe(`create role ${name} login password 'secret' ${attributes}`),
  );
  await create(name);
  const url = server.url(name, name, 'secret');
  const asked: string[] = [];
  for (;;) {
    const error = await refusal(url);
    if (!error) break;
    const statement = /: ([a-z].*;)$/.exec(error.hint ?? '')?.[1];
    if (!statement || asked.includes(statement)) throw error;
    asked.push(statement);
    await database(url).unsafe(statement);
  }
  await migrateToCurrent(url);
  return { name, url, asked };
}

async function addUser(sql: postgres.Sql, id: string): Promise<void> {
  await sql`insert into public."user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
    values (${id}, ${id}, ${`${id}@example.com`}, false, now(), now())`;
}

/** The story, by a login of the application. */
async function works(url: string): Promise<void> {
  const sql = database(url);
  for (const id of ['asha', 'ravi']) await addUser(sql, id);
  const login = unique('application');
  await sql.unsafe(`create role ${login} login password 'secret' in role dpg_app`);
  const dpg = createDpg(server.url(new URL(url).pathname.slice(1), login, 'secret'));
  const [asha, ravi] = [dpg.as('asha'), dpg.as('ravi')];
  const source = await asha.items.upsert(student());
  const target = await ravi.items.upsert(tutor());
  const { rows } = await dpg.items.nearest({
    item_network: 'yellow_dot',
    item_domain: 'tutor',
    latitude: 12.97,
    longitude: 77.59,
  });
  expect(rows.map((row) => row.item_id)).toEqual([target.item_id]);
  const action = await asha.actions.perform({ action_type: 'connect', source, target });
  expect((await ravi.actions.transition(action, { action_status: 'accepted' })).update_count).toBe(1);
  expect((await asha.events.find()).rows.map((event) => event.update_count)).toEqual([1, 0]);
  await expect(dpg.as('nobody').items.upsert(student())).rejects.toThrow(UserNotFoundError);
  await expect(dpg.sql`delete from dpg.items`).rejects.toMatchObject({ code: '42501' });
  await dpg.end();
}
