// The real Better Auth on the same database: its users are the owners of items and the actors of calls. One role that is
// no superuser runs both migrations, in either order; the application logs in as a member of dpg_app.

import { readFile } from 'node:fs/promises';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { Pool } from 'pg';
import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { errorOf, student } from '../sdk/story.js';
import { migrate } from '../support/migrations.js';
import { identifier } from '../support/server.js';
import { type TestDatabase, temporaryDatabase } from '../support/test-database.js';

const PASSWORD = 'correct horse battery staple';
const GRANT = 'grant select, insert, update, delete on "user", session, account, verification to dpg_app;';

// Neither telemetry nor anything else may leave the machine.
const fetched = vi.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('no network here'));
const warnings: string[] = [];

type Application = typeof import('./auth.js');
type Erasure = typeof import('./erasure.js');

interface Person {
  id: string;
  headers: Headers;
}

/** What Better Auth's migration would do, and does. */
async function migrateBetterAuth(url: string) {
  const pool = new Pool({ connectionString: url });
  const log = (level: string, message: string) => warnings.push(`${level}: ${message}`);
  try {
    const {
      runMigrations,
      compileMigrations: _,
      ...plan
    } = await getMigrations({
      database: pool,
      emailAndPassword: { enabled: true },
      logger: { log },
    });
    await runMigrations();
    return { ...plan, toBeCreated: plan.toBeCreated.map(({ table }) => table) };
  } finally {
    await pool.end();
  }
}

const nothing = {
  toBeCreated: [],
  toBeAdded: [],
  toBeAddedIndexes: [],
  unsafeChanges: [],
  schemaProblems: [],
};

async function emptyDatabase() {
  const database = await temporaryDatabase({ from: 'empty' });
  const migrating = await database.createLogin('dpg_readonly');
  const role = identifier(new URL(migrating).username);
  await database.sql.unsafe(
    `grant create on database ${identifier(database.name)} to ${role}; grant create on schema public to ${role};`,
  );
  return { ...database, migrating };
}

async function columnsOfUser(sql: postgres.Sql) {
  const rows = await sql`
    select a.attname, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull
    from pg_attribute a
    where a.attrelid = 'public."user"'::regclass and a.attnum > 0
    order by a.attnum`;
  return rows.map(({ attname, type, attnotnull }) => `${attname} ${type}${attnotnull ? ' not null' : ''}`);
}

const orders: [string, (url: string) => Promise<unknown[]>][] = [
  [
    'Better Auth’s migration first',
    async (url) => {
      const plan = await migrateBetterAuth(url);
      await migrate(url);
      return [plan];
    },
  ],
  [
    'ours first',
    async (url) => {
      await migrate(url);
      return [await migrateBetterAuth(url)];
    },
  ],
];

