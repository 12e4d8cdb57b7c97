// `dpg-database migrate` and `dpg-database status`, and that graphile-migrate's own command agrees with both.

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { MigrationError, migrate, migrationStatus } from '../../sdk/migrate/index.js';
import { catalogue, differences } from '../support/catalogue.js';
import { graphileMigrate } from '../support/graphile-migrate.js';
import { committedMigrations, migrationsFolder } from '../support/migrations.js';
import { identifier } from '../support/server.js';
import { type TestDatabase, temporaryDatabase } from '../support/test-database.js';
import { DEPENDENCIES, type Installed, installedCommand } from './command.js';

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
let command: Installed;
let committed: string[];

beforeAll(async () => {
  command = await installedCommand();
  committed = await committedMigrations();
});
afterAll(() => command.remove());

async function forThisTest(from: 'empty' | 'migrated'): Promise<TestDatabase> {
  const { drop, ...database } = await temporaryDatabase({ from });
  onTestFinished(drop);
  return database;
}

const pending = () =>
  committed.map((name) => ({
    name,
    state: 'pending',
    applied_at: null,
    recorded_hash: null,
    shipped_hash: expect.any(String),
  }));
const applied = () =>
  committed.map((name) => ({
    name,
    state: 'applied',
    applied_at: expect.stringMatching(ISO),
    recorded_hash: expect.stringMatching(/^sha1:/),
    shipped_hash: expect.stringMatching(/^sha1:/),
  }));

