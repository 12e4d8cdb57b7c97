// Who may call what is new of items, by a login of each role and one of none; and where the reads answer: on a standby, in
// read-only transactions, and under every isolation.

import postgres from 'postgres';
import { beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { startEmbedded } from '../support/embedded.js';
import { migrateToCurrent } from '../support/migrations.js';
import { hasOwnServers, startReplica } from '../support/replica.js';
import { connectTo } from '../support/server.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const ASHA = '11111111-1111-4111-8111-111111111111';
const RAVI = '22222222-2222-4222-8222-222222222222';

async function fill(sql: postgres.Sql): Promise<void> {
  await sql`
    insert into public."user" (id, name, email)
    values ('asha', 'asha', 'asha@example.com'), ('ravi', 'ravi', 'ravi@example.com')`;
  for (const [owner, domain, id] of [
    ['asha', 'student', ASHA],
    ['ravi', 'tutor', RAVI],
  ] as const)
    await sql`
      select dpg.upsert_item(${owner}, 'who_dot', ${domain}, 't', 'https://who.example.com', 's', '{"subject": ["math"]}', 12, 77, ${id})`;
  // without a place, and hidden
  await sql`select dpg.upsert_item('asha', 'who_dot', 'student', 't', 'https://who.example.com', 's', item_status => 'draft')`;
  await sql`select dpg.define_item('who_dot', 'student', '[{"status": "draft", "found": false, "acts": false}]')`;
  await sql`select dpg.define_search('who_dot', 'student', 't', '{subject}', 'english')`;
  await sql`select dpg.refresh_search('who_dot', 'student')`;
}

const key = `'who_dot', 'student', 't', '${ASHA}'`;
const ref = (domain: string, id: string) => `row('who_dot', '${domain}', 't', '${id}')::dpg.item_ref`;

/** In one domain, which has a slot, and in all. Columns that each call makes anew, as tokens, are left out. */
const READS = [
  `dpg.map_items('who_dot', 'student', -90, -180, 90, 180)`,
  `dpg.map_items('who_dot', null, -90, -180, 90, 180, max_markers => 1)`,
  `dpg.count_facets('who_dot', 'student', '{subject}')`,
  `dpg.count_facets('who_dot', null, '{subject}', facets => '{"subject": ["math"]}', any_status => true)`,
  `dpg.find_own_items('asha')`,
  `dpg.get_items(array[${ref('student', ASHA)}, ${ref('tutor', RAVI)}])`,
  `dpg.get_item('who_dot', 'student', null, '${ASHA}')`,
  `dpg.find_items('who_dot', 'student', south => 11, west => 76, north => 13, east => 78)`,
  `dpg.find_items('who_dot', facets => '{"subject": ["math"]}')`,
  `dpg.find_items('who_dot', item_statuses => '{draft}')`,
  `dpg.count_items('who_dot', 'student', any_status => true)`,
  `dpg.count_items('who_dot', south => 11, west => 76, north => 13, east => 78)`,
  `dpg.nearest_items('who_dot', 'student', 12, 77, include_unplaced => true)`,
  `dpg.search_items('who_dot', 'student', 'mat')`,
  `dpg.search_items('who_dot', null, 'math or physics', any_status => true)`,
  `dpg.find_items('who_dot', search => 'math -physics')`,
  `dpg.count_items('who_dot', 'student', search => '"math"')`,
  `dpg.nearest_items('who_dot', null, 12, 77, south => 11, west => 76, north => 13, east => 78)`,
];
const WRITES = [
  `dpg.set_item_status('asha', ${key}, 'draft')`,
  `dpg.define_item('who_dot', 'student', '[]')`,
  `dpg.define_item('other_dot', 'student', null)`,
  `dpg.define_search('who_dot', 'student', 't', '{subject,name}')`,
  `dpg.refresh_search('who_dot', 'student')`,
  `dpg.upsert_item('asha', 'who_dot', 'student', 't', 'https://who.example.com', 's', item_id => '${ASHA}', item_status => 'draft')`,
];

const answer = async (sql: postgres.ISql, call: string): Promise<string> => {
  const [row] = await sql.unsafe(`
    select jsonb_agg(case jsonb_typeof(r.row) when 'object' then r.row - 'next_page_token' else r.row end)::text as rows
    from (select to_jsonb(r) as row from ${call} r) r`);
  return row?.rows;
};

/** What becomes of a call, which is undone. */
const outcome = (sql: postgres.Sql, call: string) =>
  sql
    .begin(async (tx) => {
      await tx.unsafe(`select ${call}`);
      throw Object.assign(new Error('undo'), { code: 'done' });
    })
    .catch(({ code }: { code: string }) => code);

describe('who may call what', () => {
  beforeAll(() => fill(database.sql));

  test.each([
    ['dpg_app', 'done', 'done'],
    ['dpg_admin', 'done', 'done'],
    ['dpg_readonly', 'done', '42501'],
    // a role of PostgreSQL that has nothing of ours
    ['pg_read_all_stats', '42501', '42501'],
  ])('%s: reads %s, writes %s', async (role, reads, writes) => {
    const sql = database.connect({ max: 1, url: await database.createLogin(role) });
    const all: Record<string, unknown> = {};
    for (const call of [...READS, ...WRITES]) all[call] = await outcome(sql, call);
    expect(all).toEqual(
      Object.fromEntries([...READS.map((call) => [call, reads]), ...WRITES.map((call) => [call, writes])]),
    );
  });

  test('whoever reads finds the same', async () => {
    const logins = await Promise.all(
      ['dpg_app', 'dpg_admin', 'dpg_readonly'].map(async (role) =>
        database.connect({ max: 1, url: await database.createLogin(role) }),
      ),
    );
    for (const call of READS) {
      const rows = await answer(database.sql, call);
      expect(rows, call).toMatch(/^\[.{1,}\]$/);
      expect(await Promise.all(logins.map((sql) => answer(sql, call))), call).toEqual([rows, rows, rows]);
    }
  });
});

// What is noted of a row stands in no setting that whoever writes the row can make.
test('no function of ours reads a setting of its own name, but the actor of policies and what a migration sets', async () => {
  const settings = await database.sql`
    select distinct s.name[1] as name
    from (
      select coalesce(nullif(p.prosrc, ''), pg_get_function_sqlbody(p.oid)) as text from pg_proc p
      where p.pronamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace)
      union all
      select concat_ws(' ', p.qual, p.with_check) from pg_policies p where p.schemaname = 'dpg'
    ) t
    cross join regexp_matches(t.text, '(?:current_setting|set_config)[(]''(dpg[.][a-z_]+)''', 'g') s(name)
    order by 1`;
  expect(settings.map(({ name }) => name)).toEqual(['dpg.actor']);
});

describe('where the reads answer', () => {
  test.each([
    'read only',
    'isolation level repeatable read',
    'isolation level repeatable read, read only',
    'isolation level serializable',
    'isolation level serializable, read only, deferrable',
  ])('%s', async (mode) => {
    const sql = database.connect({ max: 1, role: 'dpg_readonly' });
    for (const call of READS)
      expect(await sql.begin(mode, (tx) => answer(tx, call)), call).toBe(await answer(database.sql, call));
  });

  test('an older snapshot finds by the statuses and the definition of then', async () => {
    const { sql } = database;
    const reader = database.connect({ max: 1, role: 'dpg_readonly' });
    for (const definition of [
      // the first one of the network, then another, then none
      '[{"status": "draft", "found": false}]',
      '[{"status": "live", "found": false}]',
      null,
    ]) {
      if (definition?.includes('draft'))
        for (const status of ['draft', 'live'])
          await sql`
            select dpg.upsert_item('asha', 'older_dot', 'student', 't', 'https://who.example.com', 's', '{"a": 1}', 1, 1, item_status => ${status})`;
      const calls = READS.filter((call) => !/get_item|own|search/.test(call)).map((call) =>
        call
          .replaceAll('who_dot', 'older_dot')
          .replaceAll('subject', 'a')
          .replaceAll('"math"', '1')
          .replace(/south => .*78/, 'south => 0, west => 0, north => 2, east => 2'),
      );
      const before: string[] = [];
      for (const call of calls) before.push(await answer(sql, call));
      await reader.begin('isolation level repeatable read', async (tx) => {
        await tx`select count(*) from dpg.items`; // the snapshot
        await sql`select dpg.define_item('older_dot', 'student', ${definition}::text::jsonb)`;
        for (const [n, call] of calls.entries()) expect(await answer(tx, call), call).toBe(before[n]);
      });
      const after: string[] = [];
      for (const call of calls) after.push(await answer(sql, call));
      expect(after).not.toEqual(before);
    }
  });

  if (!hasOwnServers) console.log('SKIPPED: reads on a standby (no servers of our own on this machine)');

  test.skipIf(!hasOwnServers)(
    'on a standby, also of what was written after it was made; writes are refused',
    async () => {
      const version = String(Number.parseInt(inject('serverVersion'), 10));
      const settings = { fsync: 'off', wal_level: 'replica', max_wal_senders: '5', wal_keep_size: '256MB' };
      const primary = await startEmbedded(version, { settings });
      onTestFinished(() => primary.stop());
      const url = await connectTo(primary.adminUrl).createDatabase('items');
      await migrateToCurrent(url);
      const sql = postgres(url, { max: 1, onnotice: () => undefined });
      const standby = await startReplica(primary.adminUrl, primary.embedded.directory);
      const there = postgres(connectTo(standby.adminUrl).url('items'), {
        max: 1,
        onnotice: () => undefined,
        connection: { role: 'dpg_app' },
      });
      await fill(sql);
      const [written] = await sql`select pg_current_wal_lsn()::text as lsn`;
      for (let waited = 0; ; waited += 50) {
        const [row] = await there`select pg_last_wal_replay_lsn() >= ${written?.lsn}::pg_lsn as is_there`;
        if (row?.is_there) break;
        expect(waited, 'the standby follows').toBeLessThan(20_000);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      for (const call of READS) expect(await answer(there, call), call).toBe(await answer(sql, call));
      for (const call of WRITES) expect(await outcome(there, call), call).toBe('25006');
      await Promise.all([sql.end(), there.end()]);
    },
    120_000,
  );
});
