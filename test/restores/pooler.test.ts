// Through PgBouncer in transaction mode, where a statement may run on any connection of the server: the tests of the SDK,
// with the one option that an application has to set there, prepare: false.

import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createDpg } from '../../sdk/index.js';
import { student } from '../sdk/story.js';
import { run } from '../support/installed.js';
import { projectFolder } from '../support/migrations.js';
import { poolerVersion, startPooler } from '../support/pooler.js';
import { soak } from '../support/soak.js';
import { testDatabase } from '../support/test-database.js';

const version = poolerVersion();
const within = process.env.DPG_TEST_POOLER !== undefined;
if (!version) console.log('SKIPPED: the SDK through PgBouncer (no pgbouncer on this machine)');

// What a pooler can change: every call once, what holds for one session alone, many clients, transactions, values without
// prepared statements. A soak runs all files: the others send other values by the same calls.
const OF_SESSIONS = [
  'actions',
  'arrays',
  'concurrency',
  'errors',
  'events',
  'feed',
  'instances.test',
  'items',
  'pages',
  'partitions',
  'postgres-js',
  'rows',
  'statements',
  'transactions',
];

test.skipIf(!version || within)('the tests of the SDK pass', { timeout: 300_000 }, async () => {
  const files = soak(OF_SESSIONS, ['']).map((name) => `test/sdk/${name}`);
  // Types reach no server.
  const apart = ['--exclude', '**/types.test.ts'];
  const said = await run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...files, ...apart], {
    cwd: projectFolder,
    env: { ...process.env, DPG_TEST_POOLER: '1', NO_COLOR: '1', FORCE_COLOR: undefined, VITEST: undefined },
  });
  expect(said).toMatch(/PgBouncer \d/);
  const passed = Number(/Tests +(\d+) passed/.exec(said)?.[1] ?? 0);
  expect(passed, said).toBeGreaterThan(100);
});

const database = await testDatabase();

test.skipIf(!version || within)(
  'sixteen clients on two connections of the server need prepare: false',
  async () => {
    const pooler = await startPooler(inject('adminUrl'), { default_pool_size: '2' });
    onTestFinished(() => pooler.stop());
    await database.sql`insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com')`;
    const url = new URL(database.url);
    url.host = new URL(pooler.url).host;
    const outcomes = async (options: postgres.Options<Record<string, never>>) => {
      const clients = Array.from({ length: 16 }, () =>
        postgres(url.href, { max: 1, onnotice: () => {}, ...options }),
      );
      try {
        return await Promise.all(
          clients
            .map(async (sql) => {
              for (let i = 0; i < 10; i++)
                await sql.begin((tx) =>
                  createDpg(tx)
                    .as('asha')
                    .items.upsert(student({ item_id: randomUUID() })),
                );
              return 'done';
            })
            .map((work) => work.catch((error) => error.code)),
        );
      } finally {
        await Promise.all(clients.map((sql) => sql.end()));
      }
    };
    expect(new Set(await outcomes({ prepare: false }))).toEqual(new Set(['done']));
    const [row] = await database.sql`select count(*)::int as items from dpg.items`;
    expect(row?.items).toBe(160);
    // A statement is prepared on one connection and asked for on another: outside of transactions postgres.js then prepares
    // it once more. From 1.21 on PgBouncer can keep track of them.
    const [major = 0, minor = 0] = version?.split('.').map(Number) ?? [];
    if (major === 1 && minor < 21) expect(await outcomes({})).toContain('26000');
  },
);
