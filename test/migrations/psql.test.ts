// dpg-database.sql, the file for those who have psql and no Node.js: it makes the same database as the command line, keeps the
// same record, and each goes on after the other.

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { examine } from '../../sdk/cli/doctor.js';
import { migrate } from '../../sdk/migrate/index.js';
import { psqlFile } from '../../sdk/migrate/psql.js';
import { shippedMigrations } from '../../sdk/migrate/shipped.js';
import { catalogue, differences } from '../support/catalogue.js';
import { folderOfRelease, migrationsFolder } from '../support/migrations.js';
import { type TestDatabase, temporaryDatabase } from '../support/test-database.js';

const hasPsql = spawnSync('psql', ['--version']).status === 0;
if (!hasPsql) console.log('SKIPPED: dpg-database.sql is run (no psql on this machine)');

const shipped = await shippedMigrations(migrationsFolder);
const names = shipped.map(({ name }) => name);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpg-psql-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function emptyDatabase(): Promise<TestDatabase> {
  const { drop, ...database } = await temporaryDatabase({ from: 'empty' });
  onTestFinished(drop);
  return database;
}

async function psql(url: string, migrations = shipped, options = ['-1', '-v', 'ON_ERROR_STOP=1']) {
  const file = join(folder, 'dpg-database.sql');
  await writeFile(file, psqlFile(migrations, '0.0.0'));
  const { status, stdout, stderr } = spawnSync('psql', ['-X', ...options, '-d', url, '-f', file], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const done = (ran: string[]) => ({
  status: 0,
  stdout: [...ran, 'The database is up to date.', ''].join('\n'),
  stderr: '',
});

const record = ({ sql }: TestDatabase) =>
  sql`select filename, hash, previous_hash from graphile_migrate.migrations order by filename`;

test('no migration has what psql or graphile-migrate would replace', () => {
  for (const { name, text } of shipped)
    expect(text, name).not.toMatch(/^\\|:DATABASE_(NAME|OWNER)|dpg_psql/m);
});

describe.skipIf(!hasPsql)('with psql', () => {
  test('the file, the command line, and each after the other make the same database and the same record', async () => {
    const [byCommand, byFile, fileLast, commandLast] = await Promise.all([
      emptyDatabase(),
      emptyDatabase(),
      emptyDatabase(),
      emptyDatabase(),
    ]);
    await migrate(byCommand.url);
    expect(await psql(byFile.url)).toEqual(done(names));

    const before = await folderOfRelease(6);
    onTestFinished(before.remove);
    await migrate(fileLast.url, { migrationsFolder: before.folder });
    expect(await psql(fileLast.url)).toEqual(done(names.slice(6)));

    expect(await psql(commandLast.url, shipped.slice(0, 6))).toEqual(done(names.slice(0, 6)));
    expect(await migrate(commandLast.url)).toMatchObject({ applied: names.slice(6) });

    const expected = await catalogue(byCommand.sql);
    for (const database of [byFile, fileLast, commandLast]) {
      expect(differences(expected, await catalogue(database.sql), ['command', 'file'])).toEqual([]);
      expect(await record(database)).toEqual(await record(byCommand));
      expect((await examine(database.sql)).found).toEqual([]);
      expect((await migrate(database.url)).applied).toEqual([]);
    }
    expect(await psql(byCommand.url)).toEqual(done([]));
  });

  test('an owner of the database who is no superuser can run it', async () => {
    const database = await emptyDatabase();
    const login = await database.createLogin('dpg_readonly');
    const { username } = new URL(login);
    await database.sql.unsafe(`alter database ${database.name} owner to ${username}`);
    expect(await psql(login)).toEqual(done(names));
    await database.sql.unsafe(`reassign owned by ${username} to current_user`); // so that the login can be dropped
  });

  test('a role that may create no schemas is told what the owner must run', async () => {
    const database = await emptyDatabase();
    const login = await database.createLogin('dpg_readonly');
    const grant = `grant create on database ${database.name} to ${new URL(login).username};`;
    expect(await psql(login)).toMatchObject({
      status: 3,
      stderr: expect.stringContaining(`HINT:  The owner of the database must run: ${grant}`),
    });
    expect(await database.sql`select from pg_namespace where nspname ~ '^(dpg|graphile)'`).toHaveLength(0);
  });

  test('what it refuses: nothing is left, and the message says what to do', async () => {
    const database = await emptyDatabase();
    expect(await psql(database.url, shipped, [])).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/this file is run in one transaction[\s\S]+HINT: {2}Run: psql -X -1 /),
    });
    expect(await database.sql`select from pg_namespace where nspname ~ '^(dpg|graphile)'`).toHaveLength(0);

    const [first, ...others] = shipped;
    if (!first) throw new Error('no migrations');
    await psql(database.url, [first]);
    expect(await psql(database.url, [{ ...first, hash: 'sha1:other' }, ...others])).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(
        /was run on this database with other content[\s\S]+HINT: {2}Use the file of/,
      ),
    });
    expect(await record(database)).toHaveLength(1);

    const foreign = await emptyDatabase();
    await foreign.sql`create schema graphile_migrate`;
    await foreign.sql`create table graphile_migrate.migrations (hash text primary key, previous_hash text, filename text, date timestamptz)`;
    await foreign.sql`insert into graphile_migrate.migrations values ('sha1:x', null, '000001.sql', now())`;
    expect(await psql(foreign.url)).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/another project of graphile-migrate keeps its record/),
    });
    expect(await foreign.sql`select from pg_namespace where nspname = 'dpg'`).toHaveLength(0);
  });
});
