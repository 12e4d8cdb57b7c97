// Two thousand rows of each shape that a deployment can have: a dry run leaves everything as it was, an execution moves
// every row, and a second one finds it done.

import type postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { adopt } from '../../sdk/cli/adopt/index.js';
import { errorOf } from '../sdk/story.js';
import { differences } from '../support/catalogue.js';
import { temporaryDatabase } from '../support/test-database.js';
import {
  awkwardKeys,
  createOldTables,
  fillOldTables,
  OTHER_URL,
  OUR_URL,
  quoted,
  type Shape,
} from './old-deployment.js';
import { everything, fingerprints, type Root } from './rows.js';

const roots: Root[] = ['items', 'item_actions', 'action_events'];
const rows = { items: 720, actions: 360, mirrored: 200 };

const shapes: [string, Shape][] = [
  ['partitions of two levels', {}],
  ['partitions of two levels, without the owner columns', { owners: false }],
  ['partitions by network only', { levels: 1 }],
  ['partitions by network only, without the owner columns', { levels: 1, owners: false }],
  ['plain tables in a schema of another name', { levels: 0, schema: `Old "app's"` }],
];

describe.each(shapes)('%s', (_, shape) => {
  test('are moved row by row, once', { timeout: 180_000 }, async () => {
    const { sql, drop } = await temporaryDatabase();
    try {
      await createOldTables(sql, shape);
      await fillOldTables(sql, shape, rows);
      await movesEverything(sql, shape);
    } finally {
      await drop();
    }
  });
});

