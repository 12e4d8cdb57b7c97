// Whoever owns both sides of what they do finds each event by either side. A page says it once, and reads a page of each side.

import type postgres from 'postgres';
import { beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const { sql } = database;

beforeAll(async () => {
  await sql`insert into public."user" (id, name, email) select u, u, u from unnest('{both,other}'::text[]) u`;
  for (const domain of ['student', 'tutor'])
    for (const user of ['both', 'other'])
      await sql.unsafe(
        `select dpg.upsert_item('${user}', 'n', '${domain}', 't', 'https://one.example.com', 's', item_id => md5('${user}')::uuid)`,
      );
  // one of six is another's, in turn of either side
  await sql.unsafe(`
    select count(*)
    from generate_series(1, 900) g
    cross join lateral (select case when g % 12 = 0 then 'other' else 'both' end, case when g % 12 = 6 then 'other' else 'both' end) u(source, target)
    cross join lateral dpg.perform_action(
      u.source, 'connect',
      row('n', 'student', 't', md5(u.source)::uuid)::dpg.item_ref,
      row('n', 'tutor', 't', md5(u.target)::uuid)::dpg.item_ref
    ) a`);
  await sql`vacuum analyze`;
});

test.each(['all', 'initiated', 'received'])('every event once, in order, page by page: %s', async (role) => {
  const found: string[] = [];
  for (let token: string | null = null; ; ) {
    const page: postgres.Row[] =
      await sql`select * from dpg.find_events('both', ${role}, page_size => 7, page_token => ${token})`;
    found.push(...page.map(({ event_id }) => event_id));
    if (page.length < 7) break;
    token = page.at(-1)?.next_page_token;
  }
  const expected = await sql`
    select e.event_id
    from dpg.action_events e
    where (${role} <> 'received' and e.source_item_owner = 'both') or (${role} <> 'initiated' and e.target_item_owner = 'both')
    order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id`;
  expect(expected.length).toBe({ all: 900, initiated: 825, received: 825 }[role]);
  expect(found).toEqual(expected.map(({ event_id }) => event_id));
});

test('a page reads no more than a page of each side', async () => {
  const session = await database.connect({ max: 1 }).reserve();
  const read = async () => {
    const [row] = await session`
      select idx_tup_fetch::integer as read from pg_stat_xact_user_tables where relid = 'dpg.e_p_n_connect'::regclass`;
    return row?.read as number;
  };
  await session`begin`;
  const before = await read();
  const page = await session`select * from dpg.find_events('both', page_size => 20)`;
  const rows = (await read()) - before;
  await session`rollback`;
  session.release();
  expect(page).toHaveLength(20);
  expect(rows).toBeGreaterThan(0);
  expect(rows).toBeLessThan(60);
});
