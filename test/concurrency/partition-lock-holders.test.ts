// What keeps a partition from being created is named: the table, and who has it. Tables of the application that a foreign key
// ties to ours are among them.

import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { createDpg, PartitionUnavailableError } from '../../sdk/index.js';
import { migrateToCurrent } from '../support/migrations.js';
import { startServer, withAdmin } from '../support/server.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const dpg = createDpg(database.sql);
const holder = database.connect({ max: 1, connection: { application_name: 'night shift' } });

beforeAll(async () => {
  const { sql } = database;
  // refused in time, but in less of it than 5 seconds
  await sql`update dpg.limits set limit_value = 1 where limit_name = 'partition_lock_seconds'`;
  await dpg.partitions.ensureItem({ item_network: 'home', item_domain: 'one' });
  await dpg.partitions.ensureActionEvent({ partition_network: 'home', action_type: 'one' });
  await dpg.partitions.ensureAction({ partition_network: 'home', action_type: 'one' });
  await sql
    .unsafe(
      `create schema shop;
       create table shop.favourites (item_network text, item_domain text, item_type text, item_id uuid,
         foreign key (item_network, item_domain, item_type, item_id) references dpg.items);
       create table shop.invoices (partition_network text, action_type text, action_id uuid,
         foreign key (partition_network, action_type, action_id) references dpg.item_actions);
       create table shop.places (place text primary key);
       alter table dpg.items add column place text references shop.places`,
    )
    .simple();
});

interface Blocker {
  relation: string;
  mode: string;
  pid?: number;
  application_name?: string;
  since?: string;
  prepared_transaction?: string;
}

interface Refusal {
  message: string;
  hint: string;
  detail: { reason: string; locks: string[]; blocked_by?: Blocker[] };
}

let made = 0;
const ensureItem = (item_network = 'home') =>
  dpg.partitions.ensureItem({ item_network, item_domain: `new ${made++}` });
const ensureAction = () =>
  dpg.partitions.ensureAction({ partition_network: 'home', action_type: `new ${made++}` });

/** What is refused while a transaction of the holder is open, and then made. */
async function refusalWhile(
  statement: string,
  make: () => Promise<string>,
): Promise<Refusal & { pid: number }> {
  const undone = new Error('undone');
  let refusal: unknown;
  let pid = 0;
  await holder
    .begin(async (sql) => {
      [{ pid } = { pid: 0 }] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
      await sql.unsafe(statement);
      refusal = await make().catch((error) => error);
      throw undone;
    })
    .catch((error) => {
      if (error !== undone) throw error;
    });
  expect(refusal).toBeInstanceOf(PartitionUnavailableError);
  expect(await make()).toMatch(/^dpg\.[ia]_p_/);
  return { ...(refusal as Refusal), message: (refusal as Error).message, pid };
}

test.each([
  [
    'writes a table with a key to items',
    `insert into shop.favourites values (null)`,
    'shop.favourites',
    ensureItem,
  ],
  [
    'writes it, while a new network is made',
    `insert into shop.favourites values (null)`,
    'shop.favourites',
    () => ensureItem(`other ${made}`),
  ],
  [
    'writes a table to which items have a key',
    `insert into shop.places values ('here')`,
    'shop.places',
    ensureItem,
  ],
  [
    'writes a table with a key to actions',
    `insert into shop.invoices values (null)`,
    'shop.invoices',
    ensureAction,
  ],
  [
    'writes users',
    `insert into public."user" (id, name, email) values ('u', 'U', 'u@example.com')`,
    'public."user"',
    ensureItem,
  ],
] as const)('a transaction that %s is named', async (_, statement, relation, make) => {
  const { message, hint, detail, pid } = await refusalWhile(statement, make);
  expect(message).toContain(
    `its locks could not be had within 1 s: ${relation} is locked by process ${pid} (night shift, since `,
  );
  expect(hint).toMatch(/^Repeat the call later\..* a foreign key ties to ours/);
  expect(detail).toMatchObject({
    reason: 'locks',
    locks: expect.arrayContaining([relation]),
    blocked_by: [
      {
        relation,
        mode: 'RowExclusiveLock',
        pid,
        application_name: 'night shift',
        since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      },
    ],
  });
});

