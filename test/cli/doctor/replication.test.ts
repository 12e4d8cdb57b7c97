// Slots and subscriptions of ours, on a server that has some: those that stand still are found, others are not ours.

import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { examine } from '../../../sdk/cli/doctor.js';
import { startEmbedded } from '../../support/embedded.js';
import { migrateToCurrent } from '../../support/migrations.js';
import { hasOwnServers } from '../../support/replica.js';
import { connectTo } from '../../support/server.js';

describe.runIf(hasOwnServers)('replication', () => {
  let sql: postgres.Sql;
  let url: string;
  beforeAll(async () => {
    const version = String(Number.parseInt(inject('serverVersion'), 10));
    const settings = { fsync: 'off', wal_level: 'logical', wal_retrieve_retry_interval: '100ms' };
    const server = await startEmbedded(version, { inMemory: true, settings });
    const databases = connectTo(server.adminUrl);
    url = await databases.createDatabase('replicated');
    await migrateToCurrent(url);
    sql = postgres(url, { max: 1, onnotice: () => undefined });
    afterAll(async () => {
      await sql.end();
      await server.stop();
    });
  });

  const found = async () =>
    (await examine(sql)).found
      .filter(({ check }) => check === 'replication')
      .map(({ severity, object, problem, mend }) => ({ severity, object, problem, mend }));
  const run = (...statements: string[]) => Promise.all(statements.map((statement) => sql.unsafe(statement)));
  /** What a server does by itself takes a moment. */
  async function until(question: string): Promise<void> {
    for (let waited = 0; ; waited += 25) {
      const [row] = await sql.unsafe(question).values();
      if (row?.[0] === true) return;
      expect(waited, question).toBeLessThan(20_000);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  test('a slot that nobody reads; those of others are theirs', async () => {
    await run(
      `select pg_create_logical_replication_slot('other', 'pgoutput')`,
      `select pg_create_physical_replication_slot('dpg_standby', true)`,
    );
    expect(await found()).toEqual([]);
    await run(`select pg_create_logical_replication_slot('dpg_move_1', 'pgoutput')`);
    expect(await found()).toEqual([
      {
        severity: 'warning',
        object: 'replication slot dpg_move_1',
        problem: expect.stringMatching(/^Nobody reads it, and it keeps \d+ (bytes|kB) of write-ahead log/),
        mend: [],
      },
      {
        severity: 'notice',
        object: 'setting max_slot_wal_keep_size',
        problem: expect.stringMatching(/\(dpg_move_1\)/),
        mend: [`alter system set max_slot_wal_keep_size = '16GB';`, 'select pg_reload_conf();'],
      },
    ]);
    for (const statement of (await found()).flatMap(({ mend }) => mend)) await sql.unsafe(statement);
    await until(`select current_setting('max_slot_wal_keep_size') = '16GB'`);
    expect((await found()).map(({ severity }) => severity)).toEqual(['warning']);
    await run(`select pg_drop_replication_slot('dpg_move_1')`);
    expect(await found()).toEqual([]);
  });

  test('a slot that has lost what its reader needs', async () => {
    await run(
      `select pg_create_logical_replication_slot('dpg_move_2', 'pgoutput')`,
      `alter system set max_slot_wal_keep_size = '1MB'`,
      'select pg_reload_conf()',
    );
    await until(`select current_setting('max_slot_wal_keep_size') = '1MB'`);
    for (let segment = 0; segment < 3; segment += 1) {
      await sql`create table if not exists public.written (n integer)`;
      await sql`insert into public.written values (1)`;
      await sql`select pg_switch_wal()`;
    }
    await sql`checkpoint`;
    await until(`select wal_status = 'lost' from pg_replication_slots where slot_name = 'dpg_move_2'`);
    expect((await found()).map(({ severity, object }) => `${severity}: ${object}`)).toEqual([
      'error: replication slot dpg_move_2',
    ]);
    await run(`select pg_drop_replication_slot('dpg_move_2')`, 'alter system reset max_slot_wal_keep_size');
    await run('select pg_reload_conf()');
  });

  test('a subscription that is disabled, that fails, and that is well', async () => {
    await run(
      'create table public.followed (n integer primary key)',
      'create publication followed for table public.followed',
    );
    await sql`select pg_create_logical_replication_slot('dpg_users_1', 'pgoutput')`;
    // to itself: what is inserted arrives where it is already, and fails
    await sql.unsafe(
      `create subscription dpg_users connection '${url}' publication followed
      with (create_slot = false, enabled = false, copy_data = false, slot_name = 'dpg_users_1')`,
    );
    const ofSubscription = async () =>
      (await found()).filter(({ object }) => object === 'subscription dpg_users');
    expect(await ofSubscription()).toEqual([
      {
        severity: 'warning',
        object: 'subscription dpg_users',
        problem: expect.stringMatching(/^It is disabled/),
        mend: ['alter subscription dpg_users enable;'],
      },
    ]);
    await sql.unsafe('alter subscription dpg_users enable');
    await until('select exists (select from pg_stat_subscription where pid is not null)');
    await until(`select active from pg_replication_slots where slot_name = 'dpg_users_1'`);
    expect(await ofSubscription()).toEqual([]);

    await sql`insert into public.followed values (1)`;
    await until('select apply_error_count > 0 from pg_stat_subscription_stats');
    expect(await ofSubscription()).toEqual([
      {
        severity: 'warning',
        object: 'subscription dpg_users',
        problem: expect.stringMatching(/^Replication has failed \d+ times/),
        mend: [expect.stringMatching(/^select pg_stat_reset_subscription_stats\(\d+\);$/)],
      },
    ]);
    // as somebody does who has read the log
    await sql.unsafe('alter subscription dpg_users disable');
    await sql.unsafe('alter subscription dpg_users set (slot_name = none)');
    await sql.unsafe('drop subscription dpg_users');
    expect(await ofSubscription()).toEqual([]);
  });
});
