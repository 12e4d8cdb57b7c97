// The look at the old rows: temporary tables, gone with the transaction, that say of each row what stands in its way and
// what it lacks. The rows themselves are not copied. Items first, then actions, which need their items, then events,
// which need their actions.

import { keptTexts } from './kept.js';
import { isPlace, reasonsOf } from './reasons.js';
import { oldRows, type Source } from './source.js';
import { equal, listed, literal } from './sql-text.js';
import { columnNames, type Root, tables, updateKey } from './tables.js';

export interface Look {
  /** The limit json_bytes_per_document. */
  documentBytes: number | undefined;
  /** Name the tombstone where nothing tells an owner. */
  unknownOwners: boolean;
}

/** Where each row of a root is noted; of items only those that are not simply moved. */
export const notes: Record<Root, string> = {
  items: 'pg_temp.adopted_items',
  item_actions: 'pg_temp.adopted_actions',
  action_events: 'pg_temp.adopted_events',
};

/** URLs of this instance, with where they were found. */
export const urls = 'pg_temp.adopted_urls';

/** Whether a note says that its row is moved. */
export const isMoved = (alias: string) => `(${alias}.reasons = '{}' and not ${alias}.is_there)`;

const isBlank = (column: string) => `(${column} is null or ${column} !~ '\\S')`;

/** The rows of a root, with whether an earlier one has the same key. */
function rowsToStage(source: Source, root: Root): string {
  const rows = oldRows(source, root);
  const table = source.tables[root];
  // keys that tell rows apart in the old table need not do so when events are filed again
  const repeated =
    table?.has_key && !table.is_refiled
      ? 'false'
      : `row_number() over (
        partition by ${listed('r', tables[root].key)}
        order by ${root === 'action_events' ? 'r.created_at' : 'r.updated_at desc nulls last'}, r.leaf_id, r.row_id
      ) > 1`;
  const twice =
    root === 'action_events' && (!table?.has_update_key || table.is_refiled)
      ? `row_number() over (
          partition by ${listed('r', updateKey)}
          order by r.created_at, r.event_id, r.leaf_id, r.row_id
        ) > 1`
      : 'false';
  return `(select r.*, ${repeated} as is_repeated, ${twice} as is_twice from ${rows} r)`;
}

/** Whether dpg holds the same in these columns and in those that are kept. */
function isSame(source: Source, root: Root, columns: readonly string[]): string {
  const kept = keptTexts(source.tables[root]?.kept ?? []);
  const [old, there] = [
    [listed('o', columns), ...kept.old],
    [listed('d', columns), ...kept.dpg],
  ];
  return `(${old.join(', ')}) is not distinct from (${there.join(', ')})`;
}

/** What is taken out of the old rows; whether they are the same here is asked in another way of the others. */
const isPlain = (name: string) =>
  !name.endsWith('_owner') && name !== 'performed_by' && name !== 'item_status';

const reasonList = (reasons: string[]) => `array_remove(array[${reasons.join(',\n')}]::text[], null)`;

function stageItems(source: Source, look: Look): string[] {
  const same = `(${isSame(source, 'items', columnNames('items').filter(isPlain))}
    and coalesce(o.given_status = d.item_status, true))`;
  const isOwned = `o.created_by ~ '\\S'`;
  return [
    `create temp table adopted_items on commit drop as
    select s.*
    from (
      select o.leaf_id, o.row_id, ${listed('o', columnNames('items').slice(0, 4))}, o.created_by,
        d.item_id is not null and ${same} as is_there,
        u.id is null and ${isOwned} as is_user_missing, false as is_kept,
        ${reasonList([
          ...reasonsOf('items', look.documentBytes),
          `case when u.id is null and ${isOwned} then 'user created_by' end`,
          `case when o.is_repeated then 'repeated' end`,
          `case when d.item_id is not null and not ${same} then 'differs' end`,
        ])} as reasons
      from ${rowsToStage(source, 'items')} o
      left join public."user" u on u.id = o.created_by
      left join dpg.items d on ${equal('d', 'o', tables.items.key)}
    ) s
    where s.is_there or s.reasons <> '{}'`,
    `create index on ${notes.items} (leaf_id, row_id)`,
    `create index on ${notes.items} (item_id)`,
    `analyze ${notes.items}`,
    `create temp table adopted_urls on commit drop as
    select u.instance_url, min(u.first_seen_at) as first_seen_at, 'items' as found_in
    from (
      select i.instance_url, i.first_seen_at
      from dpg.instance_urls i
      union all
      select o.item_instance_url, min(o.created_at)
      from ${oldRows(source, 'items')} o
      where ${isUnnoted('items')}
      group by o.item_instance_url
    ) u
    group by u.instance_url`,
  ];
}

/** Of the rows `o`: those that no note keeps from being moved, where only such are noted. */
export function isUnnoted(root: Root): string {
  return `not exists (select from ${notes[root]} n where n.leaf_id = o.leaf_id and n.row_id = o.row_id)`;
}

