// Applications use the database while it is migrated: what migrate waits for, it waits for in small pieces, so that nobody
// queues behind it, and it says who holds it up.

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { MigrationError, migrate, migrationStatus, type Waiting } from '../../sdk/migrate/index.js';
import { type Installed, installedCommand } from '../cli/command.js';
import { committedMigrations, folderOfRelease } from '../support/migrations.js';
import { type TestDatabase, temporaryDatabase } from '../support/test-database.js';
import { writtenMigrations } from './written.js';

const WRITE = `
  insert into dpg.items (item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state, created_by)
  values ('yellow_dot', 'student', 'profile_1.0', gen_random_uuid(), 'https://a.example.com', 'https://b.example.com', '{}', 'asha')`;
const READ = 'select count(*) from dpg.items';
let committed: string[];
let command: Installed;

beforeAll(async () => {
  committed = await committedMigrations();
  command = await installedCommand();
});
afterAll(() => command?.remove());

/** A database of the first migration, with a partition and a user: the second makes a check on items anew. */
async function formerDatabase(): Promise<TestDatabase> {
  const { drop, ...database } = await temporaryDatabase({ from: 'empty' });
  onTestFinished(drop);
  const former = await folderOfRelease(1);
  onTestFinished(former.remove);
  await migrate(database.url, { migrationsFolder: former.folder });
  await database.sql`insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com')`;
  await database.sql`select dpg.ensure_item_partition('yellow_dot', 'student')`;
  return database;
}

/** A session in a transaction that stays open after this statement. */
async function openTransaction(database: TestDatabase, statement: string) {
  const session = await database
    .connect({ max: 1, connection: { application_name: 'a long report' } })
    .reserve();
  await session`begin`;
  await session.unsafe(statement);
  const [{ pid } = {}] = await session`select pg_backend_pid() as pid`;
  return { pid: pid as number, end: () => session`rollback`.then(() => session.release()) };
}

describe.each([
  ['reader', READ],
  ['writer', WRITE],
])('a %s stays in its transaction', (_, statement) => {
  test('others go on until it ends, and the migration is run then', async () => {
    const database = await formerDatabase();
    const held = await openTransaction(database, statement);
    // more than a piece of waiting and the work around it, and less than somebody would queue behind a migration that waits
    const others = database.connect({ max: 4, connection: { lock_timeout: 20_000 } });
    let hasWaited = () => undefined as unknown;
    const waited = new Promise<void>((resolve) => {
      hasWaited = resolve as () => undefined;
    });
    const told: Waiting[] = [];
    let isOver = false;
    const migrated = migrate(database.url, {
      onWaiting: (waiting) => {
        told.push(waiting);
        hasWaited();
      },
    }).finally(() => {
      isOver = true;
    });
    await Promise.race([waited, migrated]);
    expect(told[0]).toEqual({
      for: 'lock',
      object: expect.stringMatching(/./),
      holders: expect.arrayContaining([
        {
          pid: held.pid,
          role: 'postgres',
          application_name: 'a long report',
          state: 'idle in transaction',
          since: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
        },
      ]),
    });
    for (let round = 0; round < 20; round++) {
      await Promise.all([others.unsafe(READ), others.unsafe(WRITE), others.unsafe(READ)]);
    }
    expect(isOver).toBe(false);
    await held.end();
    expect(await migrated).toMatchObject({ applied: committed.slice(1), applied_meanwhile: [] });
  });
});

test('it gives up after so many seconds: who is in the way, what to do, and nothing is left', async () => {
  const database = await formerDatabase();
  const held = await openTransaction(database, READ);
  const before = await migrationStatus(database.sql);
  const refusal = await migrate(database.url, { waitSeconds: 1 }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(MigrationError);
  expect(refusal).toMatchObject({
    code: '55P03',
    message: expect.stringMatching(
      new RegExp(
        `^${committed[1]}: canceling statement due to lock timeout: waited 1 s for a lock.*, which process ${held.pid} ` +
          '\\(role postgres, application_name a long report, idle in transaction, in a transaction since .+Z\\) holds$',
      ),
    ),
    hint: `Nothing of this migration is left. Repeat the call when that transaction has ended, or end it: select pg_terminate_backend(${held.pid});`,
  });
  expect(await migrationStatus(database.sql)).toEqual(before);

  const { exitCode, stdout, stderr } = await command.dpgDatabase(database.url, 'migrate', '--wait', '1');
  expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: '' });
  const [waiting, message, hint] = stderr.split('\n');
  expect(waiting).toMatch(
    `Waiting for a lock on dpg.items, which process ${held.pid} (role postgres, application_name a long report, `,
  );
  expect(message).toContain(`dpg-database: ${committed[1]}: canceling statement due to lock timeout`);
  expect(hint).toContain(`select pg_terminate_backend(${held.pid});`);
  await held.end();
  expect((await migrate(database.url)).applied).toEqual(committed.slice(1));
});

test('what was run before the migration that waits is told, though it took several attempts', async () => {
  const { drop, ...database } = await temporaryDatabase({ from: 'empty' });
  onTestFinished(drop);
  const { folder, names, remove } = await writtenMigrations(
    'create table public.first ();',
    'alter table public.held add column note text;',
    'create table public.last ();',
  );
  onTestFinished(remove);
  await database.sql`create table public.held ()`;
  const held = await openTransaction(database, 'lock table public.held');
  const migrated = migrate(database.url, { migrationsFolder: folder, onWaiting: () => void held.end() });
  expect((await migrated).applied).toEqual(names);
});

test('--wait is a number of seconds', async () => {
  const { url } = await temporaryDatabase({ from: 'empty' }).then(({ drop, ...database }) => {
    onTestFinished(drop);
    return database;
  });
  for (const wait of ['soon', '-1', ''])
    expect(await command.dpgDatabase(url, 'migrate', `--wait=${wait}`)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(`^dpg-database: --wait is a number of seconds, not '${wait}'\n`),
    });
});