async function movesEverything(sql: postgres.Sql, shape: Shape): Promise<void> {
  const schema = shape.schema ?? 'public';
  const old = `"${schema.replaceAll('"', '""')}"`;
  const unknownOwners = shape.owners === false; // of the mirrored events: there is nothing that tells them
  const before = await everything(sql);
  const expected = new Map<Root, Map<string, string>>();
  for (const root of roots) expected.set(root, await fingerprints(sql, old, root));
  expect([...expected.values()].map((prints) => prints.size)).toEqual([16, 16, 16]);

  const plan = await adopt(sql, { schema, unknownOwners });
  expect(plan).toMatchObject({
    outcome: 'planned',
    is_dry_run: true,
    problems: [],
    obstacles: [],
    moved: [],
  });
  expect(plan.tables.map((table) => [table.root, table.rows, table.to_move, table.levels])).toEqual([
    ['items', 720, 720, shape.levels ?? 2],
    ['item_actions', 360, 360, shape.levels ?? 2],
    ['action_events', 920, 920, shape.levels ?? 2],
  ]);
  expect(plan.leaves.length).toBe(48);
  expect(plan.leaves.every((leaf) => leaf.leaf === null && leaf.rows > 0)).toBe(true);
  const afterPlan = await everything(sql);
  expect(differences(before.catalogue, afterPlan.catalogue, ['before', 'after the dry run'])).toEqual([]);
  expect(afterPlan.rows).toEqual(before.rows);

  const done = await adopt(sql, { schema, unknownOwners, execute: true });
  expect(done.outcome).toBe('adopted');
  expect(done.moved.length).toBe(48);
  expect(done.moved.every((leaf) => leaf.old_checksum === leaf.checksum)).toBe(true);
  for (const root of roots) expect(await fingerprints(sql, 'dpg', root)).toEqual(expected.get(root));
  const after = await everything(sql);
  for (const name of Object.keys(before.rows).filter((table) =>
    table.startsWith(`${old}.`.replace('"public"', 'public')),
  ))
    expect([name, after.rows[name]]).toEqual([name, before.rows[name]]);
  await ownersAre(sql, old, shape);
  await derivedColumnsAre(sql);
  await writesAreRefused(sql, old);

  const again = await adopt(sql, { schema, unknownOwners, execute: true });
  expect(again).toMatchObject({ outcome: 'adopted_before', problems: [], moved: [] });
  expect(again.adopted_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(again.tables.map((table) => [table.to_move, table.already_there])).toEqual([
    [0, 720],
    [0, 360],
    [0, 920],
  ]);
  expect((await everything(sql)).rows).toEqual(after.rows);
}

/** Those of the snapshots where there were some; else those of the items. */
async function ownersAre(sql: postgres.Sql, old: string, shape: Shape): Promise<void> {
  for (const [root, id] of [
    ['item_actions', 'action_id'],
    ['action_events', 'event_id'],
  ] as const) {
    for (const side of ['source', 'target']) {
      const snapshot = shape.owners === false ? 'null::text' : `o.${side}_item_owner`;
      const [row] = await sql.unsafe(`
        select count(*)::int as wrong
        from ${old}.${root} o
        join dpg.${root} d on d.${id} = o.${id}
        left join ${old}.items i on i.item_id = o.${side}_item_id
        where d.${side}_item_owner is distinct from coalesce(${snapshot}, i.created_by, 'dpg_erased_user')`);
      expect([root, side, row?.wrong]).toEqual([root, side, 0]);
    }
  }
}

async function derivedColumnsAre(sql: postgres.Sql): Promise<void> {
  const [action] = await sql`
    select count(*) filter (where not source_item_is_local)::int as remote,
      count(*) filter (where source_local_item_id is distinct from
        case when source_item_network = partition_network then source_item_id end)::int as wrong_key,
      count(*) filter (where source_item_network <> partition_network)::int as across,
      -- every tenth item has no place
      count(*) filter (where (a.target_item_latitude, a.target_item_longitude, a.source_item_latitude)
        is distinct from (t.item_latitude, t.item_longitude, s.item_latitude))::int as wrong_place,
      count(*) filter (where a.target_item_latitude is null)::int as without_place
    from dpg.item_actions a
    join dpg.items t on t.item_id = a.target_item_id
    join dpg.items s on s.item_id = a.source_item_id`;
  expect(action).toEqual({ remote: 0, wrong_key: 0, across: 120, wrong_place: 0, without_place: 36 });
  const events = await sql`
    select origin_instance_domain as origin, source_item_is_local, target_item_is_local
    from dpg.action_events group by 1, 2, 3 order by 1`;
  expect(Array.from(events)).toEqual([
    { origin: OTHER_URL, source_item_is_local: true, target_item_is_local: false },
    { origin: OUR_URL, source_item_is_local: true, target_item_is_local: true },
    { origin: `${OUR_URL}/two`, source_item_is_local: true, target_item_is_local: true },
  ]);
  const urls = await sql`
    select instance_url, to_char(first_seen_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as first_seen_at
    from dpg.instance_urls order by 1`;
  expect(Array.from(urls)).toEqual([
    { instance_url: OUR_URL, first_seen_at: '2024-01-01 00:01:00' },
    { instance_url: `${OUR_URL}/two`, first_seen_at: '2024-01-01 00:11:00' },
  ]);
  const known = await sql`select instance_url from dpg_private.peer_url_sightings`;
  expect(Array.from(known)).toEqual([{ instance_url: OTHER_URL }]);
  const [mirrored] = await sql`
    select count(*)::int as actions, min(update_count)::int as least, max(update_count)::int as most
    from dpg_private.mirrored_actions`;
  expect(mirrored).toEqual({ actions: 100, least: 1, most: 1 });
  const [feed] = await sql`
    select (select count(*)::int from dpg_private.event_queue) as queued,
      (select count(*)::int from dpg_private.feed_positions) as placed`;
  expect(feed).toEqual({ queued: 0, placed: 0 });
  const networks = await sql`select distinct network from dpg.partitions`;
  expect(networks.map(({ network }) => network).sort()).toEqual([...awkwardKeys].sort());
}

async function writesAreRefused(sql: postgres.Sql, old: string): Promise<void> {
  const network = quoted(awkwardKeys[0] ?? '');
  const [leaf] = await sql.unsafe(
    `select tableoid::regclass::text as name from ${old}.items where item_network = ${network} limit 1`,
  );
  const writes = [
    `insert into ${old}.items select * from ${old}.items limit 1`,
    `update ${old}.items set item_state = '{}' where item_network = ${network}`,
    `delete from ${old}.action_events`,
    `truncate ${old}.item_actions`,
    `truncate ${leaf?.name} cascade`,
    `delete from ${leaf?.name}`,
  ];
  for (const write of writes)
    expect([write, await errorOf(sql.unsafe(write))]).toMatchObject([
      write,
      { code: '55000', message: /its rows live in schema dpg now$/ },
    ]);
}
