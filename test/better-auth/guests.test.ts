// The real Better Auth with guests (its plugin anonymous) who have items and sign up, and with ids that are no text.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type BetterAuthOptions, betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { anonymous } from 'better-auth/plugins';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createDpg } from '../../sdk/index.js';
import { errorOf, student, tutor } from '../sdk/story.js';
import { migrateToCurrent as migrate } from '../support/migrations.js';
import { type TestDatabase, temporaryDatabase } from '../support/test-database.js';

const PASSWORD = 'correct horse battery staple';
const fetched = vi.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('no network here'));

async function migrateBetterAuth(url: string, options: BetterAuthOptions) {
  const pool = new Pool({ connectionString: url });
  try {
    const { runMigrations } = await getMigrations({
      ...options,
      database: pool,
      emailAndPassword: { enabled: true },
    });
    await runMigrations();
  } finally {
    await pool.end();
  }
}

type Step = (url: string, options: BetterAuthOptions) => Promise<unknown>;
const orders: [string, Step[]][] = [
  ['Better Auth’s migration first', [migrateBetterAuth, (url) => migrate(url)]],
  ['ours first', [(url) => migrate(url), migrateBetterAuth]],
];

describe.each(orders)('%s: a guest who signs up', (_order, steps) => {
  let database: TestDatabase & { drop(): Promise<void> };
  let guests: typeof import('./guests.js');
  let application: typeof import('./auth.js');

  async function post(path: string, body: object, headers = new Headers()) {
    headers.set('content-type', 'application/json');
    headers.set('origin', 'http://localhost:3000');
    const response = await guests.authWithGuests.handler(
      new Request(`http://localhost:3000/api/auth${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      }),
    );
    const answer = (await response.json()) as { user: { id: string } };
    const cookie = response.headers.getSetCookie().map((text) => text.split(';')[0]);
    return { id: answer.user.id, headers: new Headers({ cookie: cookie.join('; ') }) };
  }

  beforeAll(async () => {
    database = await temporaryDatabase({ from: 'empty' });
    for (const step of steps) await step(database.url, { plugins: [anonymous()] });
    await database.sql`grant select, insert, update, delete on "user", session, account, verification to dpg_app`;
    vi.stubEnv('BETTER_AUTH_URL', 'http://localhost:3000');
    vi.stubEnv('BETTER_AUTH_SECRET', 'K7pX2vQ9mB4tR8wZ1nY6cL3hJ5dF0gSa');
    vi.stubEnv('DATABASE_URL', await database.createLogin('dpg_app'));
    vi.stubEnv('ADMINISTRATOR_DATABASE_URL', await database.createLogin('dpg_admin'));
    vi.resetModules(); // they read the environment as they are loaded
    application = await import('./auth.js');
    guests = await import('./guests.js');
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await application.dpg.end();
    await (application.auth.options.database as Pool).end();
    await database.drop();
  });

  test('what the guest had is the user’s, and the guest is gone', async () => {
    const guest = await post('/sign-in/anonymous', {});
    const { dpg } = application;
    const ravi = await post('/sign-up/email', {
      name: 'Ravi',
      email: 'ravi@example.com',
      password: PASSWORD,
    });
    const item = await dpg.as(guest.id).items.upsert(student());
    const target = await dpg.as(ravi.id).items.upsert(tutor());
    const action = await dpg.as(guest.id).actions.perform({ action_type: 'connect', source: item, target });

    const asha = await post(
      '/sign-up/email',
      { name: 'Asha', email: 'asha@example.com', password: PASSWORD },
      new Headers(guest.headers),
    );
    expect(asha.id).not.toBe(guest.id);
    expect(await dpg.items.get(item)).toMatchObject({ created_by: asha.id, item_state: item.item_state });
    const actor = await application.actorOf(new Request('http://localhost:3000', { headers: asha.headers }));
    expect(await actor.actions.get(action)).toMatchObject({ source_item_owner: asha.id });
    expect(await actor.actions.transition(action, { action_status: 'withdrawn' })).toMatchObject({
      update_count: 1,
    });
    expect((await actor.events.find({})).rows).toHaveLength(2);
    expect(await database.sql`select from "user" where id = ${guest.id}`).toHaveLength(0);
    expect([
      ...(await database.sql`select actor, kind, reason, from_user, to_user from dpg.redactions`),
    ]).toEqual([
      { actor: asha.id, kind: 'move', reason: 'signed up', from_user: guest.id, to_user: asha.id },
    ]);
  });
});

const uuidText: BetterAuthOptions = { advanced: { database: { generateId: () => randomUUID() } } };

describe('ids that Better Auth makes otherwise', () => {
  const withIds = (generateId: 'uuid' | 'serial'): BetterAuthOptions => ({
    advanced: { database: { generateId } },
  });
  async function emptyDatabase() {
    const { drop, ...database } = await temporaryDatabase({ from: 'empty' });
    onTestFinished(drop);
    return database;
  }

  test.each([
    ['uuid', 'uuid'],
    ['serial', 'integer'],
  ] as const)(
    '%s, Better Auth’s migration first: ours refuses, and leaves nothing',
    async (generateId, type) => {
      const { url, sql } = await emptyDatabase();
      await migrateBetterAuth(url, withIds(generateId));
      expect(await errorOf(migrate(url))).toMatchObject({
        message: expect.stringContaining(`public."user".id must be text, it is ${type}`),
        cause: { code: '42804', hint: expect.stringMatching(/as Better Auth makes them by default/) },
      });
      expect(await sql`select from pg_namespace where nspname = 'dpg'`).toHaveLength(0);
    },
  );

  test.each(['uuid', 'serial'] as const)(
    '%s, ours first: Better Auth’s migration cannot refer to the users',
    async (generateId) => {
      const { url, sql } = await emptyDatabase();
      await migrate(url);
      expect(await errorOf(migrateBetterAuth(url, withIds(generateId)))).toMatchObject({ code: '42804' });
      expect(await sql`select from pg_class where relname = 'session' and relkind = 'r'`).toHaveLength(0);
    },
  );

  test.each(orders)('%s, with the documented function: UUIDs as text', async (_order, steps) => {
    const { url, sql } = await emptyDatabase();
    for (const step of steps) await step(url, uuidText);
    const pool = new Pool({ connectionString: url });
    const auth = betterAuth({
      ...uuidText,
      database: pool,
      baseURL: 'http://localhost:3000',
      secret: 'K7pX2vQ9mB4tR8wZ1nY6cL3hJ5dF0gSa',
      emailAndPassword: { enabled: true },
    });
    const { user } = await auth.api.signUpEmail({
      body: { name: 'Asha', email: 'asha@example.com', password: PASSWORD },
    });
    await pool.end();
    expect(user.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    expect(await createDpg(sql).as(user.id).items.upsert(student())).toMatchObject({ created_by: user.id });
  });
});

test('docs/better-auth.md shows this file and the function', async () => {
  const page = await readFile(new URL('../../docs/better-auth.md', import.meta.url), 'utf8');
  const code = await readFile(new URL('guests.ts', import.meta.url), 'utf8');
  expect(page).toContain(`\`\`\`ts\n${code}\`\`\``);
  expect(page).toContain('generateId: () => crypto.randomUUID()');
  expect(fetched).not.toHaveBeenCalled();
});
