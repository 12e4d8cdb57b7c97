// What the doctor finds that concerns the whole server: roles, and settings. So it has a server of its own.

import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrateToCurrent } from '../../support/migrations.js';
import { type Server, startServer, withAdmin } from '../../support/server.js';
import { type Installed, installedCommand } from '../command.js';
import { type Finding, mend } from './faults.js';

const ours = !process.env.TEST_DATABASE_URL && !process.env.DPG_TEST_SERVER;
if (!ours)
  console.log('SKIPPED: the doctor on roles and settings of a server (TEST_DATABASE_URL or a container)');

let server: Server;
let url: string;
let command: Installed;

const LEAVES = 100;

describe.skipIf(!ours)('of the server', () => {
  beforeAll(async () => {
    command = await installedCommand();
    server = await startServer();
    url = await server.createDatabase('doctor');
    await migrateToCurrent(url);
    await withAdmin(url, async (sql) => {
      for (let i = 0; i < LEAVES; i += 1)
        await sql`select dpg.ensure_item_partition('wide', ${`domain ${i}`})`;
    });
  }, 120_000);
  afterAll(async () => {
    await server?.stop();
    await command?.remove();
  });

  test('many leaves: what may hurt is noticed, and no reason to stop', async () => {
    const { exitCode, findings } = await examined();
    expect(exitCode).toBe(0);
    expect(findings).toEqual([
      {
        check: 'settings',
        severity: 'notice',
        object: 'setting plan_cache_mode of database doctor',
        problem: expect.stringMatching(/^It is auto: .* for all 100 leaves/),
        mend: ['alter database doctor set plan_cache_mode = force_custom_plan;'],
        mend_with: 'sql',
      },
      {
        check: 'settings',
        severity: 'notice',
        object: 'setting jit of database doctor',
        problem: expect.stringMatching(/^It is on: a plan over 100 leaves/),
        mend: ['alter database doctor set jit = off;'],
        mend_with: 'sql',
      },
    ]);
    await mended(findings);
    expect(await examined()).toEqual({ exitCode: 0, findings: [] });
  });

  test('a login of the application has a setting of its own', async () => {
    await administrator(`create role shop login in role dpg_app; alter role shop set plan_cache_mode = force_generic_plan;
      alter role shop in database doctor set jit = on`);
    const { exitCode, findings } = await examined();
    expect(exitCode).toBe(1);
    expect(findings).toMatchObject([
      { severity: 'error', object: 'setting plan_cache_mode of role shop in database doctor' },
      { severity: 'notice', object: 'setting jit of role shop in database doctor' },
    ]);
    await mended(findings);
    expect(await examined()).toEqual({ exitCode: 0, findings: [] });
    await administrator('drop role shop');
  });

  test('a role is missing', async () => {
    await administrator('drop owned by dpg_readonly; drop role dpg_readonly');
    const { exitCode, findings } = await examined();
    expect(exitCode).toBe(1);
    expect(findings).toMatchObject([
      {
        check: 'roles',
        severity: 'error',
        object: 'role dpg_readonly',
        problem: expect.stringMatching(/missing/),
      },
      {
        check: 'objects',
        object: 'policy item_actions_all on dpg.item_actions',
        problem: 'It is no longer for dpg_readonly.',
      },
      { check: 'objects', object: 'policy action_events_all on dpg.action_events' },
      { check: 'objects', object: 'policy differing_events_all on dpg.differing_events' },
      { check: 'partition policies', object: expect.stringMatching(/^(table dpg\.a_p|\d+ partitions)/) },
    ]);
    await mended(findings);
    expect(await examined()).toEqual({ exitCode: 0, findings: [] });
    await withAdmin(url, async (sql) => {
      await sql`set role dpg_readonly`;
      expect(await sql`select * from dpg.find_items('wide', 'domain 1')`).toHaveLength(0);
    });
  });

  test('a role may more than it should', async () => {
    await administrator('alter role dpg_app superuser; alter role dpg_readonly bypassrls');
    const { findings } = await examined();
    expect(findings).toMatchObject([
      {
        check: 'roles',
        severity: 'error',
        object: 'role dpg_app',
        problem: expect.stringMatching(/superuser/),
      },
      {
        check: 'roles',
        severity: 'error',
        object: 'role dpg_readonly',
        problem: expect.stringMatching(/policies of rows/),
      },
    ]);
    await mended(findings);
    expect(await examined()).toEqual({ exitCode: 0, findings: [] });
  });

  test('autovacuum is off', async () => {
    await administrator('alter system set autovacuum = off');
    await administrator('select pg_reload_conf()');
    const { findings } = await examined();
    expect(findings).toMatchObject([{ check: 'vacuum', severity: 'warning', object: 'setting autovacuum' }]);
    await mended(findings);
    expect(await examined()).toEqual({ exitCode: 0, findings: [] });
  });

  test('there are too few locks for a statement over all leaves', async () => {
    await administrator('alter system set max_locks_per_transaction = 10');
    await server.embedded?.restart({ max_connections: '20' });
    const { exitCode, findings } = await examined();
    expect(exitCode).toBe(1);
    // the root and the network, 100 leaves, each with six indexes
    expect(findings).toEqual([
      {
        check: 'settings',
        severity: 'warning',
        object: 'setting max_locks_per_transaction',
        problem: expect.stringMatching(
          /^There are 200 locks for all sessions, and .* takes 714, pg_dump \d+: /,
        ),
        mend: ['alter system set max_locks_per_transaction = 72; -- and restart the server'],
        mend_with: 'sql',
      },
    ]);
    await mended(findings);
    await server.embedded?.restart({ max_connections: '20' });
    expect(await examined()).toEqual({ exitCode: 0, findings: [] });
  });
});

async function examined(): Promise<{ exitCode: number; findings: Finding[] }> {
  const { exitCode, document } = await command.document(url, 'doctor');
  return { exitCode, findings: document.findings as Finding[] };
}

async function mended(findings: Finding[]): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await mend(sql, findings).finally(() => sql.end());
}

const administrator = (statements: string) => withAdmin(url, (sql) => sql.unsafe(statements).simple());