test('a transaction that maintains the partitioned table is named', async () => {
  const { detail, pid } = await refusalWhile('analyze dpg.items', ensureItem);
  expect(detail.blocked_by?.[0]).toMatchObject({
    relation: 'dpg.i_p_home',
    mode: 'ShareUpdateExclusiveLock',
    pid,
  });
});

test('a key that an application has on a network’s own partition is extended as well', async () => {
  await database.sql`
    create table shop.notes (item_network text, item_domain text, item_type text, item_id uuid,
      foreign key (item_network, item_domain, item_type, item_id) references dpg.i_p_home)`;
  const { detail } = await refusalWhile(`insert into shop.notes values (null)`, ensureItem);
  expect(detail.blocked_by).toMatchObject([{ relation: 'shop.notes' }]);
});

const isOurs = !process.env.TEST_DATABASE_URL && !process.env.DPG_TEST_SERVER;
if (!isOurs) console.log('SKIPPED: prepared transactions, which need a server with a setting of its own');

test.skipIf(!isOurs)(
  'a prepared transaction, which has no process, is named',
  async () => {
    const server = await startServer({ settings: { max_prepared_transactions: '2' } });
    onTestFinished(() => server.stop());
    const url = await server.createDatabase('prepared');
    await migrateToCurrent(url);
    await withAdmin(url, async (sql) => {
      await sql`update dpg.limits set limit_value = 1 where limit_name = 'partition_lock_seconds'`;
      await sql`select dpg.ensure_item_partition('home', 'one')`;
      for (const name of ['left over', 'another']) {
        await sql
          .unsafe(
            `begin; insert into public."user" (id, name, email) values ('${name}', 'U', '${name}'); prepare transaction '${name}'`,
          )
          .simple();
      }
      const make = () => sql`select dpg.ensure_item_partition('home', 'two')`;
      const error = await make().catch((refusal) => refusal);
      expect(error.message).toMatch(
        /public\."user" is locked by the prepared transaction "left over" \(since \d{4}-.*\)$/,
      );
      expect(JSON.parse(error.detail).blocked_by).toMatchObject([
        { prepared_transaction: 'left over', since: expect.any(String) },
        { prepared_transaction: 'another' },
      ]);
      for (const name of ['left over', 'another']) await sql.unsafe(`rollback prepared '${name}'`);
      expect(await make()).toHaveLength(1);
    });
  },
  120_000,
);

test('whoever may not see since when others are at work is told who they are', async () => {
  const { sql, name, createLogin } = await testDatabase({ from: 'empty' });
  const url = await createLogin('dpg_app');
  await sql.unsafe(`alter database "${name}" owner to "${new URL(url).username}"`);
  await migrateToCurrent(url);
  await sql`update dpg.limits set limit_value = 1 where limit_name = 'partition_lock_seconds'`;
  await sql`select dpg.ensure_item_partition('home', 'one')`;
  await sql.begin(async (open) => {
    await open`insert into public."user" (id, name, email) values ('u', 'U', 'u@example.com')`;
    const [row] = await open`select pg_backend_pid() as pid`;
    const migrator = database.connect({ url, max: 1 });
    const error = await migrator`select dpg.ensure_item_partition('home', 'two')`.catch((refusal) => refusal);
    expect(error.message).toMatch(
      new RegExp(`public\\."user" is locked by process ${row?.pid} \\(postgres\\.js\\)$`),
    );
    expect(JSON.parse(error.detail).blocked_by).toEqual([
      {
        relation: 'public."user"',
        mode: 'RowExclusiveLock',
        pid: row?.pid,
        application_name: 'postgres.js',
      },
    ]);
  });
});