/** The items that there will be. */
function knownItems(source: Source): string {
  const columns = [...tables.items.key, 'created_by', 'item_latitude', 'item_longitude', 'updated_at'];
  return `(
    select ${listed('o', columns)} from ${oldRows(source, 'items')} o where ${isUnnoted('items')}
    union all
    select ${listed('d', columns)} from dpg.items d
  )`;
}

const itemOf = (side: string, row: string, item: string) =>
  tables.items.key.map((column) => `${item}.${column} = ${row}.${side}_${column}`).join(' and ');

/** The snapshot of an owner, and where old rows have none, what the candidates say; last who owns what has no owner. What dpg has is as an
 * earlier run filled it. */
function filled(source: Source, look: Look, side: string, isLocal: string, ...candidates: string[]): string {
  const last = [
    ...(source.owner_of_none === undefined
      ? []
      : [`case when ${isLocal} then ${literal(source.owner_of_none)} end`]),
    look.unknownOwners ? 'dpg_private.tombstone()' : 'null',
  ];
  return `case when ${isBlank(`o.${side}_item_owner`)} then coalesce(${[`d.${side}_item_owner`, ...candidates, ...last].join(', ')}) else o.${side}_item_owner end`;
}

/** Releases before 0.2.0 left behind who carried it out. */
const isSamePerformer = '(d.performed_by is null or d.performed_by is not distinct from o.performed_by)';

const ownerReason = (side: string) => `case
  when s.${side}_item_owner is null then 'owner ${side}_item_owner'
  when not dpg_private.is_key(s.${side}_item_owner) then 'key ${side}_item_owner'
end`;

function stageActions(source: Source, look: Look): string[] {
  const plain = columnNames('item_actions').filter(isPlain);
  const reasons = reasonsOf('item_actions', look.documentBytes);
  // where it was when the action was made: as its first event says, or as the item says that has not changed since
  const place = (side: 'source' | 'target', item: string) =>
    ['latitude', 'longitude']
      .map(
        (axis) => `case
          when f.${side}_item_latitude is not null and ${isPlace(`f.${side}_item`)} then f.${side}_item_${axis}
          when ${item}.updated_at <= o.created_at then ${item}.item_${axis}
        end as ${side}_item_${axis}`,
      )
      .join(', ');
  const localSource = '(si.item_id is not null or su.instance_url is not null)';
  return [
    // a source that is gone is known as one of this instance by its URL
    `insert into ${urls} (instance_url, first_seen_at, found_in)
    select a.instance_url, clock_timestamp(), min(a.found_in)
    from (
      select distinct s.instance_url, s.found_in
      from ${oldRows(source, 'item_actions')} o
      left join ${knownItems(source)} si on ${itemOf('source', 'o', 'si')}
      join ${knownItems(source)} ti on ${itemOf('target', 'o', 'ti')}
      cross join lateral (values
        (o.target_item_instance_url, 'targets of actions'),
        (case when si.item_id is not null then o.source_item_instance_url end, 'sources of actions')
      ) s(instance_url, found_in)
      where s.instance_url is not null and ${reasonList(reasons)} = '{}'
    ) a
    where not exists (select from ${urls} u where u.instance_url = a.instance_url)
    group by a.instance_url`,
    `create temp table adopted_actions on commit drop as
    select s.leaf_id, s.row_id, ${listed('s', tables.item_actions.key)}, s.update_count,
      s.source_item_instance_url, s.target_item_instance_url,
      s.source_item_owner, s.target_item_owner, s.is_filled, s.source_item_is_local, s.is_source_gone, false as is_kept,
      s.source_item_latitude, s.source_item_longitude, s.target_item_latitude, s.target_item_longitude,
      s.is_known and s.is_same and (s.source_item_owner, s.target_item_owner)
        is not distinct from (s.known_source_owner, s.known_target_owner) as is_there,
      s.reasons || ${reasonList([
        ownerReason('source'),
        ownerReason('target'),
        `case when s.is_known and (not s.is_same or (s.source_item_owner, s.target_item_owner)
          is distinct from (s.known_source_owner, s.known_target_owner)) then 'differs' end`,
      ])} as reasons
    from (
      select o.leaf_id, o.row_id, ${listed('o', tables.item_actions.key)}, o.update_count,
        o.source_item_instance_url, o.target_item_instance_url,
        ${filled(source, look, 'source', localSource, 'si.created_by')} as source_item_owner,
        ${filled(source, look, 'target', 'true', 'ti.created_by')} as target_item_owner,
        ${isBlank('o.source_item_owner')} or ${isBlank('o.target_item_owner')} as is_filled,
        ${localSource} as source_item_is_local,
        si.item_id is null and su.instance_url is not null as is_source_gone,
        ${place('source', 'si')},
        ${place('target', 'ti')},
        d.action_id is not null as is_known,
        ${isSame(source, 'item_actions', plain)} and ${isSamePerformer} as is_same,
        d.source_item_owner as known_source_owner,
        d.target_item_owner as known_target_owner,
        ${reasonList([
          ...reasons,
          `case when o.is_repeated then 'repeated' end`,
          `case when ti.item_id is null and o.target_item_id is not null then 'target_missing' end`,
          `case when si.item_id is null
            and exists (select from ${notes.items} r where (r.reasons <> '{}' or r.is_kept) and ${itemOf('source', 'o', 'r')})
            then 'source_missing' end`,
        ])} as reasons
      from ${rowsToStage(source, 'item_actions')} o
      left join ${knownItems(source)} si on ${itemOf('source', 'o', 'si')}
      left join ${knownItems(source)} ti on ${itemOf('target', 'o', 'ti')}
      left join ${urls} su on su.instance_url = o.source_item_instance_url
      left join (
        select distinct on (e.partition_network, e.action_type, e.action_id) e.*
        from ${oldRows(source, 'action_events')} e
        where e.update_count = 0
        order by e.partition_network, e.action_type, e.action_id, e.created_at, e.event_id
      ) f on ${equal('f', 'o', tables.item_actions.key)}
      left join dpg.item_actions d on ${equal('d', 'o', tables.item_actions.key)}
    ) s`,
    `create index on ${notes.item_actions} (${tables.item_actions.leaf.join(', ')})`,
    `analyze ${notes.item_actions}`,
  ];
}