describe.each(orders)('%s', (order, migrateBoth) => {
  let database: TestDatabase & { migrating: string; drop(): Promise<void> };
  let plans: unknown[];
  let application: Application;
  let erasure: Erasure;
  let asha: Person;

  const request = (headers = new Headers()) => new Request('http://localhost:3000/items', { headers });
  const counts = async () => {
    const [row] = await database.sql`
      select
        (select count(*)::integer from "user") as users,
        (select count(*)::integer from session) as sessions,
        (select count(*)::integer from account) as accounts,
        (select count(*)::integer from dpg.items) as items`;
    return row;
  };

  /** As a browser does it. */
  async function signUp(name: string): Promise<Person> {
    const response = await application.auth.handler(
      new Request('http://localhost:3000/api/auth/sign-up/email', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name, email: `${name.toLowerCase()}@example.com`, password: PASSWORD }),
      }),
    );
    const body = (await response.json()) as { user: { id: string } };
    const cookie = response.headers.getSetCookie().map((text) => text.split(';')[0]);
    return { id: body.user.id, headers: new Headers({ cookie: cookie.join('; ') }) };
  }

  beforeAll(async () => {
    database = await emptyDatabase();
    plans = await migrateBoth(database.migrating);
    await database.sql.unsafe(GRANT);
    vi.stubEnv('BETTER_AUTH_URL', 'http://localhost:3000');
    vi.stubEnv('BETTER_AUTH_SECRET', 'K7pX2vQ9mB4tR8wZ1nY6cL3hJ5dF0gSa');
    vi.stubEnv('DATABASE_URL', await database.createLogin('dpg_app'));
    vi.stubEnv('ADMINISTRATOR_DATABASE_URL', await database.createLogin('dpg_admin'));
    vi.resetModules(); // they read the environment as they are loaded
    application = await import('./auth.js');
    erasure = await import('./erasure.js');
    asha = await signUp('Asha');
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await application.dpg.end();
    await (application.auth.options.database as Pool).end();
    await database.drop();
  });

  test('Better Auth makes its tables, and changes nothing in one that is there', async () => {
    const made = ['session', 'account', 'verification'];
    expect(plans).toEqual([{ ...nothing, toBeCreated: order === 'ours first' ? made : ['user', ...made] }]);
    expect(await migrateBetterAuth(database.migrating)).toEqual(nothing);
    expect(warnings).toEqual([]);
    expect(await columnsOfUser(database.sql)).toEqual([
      'id text not null',
      'name text not null',
      'email text not null',
      'emailVerified boolean not null',
      'image text',
      'createdAt timestamp with time zone not null',
      'updatedAt timestamp with time zone not null',
    ]);
  });

  test('the user of the session is the actor: an item is created and found', async () => {
    const actor = await application.actorOf(request(asha.headers));
    const item = await actor.items.upsert(student());
    expect(item.created_by).toBe(asha.id);

    const found = await application.dpg.items.find({
      item_network: 'yellow_dot',
      item_domain: 'student',
      created_by: asha.id,
    });
    expect(found.rows.map(({ item_id }) => item_id)).toEqual([item.item_id]);

    const ravi = await application.actorOf(request((await signUp('Ravi')).headers));
    expect(await errorOf(ravi.items.delete(item))).toMatchObject({ code: 'DP003' });
    expect(await application.dpg.items.get(item)).toEqual(item);
  });

  test('who is not signed in is no actor', async () => {
    expect(await errorOf(application.actorOf(request()))).toMatchObject({ message: 'nobody is signed in' });
    const forged = new Headers({ cookie: `better-auth.session_token=${asha.id}.forged` });
    expect(await errorOf(application.actorOf(request(forged)))).toMatchObject({
      message: 'nobody is signed in',
    });
  });

  test('deleting a user who owns items is refused; sessions and password are gone by then', async () => {
    const meera = await signUp('Meera');
    const item = await (await application.actorOf(request(meera.headers))).items.upsert(student());
    const before = await counts();
    const auth = betterAuth({
      ...application.auth.options,
      user: { deleteUser: { enabled: true } },
      logger: { disabled: true },
    });

    expect(
      await errorOf(auth.api.deleteUser({ headers: meera.headers, body: { password: PASSWORD } })),
    ).toMatchObject({
      code: '23503',
      constraint: 'items_created_by_fkey',
      detail: `Key (id)=(${meera.id}) is still referenced from table "items".`,
    });
    // what docs/better-auth.md warns of: Better Auth deletes session and account first, each in a transaction of its own
    expect(await counts()).toEqual({
      ...before,
      sessions: before?.sessions - 1,
      accounts: before?.accounts - 1,
    });
    expect(await application.dpg.items.get(item)).toEqual(item);
  });

  test('what throws before the deletion leaves everything', async () => {
    const kiran = await signUp('Kiran');
    const before = await counts();
    const auth = betterAuth({
      ...application.auth.options,
      user: {
        deleteUser: {
          enabled: true,
          async beforeDelete() {
            throw new Error('not now');
          },
        },
      },
    });
    expect(
      await errorOf(auth.api.deleteUser({ headers: kiran.headers, body: { password: PASSWORD } })),
    ).toMatchObject({ message: 'not now' });
    expect(await counts()).toEqual(before);
  });

  test('erase_user before the deletion lets it through, and the item has no owner any more', async () => {
    const jaya = await signUp('Jaya');
    const item = await (await application.actorOf(request(jaya.headers))).items.upsert(student());
    await erasure.authWithErasure.api.deleteUser({ headers: jaya.headers, body: { password: PASSWORD } });

    const left = await database.sql`select count(*)::integer as count from "user" where id = ${jaya.id}`;
    expect(left[0]?.count).toBe(0);
    expect(await application.dpg.items.get(item)).toMatchObject({
      created_by: 'dpg_erased_user',
      item_state: {},
      item_latitude: null,
    });
    const [redaction] = await database.sql`select kind, actor, reason from dpg.redactions`;
    expect(redaction).toEqual({ kind: 'user', actor: 'dpg_erased_user', reason: 'closed the account' });
  });

  test('nothing was sent anywhere', () => {
    expect(fetched).not.toHaveBeenCalled();
  });
});

test('where another role than ours runs its migration, that one needs to refer to the table', async () => {
  const database = await emptyDatabase();
  try {
    await migrate(database.migrating);
    const other = await database.createLogin('dpg_app');
    const role = identifier(new URL(other).username);
    await database.sql.unsafe(`grant create on schema public to ${role}`);
    expect(await errorOf(migrateBetterAuth(other))).toMatchObject({
      code: '42501',
      message: 'permission denied for table user',
    });
    await database.sql.unsafe(`grant references on "user" to ${role}`);
    expect(await migrateBetterAuth(other)).toMatchObject({
      toBeCreated: ['session', 'account', 'verification'],
    });
  } finally {
    await database.drop();
  }
});

test('docs/better-auth.md shows these files', async () => {
  const page = await readFile(new URL('../../docs/better-auth.md', import.meta.url), 'utf8');
  for (const name of ['auth.ts', 'erasure.ts']) {
    const code = await readFile(new URL(name, import.meta.url), 'utf8');
    expect(page).toContain(`\`\`\`ts\n${code.replace("'../../sdk/index.js'", "'dpg-database'")}\`\`\``);
  }
  expect(page).toContain(GRANT);
});
