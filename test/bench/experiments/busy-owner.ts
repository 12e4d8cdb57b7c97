// find_actions of an owner who received a tenth of all actions: page 1 and page 1,000.

import { withAdmin } from '../../support/server.js';
import { dpgContestant } from '../contestants/dpg.js';
import {
  type Bench,
  type Experiment,
  type Measurement,
  measurements,
  median,
  type Ratio,
} from '../experiment.js';
import { interleaved } from '../measure.js';
import { createIndexes, dropSecondaryIndexes } from './indexes.js';

const OWNER = 'busy';
const PAGE = 20;

export const busyOwner: Experiment = {
  name: 'busy-owner',
  title: 'find_actions of a busy owner',
  done: 'One owner has a tenth of all actions. The first page of them and a late page are read, with a page token.',
  limits: ['Without the keys every leaf in which the owner is a party is asked. Here there are few leaves.'],
  async run(bench) {
    const actions = bench.options.actions ?? bench.amount(1_000_000, 100_000);
    const pages = bench.amount(1000, 200);
    const { dpg, end } = dpgContestant(await database(bench, actions));
    const find = (filter: object) => dpg.as(OWNER).actions.find({ page_size: PAGE, ...filter });
    const keys = { partition_network: 'busy', action_type: 'connect' };
    const measured: Measurement[] = [];
    const ratios: Ratio[] = [];
    const whats = [
      { what: 'received, keys named', filter: { ...keys, ownership_role: 'received' } },
      { what: 'all, keys named', filter: keys },
      { what: 'all, no keys named', filter: {} },
    ];
    for (const { what, filter } of whats) {
      const page_token = await tokenOfPage(pages, (token) =>
        find({ ...filter, page_token: token, page_size: 1000 }),
      );
      const turns = [
        { name: 'page 1', call: () => find(filter) },
        { name: `page ${pages}`, call: () => find({ ...filter, page_token }) },
      ];
      const times = await interleaved(turns, { rounds: bench.amount(10, 4), calls: 30, warmUp: 30 });
      const found = measurements(what, times);
      measured.push(...found);
      ratios.push({
        what: `× page 1, ${what}`,
        value: median(found, `page ${pages}`) / median(found, 'page 1'),
        atMost: 1.2,
      });
    }
    await end();
    return {
      unit: 'ms',
      measurements: measured,
      ratios,
      notes: [
        `${(actions / 10).toLocaleString('en')} of ${actions.toLocaleString('en')} actions are the owner's; ${PAGE} rows a page.`,
      ],
    };
  },
};

/** The token of the page before, reached in the largest steps. */
async function tokenOfPage(
  page: number,
  load: (
    token: string | undefined,
  ) => PromiseLike<{ rows: { next_page_token: string }[]; next_page_token: string | null }>,
): Promise<string> {
  let left = (page - 1) * PAGE;
  let token: string | undefined;
  while (left > 0) {
    const { rows } = await load(token);
    token = rows[Math.min(left, rows.length) - 1]?.next_page_token;
    if (token === undefined) throw new Error('There are fewer rows than pages.');
    left -= rows.length;
  }
  return token ?? '';
}

async function database(bench: Bench, actions: number): Promise<string> {
  bench.say(`loading ${actions.toLocaleString('en')} actions`);
  const url = await bench.databases.migrated();
  await withAdmin(url, async (sql) => {
    await sql`insert into public."user" (id, name, email) select 'user ' || n, 'User', n || '@example.com' from generate_series(0, 999) n`;
    await sql`insert into public."user" (id, name, email) values (${OWNER}, 'Busy', 'busy@example.com')`;
    for (const domain of ['student', 'tutor']) await sql`select dpg.ensure_item_partition('busy', ${domain})`;
    for (const type of ['connect', 'apply', 'invite'])
      await sql`select dpg.ensure_action_partition('busy', ${type})`;
    await sql`
      insert into dpg.items (item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, created_by)
      select 'busy', d, 't', ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'https://a.example.com', 's', 'user ' || n
      from generate_series(0, 999) n
      cross join unnest(array['student', 'tutor']) d`;
    // secondary indexes and checks of foreign keys come after the load
    await dropSecondaryIndexes(sql, 'dpg.item_actions');
    await sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await tx`
        insert into dpg.item_actions (
          partition_network, action_type, action_status, source_item_network, source_item_domain, source_item_type,
          source_item_id, source_item_instance_url, source_item_owner, target_item_network, target_item_domain,
          target_item_type, target_item_id, target_item_instance_url, target_item_owner, created_at, updated_at,
          source_local_item_id
        )
        select 'busy', (array['connect', 'connect', 'connect', 'connect', 'connect', 'connect', 'connect', 'connect', 'apply', 'invite'])[1 + n % 10],
          'created', 'busy', 'student', 't', s.id, 'https://a.example.com', 'user ' || n % 1000,
          'busy', 'tutor', 't', s.id, 'https://a.example.com',
          case when (n / 10) % 10 = 0 then ${OWNER} else 'user ' || (n * 7) % 1000 end,
          timestamptz '2026-01-01' + n * interval '1 second', timestamptz '2026-01-01' + (n::bigint * 7919 % ${actions}) * interval '1 second',
          s.id
        from generate_series(0, ${actions - 1}::integer) n
        cross join lateral (select ('00000000-0000-4000-8000-' || lpad(to_hex(n % 1000), 12, '0'))::uuid as id) s`;
    });
    await sql`
      insert into dpg_private.party_leaves (owner, partition_network, action_type)
      select distinct o.owner, a.partition_network, a.action_type
      from dpg.item_actions a
      cross join lateral (values (a.source_item_owner), (a.target_item_owner)) o(owner)`;
    await createIndexes(sql, 'actions/item_actions_indexes.sql');
    await sql`vacuum analyze`;
  });
  return url;
}