/** The actions that there will be. */
const knownActions = `(
  select ${listed('n', tables.item_actions.key)}, n.update_count, n.target_item_instance_url,
    n.source_item_owner, n.target_item_owner, n.source_item_is_local
  from ${notes.item_actions} n
  where ${isMoved('n')}
  union all
  select ${listed('d', tables.item_actions.key)}, d.update_count, d.target_item_instance_url,
    d.source_item_owner, d.target_item_owner, d.source_item_is_local
  from dpg.item_actions d
)`;

function stageEvents(source: Source, look: Look): string[] {
  const plain = columnNames('action_events').filter(isPlain);
  const localSource = '(si.item_id is not null or su.instance_url is not null)';
  return [
    `create temp table adopted_events on commit drop as
    select s.leaf_id, s.row_id, ${listed('s', tables.action_events.key)}, s.origin_instance_domain,
      s.source_item_owner, s.target_item_owner, s.is_filled, s.source_item_is_local, false as is_kept, s.target_item_is_local,
      s.is_known and s.is_same and (s.source_item_owner, s.target_item_owner)
        is not distinct from (s.known_source_owner, s.known_target_owner) as is_there,
      s.reasons || ${reasonList([
        ownerReason('source'),
        ownerReason('target'),
        `case when s.is_known and (not s.is_same or (s.source_item_owner, s.target_item_owner)
          is distinct from (s.known_source_owner, s.known_target_owner)) then 'differs' end`,
      ])} as reasons
    from (
      select o.leaf_id, o.row_id, ${listed('o', tables.action_events.key)}, o.origin_instance_domain,
        ${filled(source, look, 'source', `coalesce(a.source_item_is_local, ${localSource})`, 'a.source_item_owner', 'si.created_by')} as source_item_owner,
        ${filled(source, look, 'target', 'a.action_id is not null', 'a.target_item_owner')} as target_item_owner,
        ${isBlank('o.source_item_owner')} or ${isBlank('o.target_item_owner')} as is_filled,
        coalesce(a.source_item_is_local, ${localSource}) as source_item_is_local,
        a.action_id is not null as target_item_is_local,
        d.event_id is not null as is_known,
        ${isSame(source, 'action_events', plain)} and ${isSamePerformer} as is_same,
        d.source_item_owner as known_source_owner,
        d.target_item_owner as known_target_owner,
        ${reasonList([
          ...reasonsOf('action_events', look.documentBytes),
          `case when o.is_repeated then 'repeated' end`,
          `case when o.is_twice and not o.is_repeated then 'event_twice' end`,
          `case when d.event_id is null and d2.event_id is not null then 'differs' end`,
          `case when a.action_id is null and ou.instance_url is not null then 'action_missing' end`,
          `case when o.origin_instance_domain = a.target_item_instance_url and o.update_count > a.update_count
            then 'ahead' end`,
        ])} as reasons
      from ${rowsToStage(source, 'action_events')} o
      left join ${knownActions} a on ${equal('a', 'o', tables.item_actions.key)}
      left join ${knownItems(source)} si on a.action_id is null and ${itemOf('source', 'o', 'si')}
      left join ${urls} ou on ou.instance_url = o.origin_instance_domain
      left join ${urls} su on su.instance_url = o.source_item_instance_url
      left join dpg.action_events d on ${equal('d', 'o', tables.action_events.key)}
      left join dpg.action_events d2 on ${equal('d2', 'o', updateKey)} and d2.event_id <> o.event_id
    ) s`,
    `create index on ${notes.action_events} (${tables.action_events.leaf.join(', ')})`,
    `analyze ${notes.action_events}`,
  ];
}

/** The statements that look at every row, in order. */
export function stages(source: Source, look: Look): Record<Root, string[]> {
  return {
    items: stageItems(source, look),
    item_actions: stageActions(source, look),
    action_events: stageEvents(source, look),
  };
}
