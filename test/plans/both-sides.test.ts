// Whoever owns both sides of what they do finds each action and event by either side. A page says it once, and reads a page of each side.

import type postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
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

const roles = { all: 900, initiated: 825, received: 825 };
const lists = {
  find_events: {
    of: 'dpg.e_p_n_connect',
    order: 'created_at desc, update_count desc, partition_network, action_type, event_id',
    id: 'event_id',
  },
  find_actions: {
    of: 'dpg.a_p_n_connect',
    order: 'updated_at desc, partition_network, action_type, action_id, target_item_instance_url',
    id: 'action_id',
  },
} as const;

describe.each(['with plans that are kept', 'with plans of their own'])('%s', (plans) => {
  beforeAll(async () => {
    if (plans === 'with plans that are kept') return;
    await sql`update dpg_private.partition_names set slot = null where root <> 'items'`;
    await sql`select dpg_private.create_slot_functions(root) from unnest('{item_actions,action_events}'::text[]) root`;
  });

  describe.each(Object.entries(lists))('%s', (name, { of, order, id }) => {
    test.each(Object.entries(roles))('everything once, in order, page by page: %s', async (role, count) => {
      const found: string[] = [];
      for (let token: string | null = null; ; ) {
        const page: postgres.Row[] = await sql.unsafe(
          `select * from dpg.${name}('both', '${role}', page_size => 7, page_token => $1)`,
          [token],
        );
        found.push(...page.map((row) => row[id]));
        if (page.length < 7) break;
        token = page.at(-1)?.next_page_token;
      }
      const expected = await sql.unsafe(`
        select *
        from ${of}
        where ('${role}' <> 'received' and source_item_owner = 'both') or ('${role}' <> 'initiated' and target_item_owner = 'both')
        order by ${order}`);
      expect(expected.length).toBe(count);
      expect(found).toEqual(expected.map((row) => row[id]));
    });

    test('a page reads no more than a page of each side', async () => {
      const session = await database.connect({ max: 1 }).reserve();
      const read = async () => {
        const [row] = await session`
          select idx_tup_fetch::integer as read from pg_stat_xact_user_tables where relid = ${of}::regclass`;
        return row?.read as number;
      };
      await session`begin`;
      const before = await read();
      const page = await session.unsafe(`select * from dpg.${name}('both', page_size => 20)`);
      const rows = (await read()) - before;
      await session`rollback`;
      session.release();
      expect(page).toHaveLength(20);
      expect(rows).toBeGreaterThan(0);
      expect(rows).toBeLessThan(60);
    });
  });
});
