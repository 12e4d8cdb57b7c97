// ensureItemPartition and its siblings, with whatever database drizzle gives an application.

import { sql as statement } from 'drizzle-orm';
import { type NodePgDatabase, drizzle as overPg } from 'drizzle-orm/node-postgres';
import { withReplicas } from 'drizzle-orm/pg-core';
import { drizzle as overPostgresJs, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import pg from 'pg';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import {
  type DrizzleDatabase,
  ensureActionEventPartition,
  ensureActionPartition,
  ensureItemPartition,
  items,
} from '../../sdk/drizzle/index.js';
import { InvalidArgumentError, PartitionUnavailableError } from '../../sdk/index.js';
import { errorOf } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
/** A member of dpg_app, as applications are. */
let url: string;
let pool: pg.Pool;
let sql: postgres.Sql;

beforeAll(async () => {
  url = await database.createLogin('dpg_app');
  pool = new pg.Pool({ connectionString: url });
  sql = postgres(url, { prepare: false, onnotice: () => {} });
});
afterAll(() => Promise.all([pool.end(), sql.end()]));

const leaves = async (network: string) =>
  (await database.sql`select leaf::text from dpg.partitions where network = ${network} order by 1`).map(
    ({ leaf }) => leaf,
  );

describe.each<[string, () => NodePgDatabase | PostgresJsDatabase]>([
  ['node-postgres', () => overPg(pool)],
  ['postgres-js', () => overPostgresJs(sql)],
])('on %s', (driver, database) => {
  test('each makes its leaf, and returns the name with its schema', async () => {
    const network = `made by ${driver}`;
    const table = driver.replace(/-/, '');
    const db = database();
    expect(await ensureItemPartition(db, network, 'student')).toBe(`dpg.i_p_madeby${table}_student`);
    expect(await ensureActionPartition(db, network, 'connect')).toBe(`dpg.a_p_madeby${table}_connect`);
    expect(await ensureActionEventPartition(db, network, 'connect')).toBe(`dpg.e_p_madeby${table}_connect`);
    const made = [
      `dpg.a_p_madeby${table}_connect`,
      `dpg.e_p_madeby${table}_connect`,
      `dpg.i_p_madeby${table}_student`,
    ];
    expect(await leaves(network)).toEqual(made);

    expect(await ensureItemPartition(db, network, 'student')).toBe(`dpg.i_p_madeby${table}_student`);
    expect(await leaves(network)).toEqual(made);
  });

  test('ten at once make one', async () => {
    const network = `at once ${driver}`;
    const db = database();
    const made = await Promise.all(
      Array.from({ length: 10 }, () => ensureItemPartition(db, network, 'student')),
    );
    expect(new Set(made).size).toBe(1);
    expect(await leaves(network)).toEqual([...new Set(made)]);
  });

  test('within a transaction it is gone when that is rolled back, and stays when it is committed', async () => {
    const network = `transaction ${driver}`;
    const db = database();
    const rolledBack = await errorOf(
      db.transaction(async (tx) => {
        await ensureItemPartition(tx, network, 'student');
        throw new Error('changed my mind');
      }),
    );
    expect(rolledBack).toMatchObject({ message: 'changed my mind' });
    expect(await leaves(network)).toEqual([]);

    const name = await db.transaction((tx) =>
      tx.transaction((savepoint) => ensureActionPartition(savepoint, network, 'connect')),
    );
    expect(await leaves(network)).toEqual([name]);
  });

  test('a refusal is of the class of the SDK, and nothing is made', async () => {
    const network = `refused by ${driver}`;
    const error = await errorOf(ensureItemPartition(database(), network, '   '));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error).toMatchObject({
      code: 'DP001',
      hint: expect.stringContaining('1 to 120 characters'),
      detail: { argument: 'domain', value: '   ' },
    });
    expect(await leaves(network)).toEqual([]);
  });

  test('what is no refusal of ours is thrown as drizzle throws it', async () => {
    const error = await errorOf(
      database().transaction(async (tx) => {
        await errorOf(tx.execute('select 1 / 0'));
        await ensureItemPartition(tx, 'yellow_dot', 'student'); // in a transaction that has failed
      }),
    );
    expect(error).toMatchObject({
      message: expect.stringMatching(/^Failed query/),
      cause: { code: '25P02' },
    });
    expect(await leaves('yellow_dot')).toEqual([]);
  });

  test('a name is given whole where search_path has the schema', async () => {
    const db = database();
    const name = await db.transaction(async (tx) => {
      await tx.execute('set local search_path = dpg, public');
      return await ensureItemPartition(tx, `path ${driver}`, 'student');
    });
    expect(name).toBe(`dpg.i_p_path${driver.replace(/-/, '')}_student`);
  });
});

test('where reads go to a replica, partitions are made on the primary', async () => {
  const replica = database.connect({ connection: { default_transaction_read_only: true } });
  const db = withReplicas(overPostgresJs(sql), [overPostgresJs(replica)]);
  const write = statement`dpg.ensure_item_partition('replicated', 'tutor')`;
  const error = await errorOf(db.select({ made: statement`made` }).from(statement`${write} as made`));
  expect(error).toMatchObject({ cause: { code: '25006' } }); // reads do go there
  expect(await ensureItemPartition(db, 'replicated', 'student')).toBe('dpg.i_p_replicated_student');
  expect(await leaves('replicated')).toEqual(['dpg.i_p_replicated_student']);
});

test('a limit is a refusal too: PartitionUnavailableError', async () => {
  const db = overPg(pool);
  await database.sql`update dpg.limits set limit_value = (select count(distinct network) from dpg.partitions where root = 'items') where limit_name = 'networks'`;
  const error = await errorOf(ensureItemPartition(db, 'one too many', 'student'));
  expect(error).toBeInstanceOf(PartitionUnavailableError);
  expect(error).toMatchObject({ code: 'DP010' });
  expect(await leaves('one too many')).toEqual([]);
});

test('columns have the database’s names, whatever casing the application’s database has', async () => {
  const db = overPg(pool, { casing: 'camelCase' });
  expect(db.select().from(items).toSQL().sql).toMatch(
    /^select "item_network", "item_domain", "item_type", "item_id", .* from "dpg"."items"$/,
  );
  expect(await db.select().from(items)).toEqual([]);
});

test('any schema of the application’s is accepted', () => {
  expectTypeOf<NodePgDatabase<{ items: typeof items }>>().toExtend<DrizzleDatabase>();
  expectTypeOf<PostgresJsDatabase<{ items: typeof items }>>().toExtend<DrizzleDatabase>();
});
