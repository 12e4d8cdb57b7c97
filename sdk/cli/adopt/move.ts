// The moving itself: partitions first, then rows, leaf by leaf, each with one statement in the database.

import type postgres from 'postgres';
import type { Additions } from './additions.js';
import { type Leaf, nameOf, nothing, type Sum, type Sums, sumOldRows, sumRows } from './leaves.js';
import { emptyQuarantine } from './quarantine.js';
import { oldRows, type Source } from './source.js';
import { equal, identifier, literal } from './sql-text.js';
import { isMoved, isUnnoted, notes, urls } from './stages.js';
import { columnNames, type Root, roots, tables } from './tables.js';

/** What was moved into a leaf, counted and summed on both sides. */
export interface Moved {
  root: Root;
  network: string;
  key: string;
  leaf: string;
  rows: number;
  /** The sum of the rows' hashes as read from the old tables, and how much the sum of the leaf grew: the same. */
  old_checksum: string;
  checksum: string;
}

export interface MoveOptions {
  /** Put the moved events of this instance into the feed. */
  feed: boolean;
  progress(line: string): void;
}

const ensure: Record<Root, string> = {
  items: 'ensure_item_partition',
  item_actions: 'ensure_action_partition',
  action_events: 'ensure_action_event_partition',
};

export async function move(
  sql: postgres.ISql,
  source: Source,
  leaves: readonly Leaf[],
  additions: Additions,
  options: MoveOptions,
): Promise<Moved[]> {
  for (const statement of additions.columns) await sql.unsafe(statement);
  const wanted = leaves.filter((leaf) => leaf.to_move > 0) as (Leaf & { network: string; key: string })[];
  for (const leaf of wanted) {
    await sql.unsafe(`select dpg.${ensure[leaf.root]}(${literal(leaf.network)}, ${literal(leaf.key)})`);
  }
  const before = new Map<Root, Sums>();
  for (const root of roots) before.set(root, await sumRows(sql, source, root));

  for (const statement of noteParties) await sql.unsafe(statement);
  // The plans that check foreign keys are kept then: planned anew for each row they take three times as long.
  await sql.unsafe('set local plan_cache_mode = force_generic_plan');
  for (const leaf of wanted) {
    await sql.unsafe(insertInto(source, leaf));
    options.progress(`${leaf.root} ${leaf.network}/${leaf.key}: ${leaf.to_move} rows`);
  }
  await sql.unsafe('set local plan_cache_mode = auto');
  for (const statement of additions.indexes) {
    await sql.unsafe(statement);
    options.progress(statement);
  }
  await sql.unsafe(insertUrls(source));
  await sql.unsafe(insertPeers);
  for (const statement of noteMirroredActions) await sql.unsafe(statement);
  if (options.feed) await sql.unsafe(queueEvents(source));

  const moved: Moved[] = [];
  for (const root of roots) {
    const expected = await sumOldRows(sql, source, root);
    const after = await sumRows(sql, source, root);
    const ofRoot = wanted.filter((leaf) => leaf.root === root);
    moved.push(...(await compared(sql, ofRoot, expected, before.get(root) ?? new Map(), after)));
  }
  await emptyQuarantine(sql);
  return moved;
}

function insertInto(source: Source, leaf: Leaf & { network: string; key: string }): string {
  const { root } = leaf;
  const [network, key] = tables[root].leaf;
  const columns = columnNames(root);
  const kept = (source.tables[root]?.kept ?? []).filter((column) => !column.is_computed);
  const added = {
    ...addedColumns[root],
    ...Object.fromEntries(kept.map(({ name, as }) => [identifier(name), `o.${as}`])),
  };
  const values = columns.map((name) => `${name.endsWith('_owner') ? 'n' : 'o'}.${name}`);
  const ofLeaf = (alias: string) =>
    `${alias}.${network} = ${literal(leaf.network)} and ${alias}.${key} = ${literal(leaf.key)}`;
  return `
    insert into dpg.${root} (${[...columns, ...Object.keys(added)].join(', ')})
    select ${[...values, ...Object.values(added)].join(', ')}
    from ${oldRows(source, root)} o
    ${root === 'items' ? '' : `join ${notes[root]} n on n.leaf_id = o.leaf_id and n.row_id = o.row_id and ${ofLeaf('n')}`}
    where ${ofLeaf('o')} and ${root === 'items' ? isUnnoted('items') : isMoved('n')}`;
}

/** Columns of dpg that the old tables lack. */
const addedColumns: Record<Root, Record<string, string>> = {
  items: {},
  item_actions: {
    source_item_latitude: 'n.source_item_latitude',
    source_item_longitude: 'n.source_item_longitude',
    target_item_latitude: 'n.target_item_latitude',
    target_item_longitude: 'n.target_item_longitude',
    source_item_is_local: 'n.source_item_is_local',
    source_local_item_id: `case
      when n.source_item_is_local and not n.is_source_gone and o.source_item_network = o.partition_network
        then o.source_item_id
    end`,
  },
  action_events: {
    source_item_is_local: 'n.source_item_is_local',
    target_item_is_local: 'n.target_item_is_local',
  },
};

