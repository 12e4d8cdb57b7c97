// graphile-migrate has one record in a database and goes by the number of a migration alone. Another project beside ours: what
// happens in either order, with its own command, and what we say of it.

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { examine } from '../../sdk/cli/doctor.js';
import { MigrationError, migrate, migrationStatus } from '../../sdk/migrate/index.js';
import { errorOf } from '../sdk/story.js';
import { committedMigrations, migrate as graphileMigrate } from '../support/migrations.js';
import { type TestDatabase, temporaryDatabase } from '../support/test-database.js';

let ours: string[];

/** A project of graphile-migrate with that many migrations, each of which makes a table, as its commit writes them. */
async function otherProject(migrations: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dpg-other-project-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'committed'));
  let previous = '';
  for (let number = 1; number <= migrations; number++) {
    const body = `create table theirs_${number} ();`;
    const hash = createHash('sha1')
      .update(`${`${previous}\n${body}`.trim()}\n`)
      .digest('hex');
    const headers = `--! Previous: ${previous || '-'}\n--! Hash: sha1:${hash}\n--! Message: theirs\n`;
    await writeFile(
      join(folder, 'committed', `${String(number).padStart(6, '0')}-theirs.sql`),
      `${headers}\n${body}\n`,
    );
    previous = `sha1:${hash}`;
  }
  return folder;
}

async function emptyDatabase(): Promise<TestDatabase> {
  const { drop, ...database } = await temporaryDatabase({ from: 'empty' });
  onTestFinished(drop);
  return database;
}

const tables = async ({ sql }: TestDatabase) =>
  (await sql`select relname from pg_class where relname like 'theirs%' and relkind = 'r' order by 1`).map(
    ({ relname }) => relname,
  );

beforeAll(async () => {
  ours = await committedMigrations();
});

test('theirs first: ours is refused, and told of by status and doctor; nothing is skipped without a word', async () => {
  const database = await emptyDatabase();
  await graphileMigrate(database.url, await otherProject(2));
  expect(await tables(database)).toEqual(['theirs_1', 'theirs_2']);

  const refusal = await errorOf(migrate(database.url));
  expect(refusal).toBeInstanceOf(MigrationError);
  expect(refusal).toMatchObject({
    message: expect.stringMatching(
      /^another project of graphile-migrate keeps its record in this database: 000001\.sql is not of dpg-database \(sha1:[0-9a-f]{40}\)$/,
    ),
    hint: expect.stringMatching(/a database of its own, or take the text of its migrations\/committed into/),
  });
  expect((await migrationStatus(database.sql)).map(({ state }) => state)).toEqual(
    ours.map((_, index) => (index < 2 ? 'foreign' : 'pending')),
  );
  expect((await examine(database.sql)).found).toEqual([
    {
      check: 'migrations',
      severity: 'error',
      object: ours.slice(0, 2).join(', '),
      problem: expect.stringMatching(/^Another project of graphile-migrate has recorded these numbers/),
      mend: [],
      mend_with: 'sql',
    },
  ]);
  expect(await database.sql`select from pg_namespace where nspname = 'dpg'`).toHaveLength(0);
});

test('theirs first, with more migrations than ours', async () => {
  const database = await emptyDatabase();
  await graphileMigrate(database.url, await otherProject(ours.length + 1));
  expect(await errorOf(migrate(database.url))).toMatchObject({
    message: expect.stringMatching(/^another project/),
  });
  expect((await migrationStatus(database.sql)).map(({ state }) => state)).toEqual(
    Array.from({ length: ours.length + 1 }, () => 'foreign'),
  );
  expect((await examine(database.sql)).found).toHaveLength(1);
});

test('ours first: graphile-migrate takes theirs of our numbers for run, which docs/deploying.md warns of; ours stays as it is', async () => {
  const database = await emptyDatabase();
  await migrate(database.url);
  await graphileMigrate(database.url, await otherProject(2));
  expect(await tables(database)).toEqual([]);
  // only a later one fails, since it refers to one that is not in the record
  expect(await errorOf(graphileMigrate(database.url, await otherProject(ours.length + 1)))).toMatchObject({
    code: '23503',
  });
  expect(await tables(database)).toEqual([]);
  expect((await migrate(database.url)).migrations.map(({ state }) => state)).toEqual(
    ours.map(() => 'applied'),
  );
  const page = await readFile(new URL('../../docs/deploying.md', import.meta.url), 'utf8');
  expect(page).toContain('graphile-migrate has one record in a database');
});

test('ours taken into theirs: the schema is there, and so it is told that the record is not ours', async () => {
  const database = await emptyDatabase();
  await graphileMigrate(database.url, await otherProject(2));
  await database.sql.unsafe('create schema dpg');
  const [first] = await migrationStatus(database.sql);
  expect(first?.state).toBe('altered');
});
