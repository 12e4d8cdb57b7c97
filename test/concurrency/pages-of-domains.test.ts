// Pages over several domains while others write: what is there from the first page to the last, and is found all the time,
// comes once; nothing comes twice. Nobody moves: an item that goes farther away comes again.

import type postgres from 'postgres';
import { beforeAll, expect, test } from 'vitest';
import { addUsers, OUR_URL } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';
import { allOf, closeSessions, openSessions, type Session } from './sessions.js';

const database = await testDatabase();
const NETWORK = 'paged_dot';
const DOMAINS = ['a', 'b', 'c', 'd', 'e'];

beforeAll(async () => {
  const { sql } = database;
  await addUsers(sql, 'asha', 'ravi');
  for (const domain of DOMAINS) await sql`select dpg.ensure_item_partition(${NETWORK}, ${domain})`;
  // many of one time, many at one place; the definition hides a status
  await sql`
    insert into dpg.items (
      item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state, item_latitude, item_longitude,
      created_by, created_at, updated_at
    )
    select ${NETWORK}, (array['a', 'b', 'c', 'd', 'e'])[1 + n % 5], 't', md5(n::text)::uuid, ${OUR_URL}, 's',
      jsonb_build_object('stays', n % 2 = 0, 'n', n),
      case when n % 10 > 0 then 12 + (n % 50) * 0.01 end, case when n % 10 > 0 then 77 + (n % 40) * 0.01 end, 'asha',
      '2026-01-01'::timestamptz + (n / 7) * interval '1 second', '2026-01-01'
    from generate_series(1, 4000) n`;
  await sql`select dpg.define_item(${NETWORK}, 'b', '[{"status": "draft", "found": false}]')`;
});

/** Others write: new items of every domain, other contents and statuses of what does not stay, deletions of it. */
async function write(session: Session, isOver: () => boolean) {
  for (let n = 1; !isOver(); n += 1) {
    const domain = DOMAINS[n % 5] ?? '';
    const { sql } = session;
    await sql`
      select dpg.upsert_item('ravi', ${NETWORK}, ${domain}, 't', ${OUR_URL}, 's', '{"stays": false}', ${12 + (n % 50) * 0.01}, ${77 + (n % 40) * 0.01})`;
    const [some] = await sql`
      select i.item_id, i.created_by from dpg.items i
      where i.item_network = ${NETWORK} and i.item_domain = ${domain} and i.item_state @> '{"stays": false}'
      order by random() limit 1`;
    if (!some) continue;
    const key = sql`${some.created_by}, ${NETWORK}, ${domain}, 't', ${some.item_id}`;
    // another writer may have deleted it
    const gone = ({ code }: { code: string }) => {
      if (code !== 'DP002') throw new Error(code);
    };
    if (n % 3 === 0) await sql`select dpg.delete_item(${key})`.catch(gone);
    else if (n % 3 === 1)
      await sql`select dpg.set_item_status(${key}, ${n % 2 ? 'draft' : 'live'})`.catch(gone);
    else
      await sql`
        select dpg.update_item(${key}, '{"item_state": {"stays": false}}')`.catch(gone);
  }
}

async function walk(
  sql: postgres.Sql,
  call: (page: postgres.Fragment) => postgres.Fragment,
  pageSize: number,
) {
  const rows: { key: string; stays: number | null }[] = [];
  let token: string | null = null;
  for (;;) {
    const page: postgres.RowList<postgres.Row[]> = await sql`
      select r.item_domain || ' ' || r.item_id as key, case when (r.item_state -> 'stays')::boolean then (r.item_state ->> 'n')::integer end as stays,
        r.next_page_token as token
      from ${call(sql`page_size => ${pageSize}, page_token => ${token}`)} r`;
    rows.push(...page.map(({ key, stays }) => ({ key, stays })));
    if (page.length < pageSize) return rows;
    token = page.at(-1)?.token;
  }
}

const even = (test: (n: number) => boolean) =>
  Array.from({ length: 2000 }, (_, n) => 2 * (n + 1)).filter(test);
const isPlaced = (n: number) => n % 10 > 0;
const domainOf = (n: number) => DOMAINS[n % 5] ?? '';

type Call = (sql: postgres.Sql, page: postgres.Fragment) => postgres.Fragment;
const CALLS: [name: string, wanted: number[], call: Call][] = [
  ['find_items over all domains', even(() => true), (sql, page) => sql`dpg.find_items(${NETWORK}, ${page})`],
  [
    'find_items over three domains, in a box',
    even((n) => isPlaced(n) && 'abc'.includes(domainOf(n))),
    (sql, page) =>
      sql`dpg.find_items(${NETWORK}, item_domains => '{a,b,c}', south => 11, west => 76, north => 13, east => 78, ${page})`,
  ],
  [
    'find_items with facets',
    even(() => true),
    (sql, page) => sql`dpg.find_items(${NETWORK}, facets => '{"stays": [true, false]}', ${page})`,
  ],
  [
    'find_items with any status',
    even((n) => 'be'.includes(domainOf(n))),
    (sql, page) => sql`dpg.find_items(${NETWORK}, item_domains => '{b,e}', any_status => true, ${page})`,
  ],
  [
    'nearest_items over all domains',
    even(isPlaced),
    (sql, page) => sql`dpg.nearest_items(${NETWORK}, null, 12.2, 77.2, ${page})`,
  ],
  [
    'nearest_items with those without a place',
    even(() => true),
    (sql, page) => sql`dpg.nearest_items(${NETWORK}, null, 12.2, 77.2, include_unplaced => true, ${page})`,
  ],
  ['find_own_items', even(() => true), (sql, page) => sql`dpg.find_own_items('asha', ${page})`],
];

test('each page over several domains continues after the last, whatever others write', async () => {
  const sessions = await openSessions(database, 3 + CALLS.length);
  let isOver = false;
  const writing = sessions.slice(0, 3).map((session) => write(session, () => isOver));
  const walking = CALLS.map(async ([name, wanted, call], n) => {
    const { sql } = sessions[3 + n] as Session;
    for (const pageSize of [37, 250]) {
      const rows = await walk(sql, (page) => call(sql, page), pageSize);
      const what = `${name}, pages of ${pageSize}`;
      expect(new Set(rows.map(({ key }) => key)).size, `${what}: none twice`).toBe(rows.length);
      const stayed = rows.flatMap(({ stays }) => (stays === null ? [] : [stays]));
      expect(
        stayed.sort((a, b) => a - b),
        `${what}: each that stays`,
      ).toEqual(wanted);
      // there were others beside
      expect(rows.length, what).toBeGreaterThan(wanted.length);
    }
  });
  await Promise.allSettled(walking);
  isOver = true;
  await allOf([...writing, ...walking]);
  await closeSessions(sessions);
}, 120_000);