/** Of rows that are moved only: what dpg.forget_instance_url struck since an earlier run does not come back. */
const insertUrls = (source: Source) => `
  insert into dpg_private.instance_url_sightings (instance_url, first_seen_at)
  select u.instance_url, u.first_seen_at
  from ${urls} u
  where not dpg_private.is_instance_url(u.instance_url)
    and u.instance_url in (
      select o.item_instance_url from ${oldRows(source, 'items')} o where ${isUnnoted('items')}
      union all
      select n.target_item_instance_url from ${notes.item_actions} n where ${isMoved('n')}
      union all
      select n.source_item_instance_url from ${notes.item_actions} n where ${isMoved('n')} and n.source_item_is_local
    )`;

/** What dpg.receive_action and dpg.store_event do: the instances that sources and events came from. */
const insertPeers = `
  insert into dpg_private.peer_url_sightings (instance_url)
  select p.instance_url
  from (
    select n.origin_instance_domain as instance_url
    from ${notes.action_events} n
    where ${isMoved('n')} and not n.target_item_is_local
    union
    select n.source_item_instance_url
    from ${notes.item_actions} n
    where ${isMoved('n')} and not n.source_item_is_local
  ) p
  where not dpg_private.is_instance_url(p.instance_url)
    and not exists (select from dpg_private.peer_url_sightings s where s.instance_url = p.instance_url)`;

const partiesOf = (note: string, condition: string, owners: readonly string[]) => `
  select distinct p.owner, n.partition_network, n.action_type
  from ${note} n
  cross join lateral unnest(array[${owners.join(', ')}]) p(owner)
  where ${isMoved('n')} and ${condition} and p.owner is not null`;

const localSource = 'case when n.source_item_is_local then n.source_item_owner end';

/**
 * What the triggers of actions and events do row by row. They find it done, and an analysed table: their plans, kept
 * since it was empty, would read the whole of it for each row.
 */
const noteParties = [
  `insert into dpg_private.party_leaves (owner, partition_network, action_type)
  select w.owner, w.partition_network, w.action_type
  from (
    ${partiesOf(notes.item_actions, 'true', [localSource, 'n.target_item_owner'])}
    union
    ${partiesOf(notes.action_events, 'not n.target_item_is_local', [localSource])}
  ) w
  where not exists (
    select
    from dpg_private.party_leaves l
    where l.owner = w.owner and l.partition_network = w.partition_network and l.action_type = w.action_type
  )`,
  'analyze dpg_private.party_leaves',
];

/**
 * What dpg.store_event does for an event of another instance. The function's plans are made while its table is empty: kept
 * ones that read the whole table would make the time grow with the square of the number of events.
 */
const noteMirroredActions = [
  `create temp table adopted_mirrored on commit drop as
  select e as event
  from ${notes.action_events} n
  join dpg.action_events e on ${equal('e', 'n', tables.action_events.key)}
  where ${isMoved('n')} and n.source_item_is_local and not n.target_item_is_local`,
  'set local enable_seqscan = off',
  'select dpg_private.note_mirrored_action(m.event) from pg_temp.adopted_mirrored m',
  'set local enable_seqscan = on',
];

/** In the order of their times; within an action by update_count, as the feed promises. */
function queueEvents(source: Source): string {
  return `
    insert into dpg_private.event_queue (partition_network, action_type, event_id, source_item_instance_url, created_at)
    select q.partition_network, q.action_type, q.event_id, q.source_item_instance_url, q.created_at
    from (
      select o.*,
        max(o.created_at) over (
          partition by o.partition_network, o.action_type, o.action_id order by o.update_count
        ) as not_before
      from ${oldRows(source, 'action_events')} o
      join ${notes.action_events} n on n.leaf_id = o.leaf_id and n.row_id = o.row_id
      join ${urls} u on u.instance_url = n.origin_instance_domain
      where ${isMoved('n')} and n.target_item_is_local
    ) q
    order by q.not_before, q.action_id, q.update_count`;
}

async function compared(
  sql: postgres.ISql,
  leaves: readonly (Leaf & { network: string; key: string })[],
  expected: Sums,
  before: Sums,
  after: Sums,
): Promise<Moved[]> {
  const moved: Moved[] = [];
  for (const leaf of leaves) {
    const name = nameOf(leaf);
    const old = expected.get(name) ?? nothing;
    const added = difference(after.get(name) ?? nothing, before.get(name) ?? nothing);
    if (old.rows !== leaf.to_move || added.rows !== old.rows || added.hash !== old.hash) {
      throw new Error(
        `${leaf.root} ${name}: ${old.rows} rows with checksum ${old.hash} should have come, ${added.rows} with checksum ${added.hash} did; nothing was changed`,
      );
    }
    const [row] = await sql.unsafe<{ leaf: string }[]>(
      `select dpg_private.find_leaf('${leaf.root}', ${literal(leaf.network)}, ${literal(leaf.key)})::text as leaf`,
    );
    moved.push({
      root: leaf.root,
      network: leaf.network,
      key: leaf.key,
      leaf: row?.leaf ?? '',
      rows: added.rows,
      old_checksum: String(old.hash),
      checksum: String(added.hash),
    });
  }
  return moved;
}

function difference(after: Sum, before: Sum): Sum {
  return { rows: after.rows - before.rows, hash: after.hash - before.hash };
}