describe('migrate', () => {
  test('builds an empty database, prints what it ran, and again changes nothing; graphile-migrate finds it up to date', async () => {
    const database = await forThisTest('empty');
    expect(await command.document(database.url, 'status')).toMatchObject({
      exitCode: 1,
      document: { is_up_to_date: false, migrations: pending(), partitions: null, subscriptions: null },
    });

    expect(await command.dpgDatabase(database.url, 'migrate')).toEqual({
      exitCode: 0,
      stdout: `${committed.join('\n')}\nDone: ${committed.length} migration${committed.length === 1 ? '' : 's'}.\n`,
      stderr: '',
    });
    const built = await catalogue(database.sql);
    expect([...built.keys()]).toEqual(expect.arrayContaining(['table dpg.items', 'view dpg.partitions']));

    expect(await command.dpgDatabase(database.url, 'migrate')).toEqual({
      exitCode: 0,
      stdout: 'The database is up to date: nothing was run.\n',
      stderr: '',
    });
    expect(await command.document(database.url, 'migrate')).toEqual({
      exitCode: 0,
      document: {
        command: 'migrate',
        applied: [],
        applied_meanwhile: [],
        migrations: applied(),
        missing_objects: [],
      },
    });
    expect(await graphileMigrate(database.url, 'migrate')).toContain('Already up to date');
    expect(differences(built, await catalogue(database.sql), ['built', 'again'])).toEqual([]);
  });

  test('finds one up to date that graphile-migrate has migrated', async () => {
    const database = await forThisTest('empty');
    await graphileMigrate(database.url, 'migrate');
    const built = await catalogue(database.sql);
    expect((await command.document(database.url, 'status')).document).toMatchObject({
      is_up_to_date: true,
      migrations: applied(),
    });
    expect((await command.document(database.url, 'migrate')).document).toMatchObject({ applied: [] });
    expect(differences(built, await catalogue(database.sql), ['built', 'again'])).toEqual([]);
  });

  test('four at once on an empty database: each tells what it ran itself, and all is run once', async () => {
    const database = await forThisTest('empty');
    const ended = await Promise.all(
      [1, 2, 3, 4].map(() => command.dpgDatabase(database.url, 'migrate', '--json')),
    );
    expect(ended.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    const told = ended.map(({ stdout }) => JSON.parse(stdout));
    expect(told.flatMap(({ applied }) => applied).sort()).toEqual(committed);
    // what was run before it looked is no part of it
    for (const { applied, applied_meanwhile } of told) {
      const seen = [...applied, ...applied_meanwhile].sort();
      expect(seen).toEqual(committed.slice(committed.length - seen.length));
    }
    expect(await database.sql`select filename from graphile_migrate.migrations`).toHaveLength(
      committed.length,
    );
  });

  test('as a role that lacks a right: the statement that an administrator must run, nothing is left, and then it goes', async () => {
    const database = await forThisTest('empty');
    const url = await database.createLogin('dpg_app'); // any role that is there
    const role = new URL(url).username;
    const lacking = await command.dpgDatabase(url, 'migrate');
    expect(lacking).toMatchObject({ exitCode: 4, stdout: '' });
    const [, statement = ''] =
      /\nThe owner of the database must run: (grant create on database .+;)\n$/.exec(lacking.stderr) ?? [];
    expect(statement).toBe(`grant create on database ${database.name} to ${role};`);
    await database.sql.unsafe(statement);
    expect(await command.dpgDatabase(url, 'migrate')).toEqual({
      exitCode: 4,
      stdout: '',
      stderr:
        `dpg-database: 000001-the-data-layer.sql: table public."user" is missing and ${role} may not create it\n` +
        `The owner of the schema must run: grant create on schema public to ${role};\n`,
    });
    expect(await database.sql`select from pg_namespace where nspname = 'dpg'`).toHaveLength(0);

    await database.sql.unsafe(`grant create on schema public to ${identifier(role)}`);
    expect(await command.dpgDatabase(url, 'migrate')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await command.document(url, 'status')).toMatchObject({ exitCode: 0 });
  });

  test('where other content was run under the name: refused, and nothing changes', async () => {
    const database = await forThisTest('migrated');
    // the last one: others refer to those before it
    const last = (await committedMigrations()).at(-1) ?? '';
    await database.sql`update graphile_migrate.migrations set hash = 'sha1:other'
      where filename = ${last.replace(/-.*/, '.sql')}`;
    const before = await catalogue(database.sql);
    const { exitCode, stderr } = await command.dpgDatabase(database.url, 'migrate');
    expect(exitCode).toBe(4);
    expect(
      stderr.startsWith(
        `dpg-database: ${last} was run on this database with other content (sha1:other) than `,
      ),
    ).toBe(true);
    expect(stderr.trim().split('\n')).toHaveLength(2);
    expect(differences(before, await catalogue(database.sql), ['before', 'after'])).toEqual([]);
    expect(await command.document(database.url, 'status')).toMatchObject({
      exitCode: 1,
      document: {
        migrations: expect.arrayContaining([
          expect.objectContaining({ name: last, state: 'altered', recorded_hash: 'sha1:other' }),
        ]),
      },
    });
  });

  test('where the database is newer than the package: nothing is run, and it says so', async () => {
    const database = await forThisTest('migrated');
    await database.sql`insert into graphile_migrate.migrations (hash, filename) values ('sha1:later', '000099.sql')`;
    expect(await command.dpgDatabase(database.url, 'migrate')).toEqual({
      exitCode: 0,
      stdout: 'The database is up to date: nothing was run.\n',
      stderr: 'The database is newer than this package, which does not have 000099.sql.\n',
    });
    const { exitCode, stdout } = await command.dpgDatabase(database.url, 'status');
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      '000099.sql: run here, and not in this package: the package is older than the database',
    );
  });

  test.each([
    ['the private schema', 'drop schema dpg_private cascade', 'schema dpg_private'],
    ['a root', 'drop table dpg.action_events cascade', 'table dpg.action_events'],
    ['a function', 'drop function dpg.get_item', 'function dpg.get_item'],
  ])(
    'where %s is gone: neither it nor status says that all is well; doctor is named',
    async (_, plant, name) => {
      const { url, sql } = await forThisTest('migrated');
      await sql.unsafe(plant);
      const status = await command.dpgDatabase(url, 'status');
      expect(status).toMatchObject({ exitCode: 1, stderr: '' });
      expect(status.stdout).toMatch(/\n\d+ objects? missing \(.+\): run dpg-database doctor\n/);
      const { document } = await command.document(url, 'status');
      expect(document).toMatchObject({
        is_up_to_date: true,
        missing_objects: expect.arrayContaining([name]),
      });
      const migration = await command.dpgDatabase(url, 'migrate');
      expect(migration).toMatchObject({
        exitCode: 1,
        stdout: 'The database has run every migration: nothing was run.\n',
      });
      expect(migration.stderr).toMatch(/ missing .+: run dpg-database doctor\n$/);
    },
  );

  test('what another command misses: doctor is named where the record has the migrations', async () => {
    const { url, sql } = await forThisTest('migrated');
    await sql`drop schema dpg_private cascade`;
    expect(await command.dpgDatabase(url, 'subscriptions')).toEqual({
      exitCode: 4,
      stdout: '',
      stderr:
        'dpg-database: relation "dpg.subscription_status" does not exist\n' +
        'Objects are missing. Run: npx dpg-database doctor\n',
    });
  });

  test('without graphile-migrate: what to install, but nothing to complain of where nothing is to be run', async () => {
    const without = await installedCommand(DEPENDENCIES);
    onTestFinished(without.remove);
    const empty = await forThisTest('empty');
    expect(await without.dpgDatabase(empty.url, 'migrate')).toEqual({
      exitCode: 4,
      stdout: '',
      stderr:
        'dpg-database: graphile-migrate, which runs the migrations, is not installed\n' +
        'Run: npm install graphile-migrate@2.0.0-rc.3\n',
    });
    expect(await empty.sql`select from pg_namespace where nspname = 'graphile_migrate'`).toHaveLength(0);
    const migrated = await forThisTest('migrated');
    expect(await without.dpgDatabase(migrated.url, 'migrate')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await without.dpgDatabase(migrated.url, 'status')).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('a migration that was changed after it was made is not run', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dpg-changed-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await cp(join(migrationsFolder, 'committed'), join(folder, 'committed'), { recursive: true });
    const file = join(folder, 'committed', committed[0] ?? '');
    await writeFile(file, (await readFile(file, 'utf8')).replace('create schema', 'create  schema'));
    const { url, sql } = await forThisTest('empty');
    await expect(migrate(url, { migrationsFolder: folder })).rejects.toMatchObject({
      name: 'MigrationError',
      message: `the migration ${committed[0]} was changed after it was made`,
      hint: expect.stringContaining('install dpg-database again'),
    });
    expect(await sql`select from pg_namespace where nspname in ('dpg', 'graphile_migrate')`).toHaveLength(0);
  });
});

describe('dpg-database/migrate, for programs', () => {
  test('migrates and says what it did; the refusal is an error with a hint and the SQLSTATE', async () => {
    const { url, sql } = await forThisTest('empty');
    expect(await migrationStatus(sql)).toEqual(pending());
    expect(await migrate(url)).toEqual({
      applied: committed,
      applied_meanwhile: [],
      migrations: applied(),
    });
    expect(await migrate(url)).toEqual({
      applied: [],
      applied_meanwhile: [],
      migrations: applied(),
    });
    expect(await migrationStatus(sql)).toEqual(applied());

    const theirs = await forThisTest('empty');
    await theirs.sql`create table public."user" (id bigint primary key)`;
    const refusal = await migrate(theirs.url).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(MigrationError);
    expect(refusal).toMatchObject({
      code: '42804',
      message: '000001-the-data-layer.sql: public."user".id must be text, it is bigint',
      hint: 'dpg-database takes the ids of users as text, as Better Auth makes them by default.',
    });
  });

  test('waits only so long for another that migrates the database', async () => {
    const { url, sql } = await forThisTest('empty');
    const other = await sql.reserve();
    await other`select pg_advisory_lock(4727445306447283)`; // graphile-migrate's
    await expect(migrate(url, { waitSeconds: 0 })).rejects.toMatchObject({
      name: 'MigrationError',
      message: expect.stringMatching(
        /^another process has been migrating this database for 0 s \(process \d+ \(role postgres, .+\)\)$/,
      ),
    });
    await other`select pg_advisory_unlock(4727445306447283)`;
    other.release();
    expect((await migrate(url, { waitSeconds: 0 })).applied).toEqual(committed);
  });

  test('a role that may not read the record is told whom to connect as', async () => {
    const database = await forThisTest('migrated');
    const reader = database.connect({ url: await database.createLogin('dpg_app') });
    await expect(migrationStatus(reader)).rejects.toMatchObject({
      name: 'MigrationError',
      code: '42501',
      hint: expect.stringMatching(/^Connect as \w+, the role that migrates/),
    });
  });
});
